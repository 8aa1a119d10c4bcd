//! The whole configuration: flags over environment over file; unknown keys are errors.
