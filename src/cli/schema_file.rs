//! The schema file: read, and every fault of it found.

use std::io::ErrorKind;
use std::path::Path;
use std::sync::Arc;

use super::failure::Failure;
use super::output::counted;
use crate::config::{Config, mask};
use crate::engine;
use crate::schema::Model;

/// The bytes of a schema file.
pub(super) fn read_schema(path: &Path) -> Result<Vec<u8>, Failure> {
    std::fs::read(path).map_err(|error| {
        Failure::Failed(match error.kind() {
            ErrorKind::NotFound => format!(
                "schema: there is no file {}. Run oponn where your schema file is, or name it with --schema, \
                 OPONN_SCHEMA or `schema` in oponn.toml. A schema file can be as short as\n\n    \
                 type Book @collection {{\n      id: ID!\n      title: String!\n    }}\n\n\
                 docs/schema.md says what else it can have.",
                mask(&path.to_string_lossy())
            ),
            _ => format!("schema: {} cannot be read: {error}", mask(&path.to_string_lossy())),
        })
    })
}

/// The model of the configured schema file; the schema's faults make the command fail.
pub(super) fn model(config: &Config) -> Result<Arc<Model>, Failure> {
    let bytes = read_schema(&config.schema)?;
    let name = config.schema.display().to_string();
    engine::load(&name, &bytes).map(Arc::new).map_err(|faults| {
        let source = String::from_utf8_lossy(&bytes);
        let mut text: String = faults.iter().map(|fault| fault.render(&source) + "\n").collect();
        text += &format!("{name} has {}", counted(faults.len(), "fault"));
        Failure::Failed(text)
    })
}
