//! TLS where clients come: the certificate and its key, and their files read again when they change.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use parking_lot::RwLock;
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::version::{TLS12, TLS13};
use sha2::{Digest, Sha256};
use tokio_rustls::TlsAcceptor;

/// How often the files are read to see whether they have changed.
const BETWEEN_LOOKS: Duration = Duration::from_secs(1);
/// What is spoken inside, best first.
const PROTOCOLS: [&[u8]; 2] = [b"h2", b"http/1.1"];
/// How a PEM file begins.
const PEM: &str = "-----BEGIN";

/// The PEM files of a certificate chain and its key.
#[derive(Clone, Debug)]
pub struct TlsFiles {
    /// The certificate, and those that vouch for it.
    pub cert: PathBuf,
    /// The certificate's private key.
    pub key: PathBuf,
}

/// What is in the files. The key is in no message.
struct Texts {
    cert: Vec<u8>,
    key: Vec<u8>,
}

/// The certificate that clients are shown.
#[derive(Clone)]
pub struct Tls(Arc<Shown>);

struct Shown {
    files: TlsFiles,
    first: Look,
    config: RwLock<Arc<ServerConfig>>,
}

/// What a look at the files found: what is in them, or why they cannot be read.
type Look = Result<[u8; 32], String>;

impl Tls {
    /// Reads the files. The error says what is wrong with which.
    pub async fn load(files: TlsFiles) -> Result<Tls, String> {
        let texts = files.read().await?;
        let config = RwLock::new(Arc::new(files.parse(&texts)?));
        Ok(Tls(Arc::new(Shown { first: Ok(texts.digest()), files, config })))
    }

    /// Reads the files again whenever they have changed, for ever. What is wrong is logged, and the certificate before
    /// it kept.
    pub async fn follow(self) {
        let mut last = self.0.first.clone();
        loop {
            tokio::time::sleep(BETWEEN_LOOKS).await;
            let texts = self.0.files.read().await;
            let look = texts.as_ref().map(Texts::digest).map_err(String::clone);
            if look == last {
                continue;
            }
            match texts.and_then(|texts| self.0.files.parse(&texts)) {
                Ok(config) => {
                    *self.0.config.write() = Arc::new(config);
                    tracing::info!("the certificate has been read again");
                }
                Err(fault) => tracing::warn!(fault, "the certificate before this one is kept"),
            }
            last = look;
        }
    }

    pub(super) fn acceptor(&self) -> TlsAcceptor {
        self.0.config.read().clone().into()
    }
}

impl TlsFiles {
    async fn read(&self) -> Result<Texts, String> {
        Ok(Texts { cert: read("tls.cert", &self.cert).await?, key: read("tls.key", &self.key).await? })
    }

    fn parse(&self, texts: &Texts) -> Result<ServerConfig, String> {
        let (cert, key) = (self.cert.display(), self.key.display());
        let chain = CertificateDer::pem_slice_iter(&texts.cert)
            .collect::<Result<Vec<_>, _>>()
            .ok()
            .filter(|chain| !chain.is_empty())
            .ok_or_else(|| {
                format!("tls.cert: {cert} has no certificates in PEM (`{PEM} CERTIFICATE-----`)")
            })?;
        let private = PrivateKeyDer::from_pem_slice(&texts.key).map_err(|_| {
            format!("tls.key: {key} has no private key in PEM (`{PEM} PRIVATE KEY-----`, not encrypted)")
        })?;
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&TLS13, &TLS12])
            .map_err(|error| format!("tls: {error}"))?
            .with_no_client_auth()
            .with_single_cert(chain, private)
            .map_err(|error| match error {
                rustls::Error::InconsistentKeys(_) => {
                    format!("tls.key: {key} is not the key of the first certificate in {cert}")
                }
                error => format!("tls: {cert} and {key} cannot be used: {error}"),
            })?;
        config.alpn_protocols = PROTOCOLS.map(<[u8]>::to_vec).into();
        Ok(config)
    }
}

impl Texts {
    fn digest(&self) -> [u8; 32] {
        let mut digest = Sha256::new();
        digest.update((self.cert.len() as u64).to_be_bytes());
        digest.update(&self.cert);
        digest.update(&self.key);
        digest.finalize().into()
    }
}

async fn read(setting: &str, path: &Path) -> Result<Vec<u8>, String> {
    let shown = path.display().to_string();
    if shown.contains(PEM) {
        return Err(format!("{setting}: this is what is in a file; give the path of the file"));
    }
    tokio::fs::read(path).await.map_err(|error| format!("{setting}: {shown} cannot be read: {error}"))
}
