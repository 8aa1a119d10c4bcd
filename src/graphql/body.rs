//! The bytes of a response; for a response that is sent repeatedly, what is made of them as well.

use std::io::Write;
use std::sync::{Arc, OnceLock};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use sha2::{Digest, Sha256};

/// A whole response as JSON.
#[derive(Clone, Debug)]
pub struct Body {
    plain: Bytes,
    /// What has been made of the JSON of a response that is kept.
    made: Option<Arc<Made>>,
}

#[derive(Debug, Default)]
struct Made {
    /// The JSON compressed, once a client has asked for that; none where compression is not worth it.
    gzip: OnceLock<Option<Bytes>>,
    tag: OnceLock<Arc<str>>,
}

/// The compressed form is kept when its size is at most the plain one's divided by this.
const WORTH: usize = 2;
/// Bytes of a hash that tell two bodies apart.
const TAG: usize = 16;

impl Body {
    /// The body of a response that is sent once.
    pub(super) fn once(plain: Bytes) -> Body {
        Body { plain, made: None }
    }

    /// The body of a response that is kept.
    pub(super) fn kept(plain: Bytes) -> Body {
        Body { plain, made: Some(Arc::default()) }
    }

    /// The JSON.
    pub fn plain(&self) -> &Bytes {
        &self.plain
    }

    /// The JSON as gzip, for a response that is sent more than once: compressed the first time only.
    pub fn gzip(&self) -> Option<Bytes> {
        let compressed = self.made.as_ref()?.gzip.get_or_init(|| {
            let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
            encoder.write_all(&self.plain).ok()?;
            let gzip = encoder.finish().ok()?;
            (gzip.len() <= self.plain.len() / WORTH).then(|| gzip.into())
        });
        compressed.clone()
    }

    /// The entity tag of the JSON (RFC 9110, section 8.8.3), in quotation marks. It is weak: the compressed form has the
    /// same.
    pub fn tag(&self) -> Arc<str> {
        let tag = || {
            let hash = Sha256::digest(&self.plain);
            format!("W/\"{}\"", URL_SAFE_NO_PAD.encode(&hash[..TAG])).into()
        };
        match &self.made {
            Some(made) => made.tag.get_or_init(tag).clone(),
            None => tag(),
        }
    }

    /// Maximum bytes that the body takes up, both forms together.
    pub(super) fn weight(&self) -> usize {
        self.plain.len() + self.plain.len() / WORTH
    }
}
