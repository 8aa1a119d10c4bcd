//! What is wrong with the settings, all of it at once.

use std::fmt;

/// One wrong setting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SettingFault(pub String);

/// Everything that is wrong with the settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SettingFaults(pub Vec<SettingFault>);

impl fmt::Display for SettingFaults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, fault) in self.0.iter().enumerate() {
            write!(f, "{}{}", if place > 0 { "\n" } else { "" }, fault.0)?;
        }
        Ok(())
    }
}

impl std::error::Error for SettingFaults {}
