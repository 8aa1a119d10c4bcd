//! The bytes of a response, and of those that are served again and again their compressed form.

use std::io::Write;
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;

/// A whole response as JSON.
#[derive(Clone, Debug)]
pub struct Body {
    plain: Bytes,
    /// The same compressed, once somebody has wanted it so; none where that is not worth it.
    gzip: Option<Arc<OnceLock<Option<Bytes>>>>,
}

/// A compressed form is of use when it is at the most this share of the plain one: a half.
const WORTH: usize = 2;

impl Body {
    /// One that is sent once.
    pub(super) fn once(plain: Bytes) -> Body {
        Body { plain, gzip: None }
    }

    /// One that is kept.
    pub(super) fn kept(plain: Bytes) -> Body {
        Body { plain, gzip: Some(Arc::default()) }
    }

    /// The JSON.
    pub fn plain(&self) -> &Bytes {
        &self.plain
    }

    /// The JSON as gzip, when the response is one that is sent more than once: compressed the first time only.
    pub fn gzip(&self) -> Option<Bytes> {
        let compressed = self.gzip.as_ref()?.get_or_init(|| {
            let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
            encoder.write_all(&self.plain).ok()?;
            let gzip = encoder.finish().ok()?;
            (gzip.len() <= self.plain.len() / WORTH).then(|| gzip.into())
        });
        compressed.clone()
    }

    /// Bytes that it takes up at the most, both forms together.
    pub(super) fn weight(&self) -> usize {
        self.plain.len() + self.plain.len() / WORTH
    }
}
