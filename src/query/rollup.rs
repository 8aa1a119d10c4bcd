//! Figures about rows: what a rollup computes from documents. Pure, and the only place that knows what a measure means.

use bson::raw::RawBsonRef;
use bson::{Bson, Document};

use crate::schema::{Measure, Rollup, RollupWindow};
use crate::value::Doc;

mod figures;
mod times;

/// The rows that count at a moment, in milliseconds since 1970, of rows in the order of their moments; and when there are
/// others.
pub fn in_window<'r>(window: &RollupWindow, rows: &'r [Doc], now: i64) -> (Vec<&'r Doc>, Option<i64>) {
    let (mut inside, mut changes) = (Vec::with_capacity(rows.len()), None::<i64>);
    for row in rows {
        let Some(begin) = moment(row, &window.field) else { continue };
        let end = begin.saturating_add(window.millis());
        let change = match (begin <= now, now < end) {
            (true, true) => {
                inside.push(row);
                end
            }
            (false, _) => begin,
            (true, false) => continue,
        };
        changes = changes.into_iter().chain([change]).min();
    }
    (inside, changes)
}

/// The figures about rows, in their order; `key` has the values that they share.
pub fn figures(rollup: &Rollup, key: &Document, rows: &[&Doc]) -> Document {
    let mut figures = Document::new();
    for of in &rollup.fields {
        let values = |field: &str| rows.iter().filter_map(|row| value(row, field)).collect::<Vec<_>>();
        let moments = |field: &str| rows.iter().filter_map(|row| moment(row, field)).collect::<Vec<_>>();
        let figure = match &of.measure {
            Measure::Key => key.get(&*of.field.name).cloned().unwrap_or(Bson::Null),
            Measure::Count => whole(rows.len()),
            Measure::CountDistinct(field, None) => figures::count_distinct(&values(field)),
            Measure::CountDistinct(field, Some(unit)) => {
                times::count_distinct(&moments(field), *unit, &rollup.time_zone)
            }
            Measure::Sum(field) => figures::sum(&of.field.ty.kind, &values(field)),
            Measure::Min(field) => figures::least(&values(field)),
            Measure::Max(field) => figures::greatest(&values(field)),
            Measure::Avg(field) => figures::average(&of.field.ty.kind, &values(field)),
            Measure::Mode(field) => figures::mode(&values(field)),
            Measure::Sessions { field, gap, unit } => times::sessions(moments(field), *gap, *unit),
        };
        figures.insert(&*of.field.name, figure);
    }
    figures
}

fn value<'d>(row: &'d Doc, field: &str) -> Option<RawBsonRef<'d>> {
    let value = row.raw().get(field).ok().flatten()?;
    (!matches!(value, RawBsonRef::Null | RawBsonRef::Undefined)).then_some(value)
}

fn moment(row: &Doc, field: &str) -> Option<i64> {
    match value(row, field)? {
        RawBsonRef::DateTime(moment) => Some(moment.timestamp_millis()),
        _ => None,
    }
}

fn whole(number: usize) -> Bson {
    Bson::Int64(i64::try_from(number).unwrap_or(i64::MAX))
}
