//! Shows the progress of an import: a bar on a terminal, nothing elsewhere.

use std::io::IsTerminal;

use indicatif::{ProgressBar, ProgressStyle};

use crate::importer::{Loader, Progress, Summary};

/// A bar per loader, which disappears when the loader has ended.
pub(super) struct Bar {
    bar: ProgressBar,
}

impl Bar {
    pub(super) fn new() -> Bar {
        Bar { bar: ProgressBar::hidden() }
    }
}

impl Progress for Bar {
    fn begin(&mut self, loader: &Loader) {
        if !std::io::stderr().is_terminal() {
            return;
        }
        self.bar = ProgressBar::no_length();
        self.bar.set_style(style("{spinner} {prefix}: {msg}"));
        self.bar.set_prefix(loader.name.clone());
    }

    fn advance(&mut self, done: u64, total: Option<u64>, records: u64) {
        if let (Some(total), None) = (total, self.bar.length()) {
            self.bar.set_length(total);
            self.bar.set_style(style("{prefix}: [{bar:32}] {percent}% {msg} {eta}"));
        }
        self.bar.set_position(done);
        self.bar.set_message(format!("{records} records"));
    }

    fn end(&mut self, _: &Summary) {
        self.bar.finish_and_clear();
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}
