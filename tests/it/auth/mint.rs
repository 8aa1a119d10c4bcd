//! Makes tokens, good and bad ones, without the server's code.

use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ring::hmac;
use ring::rand::SystemRandom;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair, EcdsaSigningAlgorithm,
    Ed25519KeyPair, KeyPair, RSA_PKCS1_SHA256, RSA_PKCS1_SHA384, RSA_PKCS1_SHA512, RSA_PSS_SHA256,
    RSA_PSS_SHA384, RSA_PSS_SHA512, RsaEncoding, RsaKeyPair,
};
use serde_json::{Value as Json, json};

pub const RSA_PRIVATE: &str = include_str!("rsa.pem");
pub const RSA_PUBLIC: &str = include_str!("rsa.pub.pem");
/// A secret that is long enough for every hash.
pub const SECRET: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

/// A key that signs.
pub enum Pair {
    Secret(Vec<u8>),
    Rsa(RsaKeyPair),
    P256(EcdsaKeyPair, Vec<u8>),
    P384(EcdsaKeyPair, Vec<u8>),
    Ed25519(Ed25519KeyPair, Vec<u8>),
}

impl Pair {
    pub fn secret() -> Pair {
        Pair::Secret(SECRET.into())
    }

    /// Always the same one: making one takes long.
    pub fn rsa() -> Pair {
        Pair::Rsa(RsaKeyPair::from_pkcs8(&der(RSA_PRIVATE)).expect("a key"))
    }

    pub fn p256() -> Pair {
        let (pair, der) = curve(&ECDSA_P256_SHA256_FIXED_SIGNING);
        Pair::P256(pair, der)
    }

    pub fn p384() -> Pair {
        let (pair, der) = curve(&ECDSA_P384_SHA384_FIXED_SIGNING);
        Pair::P384(pair, der)
    }

    pub fn ed25519() -> Pair {
        let der = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).expect("random numbers");
        Pair::Ed25519(Ed25519KeyPair::from_pkcs8(der.as_ref()).expect("a key"), der.as_ref().to_vec())
    }

    /// The algorithms that it can sign with.
    pub fn algorithms(&self) -> &'static [&'static str] {
        match self {
            Pair::Secret(_) => &["HS256", "HS384", "HS512"],
            Pair::Rsa(_) => &["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"],
            Pair::P256(..) => &["ES256"],
            Pair::P384(..) => &["ES384"],
            Pair::Ed25519(..) => &["EdDSA"],
        }
    }

    /// The private key as settings have it.
    pub fn private(&self) -> String {
        match self {
            Pair::Secret(secret) => String::from_utf8(secret.clone()).expect("text"),
            Pair::Rsa(_) => RSA_PRIVATE.to_owned(),
            Pair::P256(_, der) | Pair::P384(_, der) | Pair::Ed25519(_, der) => pem("PRIVATE KEY", der),
        }
    }

    /// The public key as settings have it; for a secret, the secret.
    pub fn public(&self) -> String {
        // What stands before the bits of a point in DER.
        let wrapped = |before: &str, point: &[u8]| {
            pem("PUBLIC KEY", &[hex::decode(before).expect("digits"), point.to_vec()].concat())
        };
        match self {
            Pair::Secret(_) => self.private(),
            Pair::Rsa(_) => RSA_PUBLIC.to_owned(),
            Pair::P256(pair, _) => {
                wrapped("3059301306072a8648ce3d020106082a8648ce3d030107034200", pair.public_key().as_ref())
            }
            Pair::P384(pair, _) => {
                wrapped("3076301006072a8648ce3d020106052b81040022036200", pair.public_key().as_ref())
            }
            Pair::Ed25519(pair, _) => wrapped("302a300506032b6570032100", pair.public_key().as_ref()),
        }
    }

    /// The public key as a server of keys has it.
    pub fn jwk(&self, name: &str) -> Json {
        let point = |kty: &str, crv: &str, point: &[u8], size: usize| {
            let (x, y) = point[1..].split_at(size);
            json!({ "kid": name, "kty": kty, "crv": crv, "x": base64(x), "y": base64(y), "use": "sig" })
        };
        match self {
            Pair::Secret(secret) => json!({ "kid": name, "kty": "oct", "k": base64(secret) }),
            Pair::Rsa(pair) => {
                let public = ring::rsa::PublicKeyComponents::<Vec<u8>>::from(pair.public());
                json!({ "kid": name, "kty": "RSA", "n": base64(&public.n), "e": base64(&public.e), "use": "sig" })
            }
            Pair::P256(pair, _) => point("EC", "P-256", pair.public_key().as_ref(), 32),
            Pair::P384(pair, _) => point("EC", "P-384", pair.public_key().as_ref(), 48),
            Pair::Ed25519(pair, _) => {
                json!({ "kid": name, "kty": "OKP", "crv": "Ed25519", "x": base64(pair.public_key().as_ref()) })
            }
        }
    }

    pub fn sign(&self, algorithm: &str, message: &[u8]) -> Vec<u8> {
        let random = SystemRandom::new();
        match self {
            Pair::Secret(secret) => {
                let hash = match algorithm {
                    "HS256" => hmac::HMAC_SHA256,
                    "HS384" => hmac::HMAC_SHA384,
                    _ => hmac::HMAC_SHA512,
                };
                hmac::sign(&hmac::Key::new(hash, secret), message).as_ref().to_vec()
            }
            Pair::Rsa(pair) => {
                let padding: &'static dyn RsaEncoding = match algorithm {
                    "RS384" => &RSA_PKCS1_SHA384,
                    "RS512" => &RSA_PKCS1_SHA512,
                    "PS256" => &RSA_PSS_SHA256,
                    "PS384" => &RSA_PSS_SHA384,
                    "PS512" => &RSA_PSS_SHA512,
                    _ => &RSA_PKCS1_SHA256,
                };
                let mut signature = vec![0; pair.public().modulus_len()];
                pair.sign(padding, &random, message, &mut signature).expect("it signs");
                signature
            }
            Pair::P256(pair, _) | Pair::P384(pair, _) => {
                pair.sign(&random, message).expect("it signs").as_ref().to_vec()
            }
            Pair::Ed25519(pair, _) => pair.sign(message).as_ref().to_vec(),
        }
    }

    /// A token with this header and these claims.
    pub fn token(&self, header: &Json, claims: &Json) -> String {
        self.raw(header.to_string().as_bytes(), claims.to_string().as_bytes(), header["alg"].as_str())
    }

    /// A token of what need not be JSON.
    pub fn raw(&self, header: &[u8], claims: &[u8], algorithm: Option<&str>) -> String {
        let message = format!("{}.{}", base64(header), base64(claims));
        let signature = self.sign(algorithm.unwrap_or(self.algorithms()[0]), message.as_bytes());
        format!("{message}.{}", base64(&signature))
    }

    /// A good token, with these claims beside or instead of the usual ones.
    pub fn good(&self, more: Json) -> String {
        self.token(&json!({ "alg": self.algorithms()[0], "typ": "JWT" }), &claims(more))
    }

    /// As [`Pair::good`], naming its key.
    pub fn good_of(&self, key: &str, more: Json) -> String {
        self.token(&json!({ "alg": self.algorithms()[0], "kid": key }), &claims(more))
    }
}

/// The claims of a good token; `null` leaves one out.
pub fn claims(more: Json) -> Json {
    let mut claims = json!({ "iss": super::ISSUER, "aud": "shop", "sub": "ann", "exp": now() + 3_600 });
    for (name, value) in more.as_object().expect("an object") {
        claims[name] = value.clone();
    }
    claims.as_object_mut().expect("an object").retain(|_, value| !value.is_null());
    claims
}

/// Seconds since 1970.
pub fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("it is later").as_secs()
}

pub fn base64(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

fn curve(algorithm: &'static EcdsaSigningAlgorithm) -> (EcdsaKeyPair, Vec<u8>) {
    let random = SystemRandom::new();
    let der = EcdsaKeyPair::generate_pkcs8(algorithm, &random).expect("random numbers");
    (EcdsaKeyPair::from_pkcs8(algorithm, der.as_ref(), &random).expect("a key"), der.as_ref().to_vec())
}

fn der(pem: &str) -> Vec<u8> {
    let text: String = pem.lines().filter(|line| !line.starts_with("-----")).collect();
    STANDARD.decode(text).expect("PEM")
}

fn pem(label: &str, der: &[u8]) -> String {
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", STANDARD.encode(der))
}
