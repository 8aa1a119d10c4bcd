//! Types whose fields are computed from the documents of another type.

use std::sync::Arc;

use jiff::tz::TimeZone;

use super::Field;

/// From `@rollup`: figures about the documents of a collection that share the values of some fields.
#[derive(Debug)]
pub struct Rollup {
    /// The type's name: `PageStats`.
    pub name: Arc<str>,
    /// Its description in the schema file.
    pub description: Option<String>,
    /// The query field that gives it: `pageStats`.
    pub query: String,
    /// The collection type of its rows, the documents that it is computed from.
    pub of: Arc<str>,
    /// Names of the fields whose values the rows share: they are the query's arguments.
    pub by: Vec<Arc<str>>,
    /// Which rows count; without it, all of them.
    pub window: Option<RollupWindow>,
    /// The time zone of days, and of all that is longer or shorter.
    pub time_zone: TimeZone,
    /// Its fields in the order of the file.
    pub fields: Vec<RollupField>,
}

/// The time before now whose rows count. A row is in it from its moment on, up to and without the moment `seconds` later.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RollupWindow {
    /// The row's `DateTime` field that tells its moment.
    pub field: Arc<str>,
    /// How long it is.
    pub seconds: u64,
}

/// One figure.
#[derive(Debug)]
pub struct RollupField {
    /// Its name and type.
    pub field: Field,
    /// How it is computed.
    pub measure: Measure,
}

/// How a figure is computed. Rows whose field is null, or fits no value of its type, are left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Measure {
    /// What the rows share: a field of `by`.
    Key,
    /// `@count`: the number of rows.
    Count,
    /// `@countDistinct`: the number of different values, or of different times of a length.
    CountDistinct(Arc<str>, Option<TimeUnit>),
    /// `@sum`
    Sum(Arc<str>),
    /// `@min`
    Min(Arc<str>),
    /// `@max`
    Max(Arc<str>),
    /// `@avg`
    Avg(Arc<str>),
    /// `@mode`: the most frequent value; of several, the one that was seen last.
    Mode(Arc<str>),
    /// `@sessions`: time spent in sessions.
    Sessions {
        /// The row's `DateTime` field.
        field: Arc<str>,
        /// The longest time between two rows of one session, in seconds.
        gap: u64,
        /// What is counted.
        unit: TimeUnit,
    },
}

/// A length of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimeUnit {
    /// A second.
    Second,
    /// A minute.
    Minute,
    /// An hour.
    Hour,
    /// A day of the calendar.
    Day,
    /// A week of the calendar, from Monday on.
    Week,
    /// A month of the calendar.
    Month,
    /// A year of the calendar.
    Year,
}

impl Rollup {
    /// Fields of the rows on which all that it tells depends: those that they share, and the window's.
    pub fn common(&self) -> impl Iterator<Item = &Arc<str>> {
        self.by.iter().chain(self.window.as_ref().map(|window| &window.field))
    }

    /// The field with this name.
    pub fn field(&self, name: &str) -> Option<&RollupField> {
        self.fields.iter().find(|of| &*of.field.name == name)
    }
}

impl RollupWindow {
    /// How long it is, in milliseconds.
    pub fn millis(&self) -> i64 {
        i64::try_from(self.seconds.saturating_mul(1_000)).unwrap_or(i64::MAX)
    }
}

impl Measure {
    /// The field of the rows that it looks at, beside [`Rollup::common`].
    pub fn source(&self) -> Option<&Arc<str>> {
        match self {
            Measure::Key | Measure::Count => None,
            Measure::CountDistinct(field, _)
            | Measure::Sum(field)
            | Measure::Min(field)
            | Measure::Max(field)
            | Measure::Avg(field)
            | Measure::Mode(field)
            | Measure::Sessions { field, .. } => Some(field),
        }
    }
}

impl TimeUnit {
    /// All units with their names in the schema file.
    pub const ALL: [(TimeUnit, &'static str); 7] = [
        (TimeUnit::Second, "SECOND"),
        (TimeUnit::Minute, "MINUTE"),
        (TimeUnit::Hour, "HOUR"),
        (TimeUnit::Day, "DAY"),
        (TimeUnit::Week, "WEEK"),
        (TimeUnit::Month, "MONTH"),
        (TimeUnit::Year, "YEAR"),
    ];

    /// Milliseconds of it, if it is always equally long; a day without a calendar is.
    pub fn millis(self) -> Option<i64> {
        match self {
            TimeUnit::Second => Some(1_000),
            TimeUnit::Minute => Some(60_000),
            TimeUnit::Hour => Some(3_600_000),
            TimeUnit::Day => Some(86_400_000),
            TimeUnit::Week | TimeUnit::Month | TimeUnit::Year => None,
        }
    }
}
