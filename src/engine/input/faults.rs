//! Collects all faults of one input, each with its path.

use crate::engine::{InputFault, Step};

/// How many faults of one input are kept: enough to fix the input, few enough to send.
const KEPT: usize = 100;

/// A walk through an input: its current place, and the faults so far.
#[derive(Default)]
pub struct Faults {
    path: Vec<Step>,
    found: Vec<InputFault>,
}

impl Faults {
    /// Notes a fault at the walk's current place.
    pub fn add(&mut self, message: impl AsRef<str>) {
        if self.found.len() == KEPT {
            let message = "There are more faults than these.".to_owned();
            self.found.push(InputFault { path: Vec::new(), message });
        }
        if self.found.len() < KEPT {
            let message = match self.place() {
                place if place.is_empty() => message.as_ref().to_owned(),
                place => format!("{place}: {}", message.as_ref()),
            };
            self.found.push(InputFault { path: self.path.clone(), message });
        }
    }

    /// Notes the fault or returns the value.
    pub fn keep<T>(&mut self, result: Result<T, String>) -> Option<T> {
        result.map_err(|message| self.add(message)).ok()
    }

    /// Enters a field while `walk` runs.
    pub fn at<T>(&mut self, key: &str, walk: impl FnOnce(&mut Faults) -> T) -> T {
        self.within(Step::Key(key.to_owned()), walk)
    }

    /// Enters an item of a list while `walk` runs.
    pub fn at_index<T>(&mut self, index: usize, walk: impl FnOnce(&mut Faults) -> T) -> T {
        self.within(Step::Index(index), walk)
    }

    fn within<T>(&mut self, step: Step, walk: impl FnOnce(&mut Faults) -> T) -> T {
        self.path.push(step);
        let result = walk(self);
        self.path.pop();
        result
    }

    /// The value, unless there were faults or no value could be made.
    pub fn finish<T>(self, value: Option<T>) -> Result<T, Vec<InputFault>> {
        match value {
            Some(value) if self.found.is_empty() => Ok(value),
            _ => Err(self.found),
        }
    }

    /// The path as people write it: `address.lines[2]`.
    fn place(&self) -> String {
        let mut place = String::new();
        for step in &self.path {
            match step {
                Step::Key(key) if place.is_empty() => place.push_str(key),
                Step::Key(key) => place.extend([".", key]),
                Step::Index(index) => place.push_str(&format!("[{index}]")),
            }
        }
        place
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_written_out_and_the_list_ends() {
        let mut faults = Faults::default();
        faults.at("address", |faults| {
            faults.at("lines", |faults| faults.at_index(2, |faults| faults.add("is empty")))
        });
        for _ in 0..200 {
            faults.add("again");
        }
        let found = faults.finish(Some(())).expect_err("there were faults");
        assert_eq!(found[0].message, "address.lines[2]: is empty");
        assert_eq!(found[0].path, [Step::Key("address".into()), Step::Key("lines".into()), Step::Index(2)]);
        assert_eq!(found[1].message, "again");
        assert_eq!(found.len(), KEPT + 1);
        assert_eq!(found[KEPT].message, "There are more faults than these.");
    }
}
