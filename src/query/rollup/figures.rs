//! Figures about values of any type.

use std::collections::{HashMap, HashSet};
use std::str::FromStr;

use bigdecimal::{BigDecimal, RoundingMode};
use bson::raw::RawBsonRef;
use bson::{Bson, Decimal128};

use super::whole;
use crate::query::sort_key::encode_raw;
use crate::schema::{Kind, Scalar};
use crate::value::plain;

/// Significant digits of a decimal.
const DIGITS: u64 = 34;

/// The number of different values.
pub fn count_distinct(values: &[RawBsonRef<'_>]) -> Bson {
    let different: HashSet<Vec<u8>> = values.iter().map(|value| encode_raw(*value)).collect();
    whole(different.len())
}

/// The least value in the order of lists.
pub fn least(values: &[RawBsonRef<'_>]) -> Bson {
    values.iter().min_by_key(|value| encode_raw(**value)).map_or(Bson::Null, owned)
}

/// The greatest value in the order of lists.
pub fn greatest(values: &[RawBsonRef<'_>]) -> Bson {
    values.iter().max_by_key(|value| encode_raw(**value)).map_or(Bson::Null, owned)
}

/// The most frequent value; of several, the last.
pub fn mode(values: &[RawBsonRef<'_>]) -> Bson {
    let mut seen: HashMap<Vec<u8>, (usize, usize)> = HashMap::new();
    for (place, value) in values.iter().enumerate() {
        let (count, last) = seen.entry(encode_raw(*value)).or_default();
        (*count, *last) = (*count + 1, place);
    }
    seen.into_values().max().map_or(Bson::Null, |(_, last)| owned(&values[last]))
}

/// The sum of numbers as a kind: of whole numbers, decimals or floating-point numbers.
pub fn sum(kind: &Kind, values: &[RawBsonRef<'_>]) -> Bson {
    match kind {
        Kind::Scalar(Scalar::Float) => Bson::Double(floats(values).sum()),
        Kind::Scalar(Scalar::Decimal) => exact(decimals(values).sum()),
        _ => {
            let sum: i128 = values.iter().filter_map(|value| plain::whole(*value)).map(i128::from).sum();
            // A sum beyond the type does not fit, and its reader says so.
            i64::try_from(sum).map_or_else(|_| Bson::String(sum.to_string()), Bson::Int64)
        }
    }
}

/// The mean of numbers as a kind: of decimals or floating-point numbers; whole numbers are either.
pub fn average(kind: &Kind, values: &[RawBsonRef<'_>]) -> Bson {
    match kind {
        Kind::Scalar(Scalar::Decimal) => match decimals(values).count() {
            0 => Bson::Null,
            count => exact(decimals(values).sum::<BigDecimal>() / BigDecimal::from(count as u64)),
        },
        _ => {
            let whole = values.iter().map(|value| plain::whole(*value)).collect::<Option<Vec<i64>>>();
            match (whole, floats(values).count()) {
                (_, 0) => Bson::Null,
                // Exact as long as it can be.
                (Some(whole), count) => {
                    Bson::Double(whole.into_iter().map(i128::from).sum::<i128>() as f64 / count as f64)
                }
                (None, count) => Bson::Double(floats(values).sum::<f64>() / count as f64),
            }
        }
    }
}

fn floats(values: &[RawBsonRef<'_>]) -> impl Iterator<Item = f64> {
    values.iter().filter_map(|value| match value {
        RawBsonRef::Double(number) => Some(*number),
        RawBsonRef::Int32(number) => Some((*number).into()),
        RawBsonRef::Int64(number) => Some(*number as f64),
        _ => None,
    })
}

fn decimals(values: &[RawBsonRef<'_>]) -> impl Iterator<Item = BigDecimal> {
    values.iter().filter_map(|value| BigDecimal::from_str(&plain::decimal(*value)?).ok())
}

/// A decimal, rounded to the digits that are stored. One beyond them does not fit, and its reader says so.
fn exact(number: BigDecimal) -> Bson {
    let number = match number.digits() > DIGITS {
        true => number.with_precision_round(DIGITS.try_into().expect("it is not 0"), RoundingMode::HalfEven),
        false => number,
    };
    let text = number.to_string();
    Decimal128::from_str(&text).map_or(Bson::String(text), Bson::Decimal128)
}

fn owned(value: &RawBsonRef<'_>) -> Bson {
    Bson::try_from(*value).unwrap_or(Bson::Null)
}
