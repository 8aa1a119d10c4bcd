//! Ranges of encoded values.

use bson::Bson;

use crate::query::{CmpOp, encode_value};

/// Encoded values from `from` on, before `to`. No encoded value begins with another, so that a zero at
/// the end of one is the next place after it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Range {
    pub from: Vec<u8>,
    pub to: Vec<u8>,
}

impl Range {
    /// One value.
    pub fn point(value: Vec<u8>) -> Range {
        Range { to: next(value.clone()), from: value }
    }

    /// The values of the same class that compare so with the value. Comparing with NaN finds NaN or
    /// nothing, and other comparisons never find it.
    pub fn comparing(op: CmpOp, value: &Bson) -> Range {
        let encoded = encode_value(value);
        let nan = encode_value(&Bson::Double(f64::NAN));
        if encoded == nan {
            return match op {
                CmpOp::Lte | CmpOp::Gte => Range::point(encoded),
                CmpOp::Lt | CmpOp::Gt => Range { from: encoded.clone(), to: encoded },
            };
        }
        // The first byte is the class.
        let class = encoded[0];
        let first = if class == nan[0] { next(nan) } else { vec![class] };
        let beyond = vec![class + 1];
        match op {
            CmpOp::Lt => Range { from: first, to: encoded },
            CmpOp::Lte => Range { from: first, to: next(encoded) },
            CmpOp::Gt => Range { from: next(encoded), to: beyond },
            CmpOp::Gte => Range { from: encoded, to: beyond },
        }
    }

    /// The strings that begin with a text.
    pub fn starting(text: &str) -> Range {
        let mut from = encode_value(&Bson::String(text.to_owned()));
        // Without the end, which would be that of the whole string.
        from.pop();
        let mut to = from.clone();
        // The first byte is a class and never the greatest one, so that something is left to raise.
        while to.last() == Some(&u8::MAX) {
            to.pop();
        }
        if let Some(last) = to.last_mut() {
            *last += 1;
        }
        Range { from, to }
    }

    /// Whether one of the sorted ranges, which do not overlap, has the value.
    pub fn any_has(ranges: &[Range], value: &[u8]) -> bool {
        let after = ranges.partition_point(|range| range.from.as_slice() <= value);
        after > 0 && value < ranges[after - 1].to.as_slice()
    }
}

fn next(mut value: Vec<u8>) -> Vec<u8> {
    value.push(0);
    value
}
