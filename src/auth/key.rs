//! A key that tokens are checked with: from PEM or a secret in the settings, or from a JWK.
//!
//! What a key may be used for follows from the key alone. A token's header chooses among these uses, and cannot add
//! one: a public key is never taken for a secret.

use jsonwebtoken::{Algorithm, AlgorithmFamily, DecodingKey, DecodingKeyKind, EncodingKey};
use ring::rand::SystemRandom;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair,
    RsaKeyPair,
};
use serde_json::{Map, Value as Json};

use super::crypto;
use crate::config::{IssuerSettings, KeySource, Secret};

/// Bits of an RSA key's modulus.
const RSA_BITS: std::ops::RangeInclusive<usize> = 2_048..=8_192;
/// Bytes of a point of a curve, with the byte before it that says how it is written.
const P256: usize = 65;
const P384: usize = 97;
const ED25519: usize = 32;

pub(super) struct Key {
    /// Its name in the issuer's set.
    pub(super) name: Option<String>,
    decoding: DecodingKey,
    algorithms: Vec<Algorithm>,
}

impl Key {
    fn new(name: Option<String>, decoding: DecodingKey, algorithms: &[Algorithm]) -> Key {
        crypto::install();
        Key { name, decoding, algorithms: algorithms.to_vec() }
    }

    /// Whether the key can be used in this way.
    pub(super) fn fits(&self, algorithm: Algorithm) -> bool {
        self.algorithms.contains(&algorithm)
    }

    /// Whether a signature of a message was made with the key's other half.
    pub(super) fn has_signed(&self, message: &str, signature: &str, algorithm: Algorithm) -> bool {
        let verified =
            || jsonwebtoken::crypto::verify(signature, message.as_bytes(), &self.decoding, algorithm);
        self.fits(algorithm) && verified().unwrap_or(false)
    }

    /// Whether it is the same key, under the same name, for the same uses.
    pub(super) fn is_same(&self, other: &Key) -> bool {
        let material = match (self.decoding.kind(), other.decoding.kind()) {
            (DecodingKeyKind::SecretOrDer(one), DecodingKeyKind::SecretOrDer(other)) => one == other,
            (
                DecodingKeyKind::RsaModulusExponent { n, e },
                DecodingKeyKind::RsaModulusExponent { n: other_n, e: other_e },
            ) => n == other_n && e == other_e,
            _ => false,
        };
        material && self.name == other.name && self.algorithms == other.algorithms
    }

    /// The key in a JWK; `None` if it is not one for signatures that everybody may check.
    pub(super) fn of_jwk(jwk: &Map<String, Json>) -> Option<Key> {
        let text = |name: &str| jwk.get(name).and_then(Json::as_str);
        if text("use").is_some_and(|usage| usage != "sig") {
            return None;
        }
        if let Some(operations) = jwk.get("key_ops")
            && !operations.as_array()?.iter().any(|operation| operation == "verify")
        {
            return None;
        }
        let (decoding, algorithms) = match (text("kty")?, text("crv")) {
            ("RSA", _) => {
                let key = DecodingKey::from_rsa_components(text("n")?, text("e")?).ok()?;
                let DecodingKeyKind::RsaModulusExponent { n, .. } = key.kind() else { return None };
                let fits = RSA_BITS.contains(&bits(n));
                (fits.then_some(key)?, AlgorithmFamily::Rsa.algorithms().to_vec())
            }
            ("EC", Some(curve)) => {
                let key = DecodingKey::from_ec_components(text("x")?, text("y")?).ok()?;
                let algorithm = of_curve(&key).filter(|(_, name)| *name == curve)?.0;
                (key, vec![algorithm])
            }
            ("OKP", Some("Ed25519")) => {
                let key = DecodingKey::from_ed_components(text("x")?).ok()?;
                (key.try_get_as_bytes().ok()?.len() == ED25519).then_some(())?;
                (key, vec![Algorithm::EdDSA])
            }
            // `oct` is a secret, which is none once a server gives it away.
            _ => return None,
        };
        let algorithms = match text("alg") {
            Some(name) => vec![algorithms.into_iter().find(|algorithm| Ok(*algorithm) == name.parse())?],
            None => algorithms,
        };
        Some(Key::new(text("kid").map(str::to_owned), decoding, &algorithms))
    }
}

/// The text of the key in the settings.
pub(super) fn text(settings: &IssuerSettings, source: &KeySource) -> Result<String, String> {
    match source {
        KeySource::Given(Secret(text)) => Ok(text.clone()),
        KeySource::File(path) => match std::fs::read_to_string(path) {
            // Editors end a file with a new line, which is no part of a secret.
            Ok(text) => Ok(text.trim_end_matches(['\r', '\n']).to_owned()),
            Err(error) => {
                Err(format!("`{}.key_file`: {} cannot be read: {error}", settings.place, path.display()))
            }
        },
        KeySource::Jwks(_) => Err(format!("`{}` has no key itself; its server has", settings.place)),
    }
}

/// The key in the settings, which has to fit all its algorithms.
pub(super) fn configured(settings: &IssuerSettings, source: &KeySource) -> Result<Key, String> {
    let text = text(settings, source)?;
    let place = match source {
        KeySource::File(_) => format!("`{}.key_file`", settings.place),
        _ => format!("`{}.key`", settings.place),
    };
    of_text(&text, &settings.algorithms).map_err(|what| format!("{place}: {what}"))
}

fn of_text(text: &str, algorithms: &[Algorithm]) -> Result<Key, String> {
    let Some(family) = algorithms.first().map(|algorithm| algorithm.family()) else {
        return Err("there are no algorithms for it".to_owned());
    };
    let decoding = match (family, label(text)) {
        (AlgorithmFamily::Hmac, None) => {
            for algorithm in algorithms {
                let least = least(*algorithm);
                if text.len() < least {
                    return Err(format!(
                        "a secret for {algorithm:?} has to have {least} bytes or more, and random ones; make one with \
                         `openssl rand -hex {least}`"
                    ));
                }
            }
            DecodingKey::from_secret(text.as_bytes())
        }
        (AlgorithmFamily::Hmac, Some(_)) => {
            return Err("it is a key in PEM, which is no secret; give the algorithms of its kind".to_owned());
        }
        (_, None) => {
            return Err(
                "it has to be a key in PEM, which begins with `-----BEGIN PUBLIC KEY-----`".to_owned()
            );
        }
        (_, Some("PRIVATE KEY" | "RSA PRIVATE KEY")) => public_half(text, algorithms)?,
        (_, Some("PUBLIC KEY" | "RSA PUBLIC KEY")) => match family {
            AlgorithmFamily::Rsa => DecodingKey::from_rsa_pem(text.as_bytes()),
            AlgorithmFamily::Ec => DecodingKey::from_ec_pem(text.as_bytes()),
            AlgorithmFamily::Ed | AlgorithmFamily::Hmac => DecodingKey::from_ed_pem(text.as_bytes()),
        }
        .map_err(|_| OTHER_KIND.to_owned())?,
        (_, Some("EC PRIVATE KEY")) => {
            return Err("it is in SEC 1; convert it with `openssl pkcs8 -topk8 -nocrypt`".to_owned());
        }
        (_, Some("CERTIFICATE")) => {
            return Err("it is a certificate; give its key: `openssl x509 -pubkey -noout`".to_owned());
        }
        (_, Some(_)) => return Err("it is PEM of something else than a key without a password".to_owned()),
    };
    let uses = uses(&decoding)?;
    match algorithms.iter().find(|algorithm| !uses.contains(algorithm)) {
        Some(_) => Err(OTHER_KIND.to_owned()),
        None => Ok(Key::new(None, decoding, algorithms)),
    }
}

const OTHER_KIND: &str = "the key is of another kind than its `algorithms`; RS256 and PS256 are for RSA, ES256 for \
                          P-256, ES384 for P-384, EdDSA for Ed25519";

/// What a key can be used for.
fn uses(key: &DecodingKey) -> Result<Vec<Algorithm>, String> {
    match key.family() {
        AlgorithmFamily::Rsa => match key.try_get_as_bytes().ok().and_then(modulus).map(bits) {
            Some(bits) if RSA_BITS.contains(&bits) => Ok(key.family().algorithms().to_vec()),
            Some(bits) => Err(format!("an RSA key has to have 2048 to 8192 bits, and this one has {bits}")),
            None => Err("it cannot be read".to_owned()),
        },
        AlgorithmFamily::Ec => Ok(of_curve(key).map(|(algorithm, _)| algorithm).into_iter().collect()),
        AlgorithmFamily::Ed | AlgorithmFamily::Hmac => Ok(key.family().algorithms().to_vec()),
    }
}

fn of_curve(key: &DecodingKey) -> Option<(Algorithm, &'static str)> {
    match key.try_get_as_bytes().ok()?.len() {
        P256 => Some((Algorithm::ES256, "P-256")),
        P384 => Some((Algorithm::ES384, "P-384")),
        _ => None,
    }
}

/// Bytes of a secret at the least: as many as the hash has.
fn least(algorithm: Algorithm) -> usize {
    match algorithm {
        Algorithm::HS512 => 64,
        Algorithm::HS384 => 48,
        _ => 32,
    }
}

/// The kind of what is in PEM.
pub(super) fn label(text: &str) -> Option<&str> {
    let (_, after) = text.split_once("-----BEGIN ")?;
    after.split_once("-----").map(|(label, _)| label)
}

/// The private key in a text in PEM, for these algorithms' family.
pub(super) fn private(text: &str, family: AlgorithmFamily) -> Option<EncodingKey> {
    let text = text.as_bytes();
    match family {
        AlgorithmFamily::Hmac => Some(EncodingKey::from_secret(text)),
        AlgorithmFamily::Rsa => EncodingKey::from_rsa_pem(text).ok(),
        AlgorithmFamily::Ec => EncodingKey::from_ec_pem(text).ok(),
        AlgorithmFamily::Ed => EncodingKey::from_ed_pem(text).ok(),
    }
}

/// The public half of a private key: for development, where one key signs and checks.
fn public_half(text: &str, algorithms: &[Algorithm]) -> Result<DecodingKey, String> {
    let half = |algorithm: Algorithm| {
        let private = private(text, algorithm.family())?;
        let der = private.as_bytes();
        let of_curve = |curve| {
            let pair = EcdsaKeyPair::from_pkcs8(curve, der, &SystemRandom::new()).ok()?;
            Some(DecodingKey::from_ec_der(pair.public_key().as_ref()))
        };
        match algorithm {
            Algorithm::ES256 => of_curve(&ECDSA_P256_SHA256_FIXED_SIGNING),
            Algorithm::ES384 => of_curve(&ECDSA_P384_SHA384_FIXED_SIGNING),
            Algorithm::EdDSA => {
                let pair = Ed25519KeyPair::from_pkcs8_maybe_unchecked(der).ok()?;
                Some(DecodingKey::from_ed_der(pair.public_key().as_ref()))
            }
            _ => Some(DecodingKey::from_rsa_der(RsaKeyPair::from_der(der).ok()?.public().as_ref())),
        }
    };
    algorithms.first().and_then(|algorithm| half(*algorithm)).ok_or_else(|| OTHER_KIND.to_owned())
}

/// The modulus in an `RSAPublicKey` in DER: a sequence that begins with it.
fn modulus(der: &[u8]) -> Option<&[u8]> {
    const SEQUENCE: u8 = 0x30;
    const INTEGER: u8 = 0x02;
    let (integers, _) = element(der, SEQUENCE)?;
    element(integers, INTEGER).map(|(modulus, _)| modulus)
}

/// The content of the element at the beginning, and what comes after it.
fn element(der: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (&found, rest) = der.split_first()?;
    let (&first, rest) = rest.split_first()?;
    let (length, rest) = match first {
        short @ 0..=0x7f => (usize::from(short), rest),
        long => {
            let (bytes, rest) =
                rest.split_at_checked(usize::from(long & 0x7f)).filter(|(bytes, _)| bytes.len() <= 4)?;
            (bytes.iter().fold(0, |length, byte| length << 8 | usize::from(*byte)), rest)
        }
    };
    rest.split_at_checked(length).filter(|_| found == tag)
}

/// Bits of a number.
fn bits(number: &[u8]) -> usize {
    let first = number.iter().position(|byte| *byte != 0).unwrap_or(number.len());
    number.get(first).map_or(0, |byte| (number.len() - first) * 8 - byte.leading_zeros() as usize)
}
