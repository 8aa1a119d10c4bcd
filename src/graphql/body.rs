//! The bytes of a response; for a response that is sent repeatedly, their compressed form as well.

use std::io::Write;
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;

/// A whole response as JSON.
#[derive(Clone, Debug)]
pub struct Body {
    plain: Bytes,
    /// The JSON compressed, once a client has asked for that; none where compression is not worth it.
    gzip: Option<Arc<OnceLock<Option<Bytes>>>>,
}

/// The compressed form is kept when its size is at most the plain one's divided by this.
const WORTH: usize = 2;

impl Body {
    /// The body of a response that is sent once.
    pub(super) fn once(plain: Bytes) -> Body {
        Body { plain, gzip: None }
    }

    /// The body of a response that is kept.
    pub(super) fn kept(plain: Bytes) -> Body {
        Body { plain, gzip: Some(Arc::default()) }
    }

    /// The JSON.
    pub fn plain(&self) -> &Bytes {
        &self.plain
    }

    /// The JSON as gzip, for a response that is sent more than once: compressed the first time only.
    pub fn gzip(&self) -> Option<Bytes> {
        let compressed = self.gzip.as_ref()?.get_or_init(|| {
            let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
            encoder.write_all(&self.plain).ok()?;
            let gzip = encoder.finish().ok()?;
            (gzip.len() <= self.plain.len() / WORTH).then(|| gzip.into())
        });
        compressed.clone()
    }

    /// Maximum bytes that the body takes up, both forms together.
    pub(super) fn weight(&self) -> usize {
        self.plain.len() + self.plain.len() / WORTH
    }
}
