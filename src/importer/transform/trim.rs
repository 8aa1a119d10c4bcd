//! `"trim"`: removes white space at both ends.

use super::{Transform, of_text};

pub(super) fn make(arguments: Option<&toml::Value>) -> Result<Transform, String> {
    of_text("trim", arguments, |text| text.trim().to_owned())
}
