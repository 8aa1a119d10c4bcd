//! The cryptography under `jsonwebtoken`, by ring, which TLS has brought already.

use jsonwebtoken::crypto::{CryptoProvider, JwtSigner, JwtVerifier, KeyUtils};
use jsonwebtoken::errors::{ErrorKind, Result};
use jsonwebtoken::signature::{Error, Signer, Verifier};
use jsonwebtoken::{Algorithm, DecodingKey, DecodingKeyKind, EncodingKey};
use ring::rand::SystemRandom;
use ring::signature::{self as sign, EcdsaKeyPair, Ed25519KeyPair, RsaKeyPair, UnparsedPublicKey};
use ring::{hmac, rsa};

static PROVIDER: CryptoProvider = CryptoProvider {
    signer_factory: signer,
    verifier_factory: verifier,
    // For making JWKs of keys, which nobody here does.
    key_utils: KeyUtils::new_unimplemented(),
};

/// Makes `jsonwebtoken` ready; as often as one likes.
pub(super) fn install() {
    // Fails when it is installed already, which is as good.
    let _ = PROVIDER.install_default();
}

struct Ring<K> {
    algorithm: Algorithm,
    key: K,
}

fn verifier(algorithm: &Algorithm, key: &DecodingKey) -> Result<Box<dyn JwtVerifier>> {
    match key.family() == algorithm.family() {
        true => Ok(Box::new(Ring { algorithm: *algorithm, key: key.clone() })),
        false => Err(ErrorKind::InvalidAlgorithm.into()),
    }
}

fn signer(algorithm: &Algorithm, key: &EncodingKey) -> Result<Box<dyn JwtSigner>> {
    match key.family() == algorithm.family() {
        true => Ok(Box::new(Ring { algorithm: *algorithm, key: key.clone() })),
        false => Err(ErrorKind::InvalidAlgorithm.into()),
    }
}

impl JwtVerifier for Ring<DecodingKey> {
    fn algorithm(&self) -> Algorithm {
        self.algorithm
    }
}

impl JwtSigner for Ring<EncodingKey> {
    fn algorithm(&self) -> Algorithm {
        self.algorithm
    }
}

impl Verifier<Vec<u8>> for Ring<DecodingKey> {
    fn verify(&self, message: &[u8], signature: &Vec<u8>) -> std::result::Result<(), Error> {
        let plain = |algorithm: &'static dyn sign::VerificationAlgorithm| {
            let key = self.key.try_get_as_bytes().map_err(|_| ring::error::Unspecified)?;
            UnparsedPublicKey::new(algorithm, key).verify(message, signature)
        };
        let of_rsa = |parameters: &'static sign::RsaParameters| match self.key.kind() {
            DecodingKeyKind::RsaModulusExponent { n, e } => {
                rsa::PublicKeyComponents { n, e }.verify(parameters, message, signature)
            }
            DecodingKeyKind::SecretOrDer(_) => plain(parameters),
        };
        let of_hmac = |algorithm: hmac::Algorithm| {
            let key = self.key.try_get_as_bytes().map_err(|_| ring::error::Unspecified)?;
            hmac::verify(&hmac::Key::new(algorithm, key), message, signature)
        };
        let verified = match self.algorithm {
            Algorithm::HS256 => of_hmac(hmac::HMAC_SHA256),
            Algorithm::HS384 => of_hmac(hmac::HMAC_SHA384),
            Algorithm::HS512 => of_hmac(hmac::HMAC_SHA512),
            Algorithm::RS256 => of_rsa(&sign::RSA_PKCS1_2048_8192_SHA256),
            Algorithm::RS384 => of_rsa(&sign::RSA_PKCS1_2048_8192_SHA384),
            Algorithm::RS512 => of_rsa(&sign::RSA_PKCS1_2048_8192_SHA512),
            Algorithm::PS256 => of_rsa(&sign::RSA_PSS_2048_8192_SHA256),
            Algorithm::PS384 => of_rsa(&sign::RSA_PSS_2048_8192_SHA384),
            Algorithm::PS512 => of_rsa(&sign::RSA_PSS_2048_8192_SHA512),
            Algorithm::ES256 => plain(&sign::ECDSA_P256_SHA256_FIXED),
            Algorithm::ES384 => plain(&sign::ECDSA_P384_SHA384_FIXED),
            Algorithm::EdDSA => plain(&sign::ED25519),
            _ => Err(ring::error::Unspecified),
        };
        verified.map_err(|_| Error::new())
    }
}

impl Signer<Vec<u8>> for Ring<EncodingKey> {
    fn try_sign(&self, message: &[u8]) -> std::result::Result<Vec<u8>, Error> {
        let (key, random) = (self.key.as_bytes(), SystemRandom::new());
        let of_hmac = |algorithm: hmac::Algorithm| {
            Ok(hmac::sign(&hmac::Key::new(algorithm, key), message).as_ref().to_vec())
        };
        let of_rsa = |padding: &'static dyn sign::RsaEncoding| {
            let pair = RsaKeyPair::from_der(key).map_err(|_| Error::new())?;
            let mut signature = vec![0; pair.public().modulus_len()];
            pair.sign(padding, &random, message, &mut signature).map_err(|_| Error::new())?;
            Ok(signature)
        };
        let of_curve = |curve: &'static sign::EcdsaSigningAlgorithm| {
            let pair = EcdsaKeyPair::from_pkcs8(curve, key, &random).map_err(|_| Error::new())?;
            Ok(pair.sign(&random, message).map_err(|_| Error::new())?.as_ref().to_vec())
        };
        match self.algorithm {
            Algorithm::HS256 => of_hmac(hmac::HMAC_SHA256),
            Algorithm::HS384 => of_hmac(hmac::HMAC_SHA384),
            Algorithm::HS512 => of_hmac(hmac::HMAC_SHA512),
            Algorithm::RS256 => of_rsa(&sign::RSA_PKCS1_SHA256),
            Algorithm::RS384 => of_rsa(&sign::RSA_PKCS1_SHA384),
            Algorithm::RS512 => of_rsa(&sign::RSA_PKCS1_SHA512),
            Algorithm::PS256 => of_rsa(&sign::RSA_PSS_SHA256),
            Algorithm::PS384 => of_rsa(&sign::RSA_PSS_SHA384),
            Algorithm::PS512 => of_rsa(&sign::RSA_PSS_SHA512),
            Algorithm::ES256 => of_curve(&sign::ECDSA_P256_SHA256_FIXED_SIGNING),
            Algorithm::ES384 => of_curve(&sign::ECDSA_P384_SHA384_FIXED_SIGNING),
            Algorithm::EdDSA => {
                // OpenSSL writes keys without their public half, which cannot be compared then.
                let pair = Ed25519KeyPair::from_pkcs8_maybe_unchecked(key).map_err(|_| Error::new())?;
                Ok(pair.sign(message).as_ref().to_vec())
            }
            _ => Err(Error::new()),
        }
    }
}
