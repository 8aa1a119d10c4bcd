//! Encodes numbers of all types in one exact order.
//!
//! A number is encoded as the greatest double not above it, in eight order-preserving bytes, then [`WHOLE`]
//! if the number equals that double. Otherwise [`MORE`] and its decimal digits follow: all numbers between
//! two neighbouring doubles have the same sign, so that exponents and digits order them.

use std::cmp::Ordering;

use bigdecimal::num_bigint::BigUint;
use bson::{Bson, Decimal128};

use super::bytes::Reader;

/// The number is the double.
pub(super) const WHOLE: u8 = 0x00;
/// The number lies between the double and the next one.
pub(super) const MORE: u8 = 0x01;

/// Integers up to this one are all doubles.
const EXACT_INTEGERS: u64 = 1 << 53;
/// Greatest coefficient of a Decimal128 and the first it cannot have.
const COEFFICIENTS: u128 = 10_u128.pow(34);
const MIN_EXPONENT: i32 = -6176;
const MAX_EXPONENT: i32 = 6111;
/// Makes exponents positive.
const BIAS: i32 = 0x4000;

pub(super) fn write_double(out: &mut Vec<u8>, n: f64) {
    out.extend_from_slice(&ordered(n).to_be_bytes());
    out.push(WHOLE);
}

pub(super) fn write_integer(out: &mut Vec<u8>, n: i64) {
    let nearest = n as f64;
    if n.unsigned_abs() <= EXACT_INTEGERS || nearest as i128 == i128::from(n) {
        return write_double(out, nearest);
    }
    let below = if nearest as i128 > i128::from(n) { nearest.next_down() } else { nearest };
    write_between(out, below, Decimal::new(n < 0, n.unsigned_abs().into(), 0));
}

pub(super) fn write_decimal(out: &mut Vec<u8>, n: Decimal128) {
    let decimal = match parse(n) {
        Ok(decimal) => decimal,
        Err(special) => return write_double(out, special),
    };
    let nearest = decimal.nearest_double();
    match decimal.cmp_double(nearest) {
        Ordering::Equal => write_double(out, nearest),
        Ordering::Greater => write_between(out, nearest, decimal),
        Ordering::Less => write_between(out, nearest.next_down(), decimal),
    }
}

fn write_between(out: &mut Vec<u8>, below: f64, n: Decimal) {
    out.extend_from_slice(&ordered(below).to_be_bytes());
    out.push(MORE);
    let start = out.len();
    let digits = n.coefficient.to_string();
    // Exponent of the first digit: a Decimal128 has -6176 to 6144.
    let exponent = (n.exponent + digits.len() as i32 + BIAS) as u16;
    out.extend_from_slice(&exponent.to_be_bytes());
    out.extend(digits.bytes().map(|digit| digit - b'0' + 1));
    out.push(0);
    if n.negative {
        out[start..].iter_mut().for_each(|byte| *byte = !*byte);
    }
}

/// Reads a number whose first eight bytes have been read.
pub(super) fn read(ordered: u64, reader: &mut Reader<'_>) -> Option<Bson> {
    let below = double(ordered)?;
    match reader.byte()? {
        WHOLE => Some(match below {
            n if n.trunc() == n && (-TWO_TO_63..TWO_TO_63).contains(&n) => Bson::Int64(n as i64),
            n => Bson::Double(n),
        }),
        MORE => {
            let negative = below.is_sign_negative();
            let flip = if negative { 0xff } else { 0 };
            let exponent = u16::from_be_bytes(reader.take::<2>()?.map(|byte| byte ^ flip));
            let mut coefficient: u128 = 0;
            let mut length = 0;
            loop {
                match reader.byte()? ^ flip {
                    0 => break,
                    digit @ 1..=10 if coefficient < COEFFICIENTS / 10 => {
                        coefficient = coefficient * 10 + u128::from(digit - 1);
                        length += 1;
                    }
                    _ => return None,
                }
            }
            let decimal = Decimal { negative, coefficient, exponent: i32::from(exponent) - BIAS - length };
            decimal.integer().map(Bson::Int64).or_else(|| decimal.pack().map(Bson::Decimal128))
        }
        _ => None,
    }
}

const TWO_TO_63: f64 = 9_223_372_036_854_775_808.0;

/// A double as an integer that orders alike: NaN lowest, both zeros the same.
fn ordered(n: f64) -> u64 {
    if n.is_nan() {
        return 0;
    }
    let bits = (n + 0.0).to_bits();
    if bits >> 63 == 1 { !bits } else { bits | (1 << 63) }
}

fn double(ordered: u64) -> Option<f64> {
    let n = match ordered {
        0 => return Some(f64::NAN),
        positive if positive >> 63 == 1 => f64::from_bits(positive ^ (1 << 63)),
        negative => f64::from_bits(!negative),
    };
    (!n.is_nan()).then_some(n)
}

/// A finite number `±coefficient * 10^exponent`; the coefficient has no zeros at its end.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Decimal {
    negative: bool,
    coefficient: u128,
    exponent: i32,
}

/// The number in a Decimal128; what is not finite, or zero, as a double.
fn parse(n: Decimal128) -> Result<Decimal, f64> {
    let bits = u128::from_le_bytes(n.bytes());
    let negative = bits >> 127 == 1;
    match (bits >> 122) & 0x1f {
        0x1f => return Err(f64::NAN),
        0x1e => return Err(if negative { f64::NEG_INFINITY } else { f64::INFINITY }),
        _ => {}
    }
    // The other form has coefficients of more than 34 digits only, which count as zero.
    let coefficient = if (bits >> 125) & 3 == 3 { 0 } else { bits & ((1 << 113) - 1) };
    if coefficient == 0 || coefficient >= COEFFICIENTS {
        return Err(0.0);
    }
    Ok(Decimal::new(negative, coefficient, ((bits >> 113) & 0x3fff) as i32 + MIN_EXPONENT))
}

impl Decimal {
    /// The coefficient must not be zero.
    fn new(negative: bool, mut coefficient: u128, mut exponent: i32) -> Decimal {
        // Most coefficients fit 64 bits, of which processors find the remainder without a library's help.
        while u64::try_from(coefficient).is_err() && coefficient.is_multiple_of(10) {
            coefficient /= 10;
            exponent += 1;
        }
        if let Ok(mut small) = u64::try_from(coefficient) {
            while small.is_multiple_of(10) && small > 0 {
                small /= 10;
                exponent += 1;
            }
            coefficient = small.into();
        }
        Decimal { negative, coefficient, exponent }
    }

    fn nearest_double(&self) -> f64 {
        /// Powers of ten that are doubles.
        const POWERS: [f64; 23] = [
            1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17,
            1e18, 1e19, 1e20, 1e21, 1e22,
        ];
        let power = POWERS.get(self.exponent.unsigned_abs() as usize);
        let magnitude = match (power, u64::try_from(self.coefficient)) {
            // One operation on two exact doubles rounds once.
            (Some(power), Ok(coefficient)) if coefficient <= EXACT_INTEGERS => {
                let coefficient = coefficient as f64;
                if self.exponent < 0 { coefficient / power } else { coefficient * power }
            }
            _ => format!("{}e{}", self.coefficient, self.exponent)
                .parse()
                .expect("digits, an e and an integer are a number"),
        };
        if self.negative { -magnitude } else { magnitude }
    }

    /// Compares with a double of the same sign, or zero; not NaN.
    fn cmp_double(&self, other: f64) -> Ordering {
        let magnitude = other.abs();
        let order = if magnitude.is_infinite() {
            Ordering::Less
        } else if magnitude == 0.0 {
            Ordering::Greater
        } else {
            let bits = magnitude.to_bits();
            let (mantissa, exponent) = match (bits >> 52) as i32 {
                0 => (bits, -1074),
                biased => ((bits & ((1 << 52) - 1)) | (1 << 52), biased - 1075),
            };
            self.cmp_binary(mantissa, exponent)
        };
        if self.negative { order.reverse() } else { order }
    }

    /// Compares the coefficient times a power of ten with `mantissa * 2^exponent`. Both sides are
    /// multiplied until they are integers; the powers of two in ten go to the other side.
    fn cmp_binary(&self, mantissa: u64, exponent: i32) -> Ordering {
        let twos = exponent - self.exponent;
        let fives = self.exponent.unsigned_abs();
        let small = || {
            let power = 5_u128.checked_pow(fives)?;
            let (mut left, mut right) = (self.coefficient, u128::from(mantissa));
            let scaled = if self.exponent < 0 { &mut right } else { &mut left };
            *scaled = scaled.checked_mul(power)?;
            let shifted = if twos < 0 { &mut left } else { &mut right };
            if twos.unsigned_abs() > shifted.leading_zeros() {
                return None;
            }
            *shifted <<= twos.unsigned_abs();
            Some(left.cmp(&right))
        };
        small().unwrap_or_else(|| {
            let (mut left, mut right) = (BigUint::from(self.coefficient), BigUint::from(mantissa));
            *(if self.exponent < 0 { &mut right } else { &mut left }) *= BigUint::from(5_u8).pow(fives);
            *(if twos < 0 { &mut left } else { &mut right }) <<= twos.unsigned_abs();
            left.cmp(&right)
        })
    }

    fn integer(&self) -> Option<i64> {
        let power = 10_u128.checked_pow(u32::try_from(self.exponent).ok()?)?;
        let magnitude = i128::try_from(self.coefficient.checked_mul(power)?).ok()?;
        i64::try_from(if self.negative { -magnitude } else { magnitude }).ok()
    }

    fn pack(&self) -> Option<Decimal128> {
        let Decimal { negative, mut coefficient, mut exponent } = *self;
        while exponent > MAX_EXPONENT && coefficient < COEFFICIENTS / 10 {
            coefficient *= 10;
            exponent -= 1;
        }
        if !(MIN_EXPONENT..=MAX_EXPONENT).contains(&exponent) {
            return None;
        }
        let biased = (exponent - MIN_EXPONENT) as u128;
        let bits = (u128::from(negative) << 127) | (biased << 113) | coefficient;
        Some(Decimal128::from_bytes(bits.to_le_bytes()))
    }
}
