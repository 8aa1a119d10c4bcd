//! `"upper"`: upper case.

use super::{Transform, of_text};

pub(super) fn make(arguments: Option<&toml::Value>) -> Result<Transform, String> {
    of_text("upper", arguments, str::to_uppercase)
}
