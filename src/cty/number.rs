//! Exact decimal numbers.
//!
//! Terraform's numbers are decimals of any size, and it sends `0.1` as text; a binary double in between would be
//! reported as "inconsistent result after apply". So a number is its significant digits and a power of ten, in one
//! normal form: equal numbers are equal structures. Doubles appear only at the edges, in [`Number::from_f64`] and
//! [`Number::to_f64`].

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::FromStr;

use super::error::Error;

/// The longest run of significant digits. Terraform computes with 512 bits (155 digits); the longest exact expansion
/// of a double has 767.
const MAX_DIGITS: usize = 1000;
/// The farthest the decimal point may be from the digits.
const MAX_EXPONENT: i64 = 100_000;
/// More padding zeros than this and a number is written in scientific form.
const MAX_PADDING: usize = 40;

/// A decimal number, exact, or an infinity. There is no negative zero and no NaN.
#[derive(Clone)]
pub struct Number {
    negative: bool,
    magnitude: Magnitude,
    /// Whether it came as a subnormal double, and has to go back as one. It is no part of what the number is.
    is_subnormal: bool,
}

/// `digits` have neither leading nor trailing zeros; zero has none at all, and the exponent 0.
#[derive(Clone, PartialEq, Eq, Hash)]
enum Magnitude {
    /// `digits × 10^exponent`
    Finite {
        digits: Box<str>,
        exponent: i32,
    },
    Infinite,
}

impl Number {
    /// Positive infinity, which an expression in a configuration can produce.
    pub const INFINITY: Self =
        Self { negative: false, magnitude: Magnitude::Infinite, is_subnormal: false };
    /// Negative infinity.
    pub const NEG_INFINITY: Self =
        Self { negative: true, magnitude: Magnitude::Infinite, is_subnormal: false };

    /// Reads a decimal number: an optional sign, digits with at most one point, an optional exponent. Refuses
    /// everything else (hexadecimal, `NaN`, `Inf`), and numbers of absurd length or size; the cost is bounded by the
    /// length of the text, whatever the exponent.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let not_a_number = || Error::here("a number is required");
        let (negative, unsigned) = split_sign(text);
        let (mantissa, exponent) = match unsigned.find(['e', 'E']) {
            Some(at) => {
                (&unsigned[..at], parse_exponent(&unsigned[at + 1..]).ok_or_else(not_a_number)?)
            }
            None => (unsigned, 0),
        };
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let digits = [whole, fraction].concat();
        if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(not_a_number());
        }
        let shift = i64::try_from(fraction.len()).unwrap_or(i64::MAX);
        Self::normalised(negative, &digits, exponent.saturating_sub(shift))
    }

    /// `digits × 10^exponent` in normal form.
    fn normalised(negative: bool, digits: &str, exponent: i64) -> Result<Self, Error> {
        let significant = digits.trim_start_matches('0');
        let trimmed = significant.trim_end_matches('0');
        if trimmed.is_empty() {
            return Ok(Self::from(0_i64));
        }
        if trimmed.len() > MAX_DIGITS {
            return Err(Error::here(format!("the number has more than {MAX_DIGITS} digits")));
        }
        let length = |text: &str| i64::try_from(text.len()).unwrap_or(i64::MAX);
        let exponent = exponent.saturating_add(length(significant) - length(trimmed));
        let point = exponent.saturating_add(length(trimmed));
        if point.abs() > MAX_EXPONENT {
            return Err(Error::here("the number is too large or too small"));
        }
        let exponent = i32::try_from(exponent)
            .map_err(|_| Error::here("the number is too large or too small"))?;
        let magnitude = Magnitude::Finite { digits: trimmed.into(), exponent };
        Ok(Self { negative, magnitude, is_subnormal: false })
    }

    /// The shortest decimal that reads back as this double, which is what JavaScript and Terraform print for it;
    /// `None` for NaN. Negative zero is zero.
    pub fn from_f64(value: f64) -> Option<Self> {
        if value.is_infinite() {
            return Some(if value > 0.0 { Self::INFINITY } else { Self::NEG_INFINITY });
        }
        Self::parse(&format!("{value:e}")).ok()
    }

    /// Every digit of this double; `None` for infinities and NaN.
    pub(super) fn from_f64_exactly(value: f64) -> Option<Self> {
        Self::parse(&format!("{value:.800e}")).ok()
    }

    /// The nearest double, ties to even. Too large is an infinity, too small is zero.
    #[expect(clippy::missing_panics_doc, reason = "digits and a power of ten always parse")]
    pub fn to_f64(&self) -> f64 {
        let magnitude = match &self.magnitude {
            Magnitude::Infinite => f64::INFINITY,
            Magnitude::Finite { digits, .. } if digits.is_empty() => 0.0,
            Magnitude::Finite { digits, exponent } => format!("{digits}e{exponent}")
                .parse()
                .expect("digits and a power of ten are a float"),
        };
        if self.negative { -magnitude } else { magnitude }
    }

    /// The same number as an integer, if it is one and fits.
    pub fn to_i64(&self) -> Option<i64> {
        match &self.magnitude {
            Magnitude::Finite { digits, exponent: 0..=18 } if digits.len() <= 19 => {
                self.to_string().parse().ok()
            }
            _ => None,
        }
    }

    /// Whether a program that computes with doubles, as the service does, takes the two for the same number.
    #[expect(clippy::float_cmp, reason = "equality of doubles is the question")]
    pub fn is_same_double(&self, other: &Self) -> bool {
        self.to_f64() == other.to_f64()
    }

    /// Whether the number is above zero.
    pub fn is_positive(&self) -> bool {
        !self.negative && !self.is_zero()
    }

    /// Whether the number is below zero.
    pub fn is_negative(&self) -> bool {
        self.negative
    }

    /// Whether the number is zero.
    pub fn is_zero(&self) -> bool {
        matches!(&self.magnitude, Magnitude::Finite { digits, .. } if digits.is_empty())
    }

    /// Whether the number is a whole one; infinities are not.
    pub fn is_integer(&self) -> bool {
        matches!(&self.magnitude, Magnitude::Finite { exponent, .. } if *exponent >= 0)
    }

    /// Whether the number is not an infinity, and so has a JSON form.
    pub fn is_finite(&self) -> bool {
        matches!(self.magnitude, Magnitude::Finite { .. })
    }

    /// The number that somebody means who sends a double: its shortest decimal. That of a subnormal one, which has less than the
    /// full precision of a double, is too short for core, which compares it with all 53 bits: so it is remembered that it came
    /// as one.
    pub(super) fn received(double: f64) -> Option<Self> {
        Self::from_f64(double).map(|number| Self { is_subnormal: double.is_subnormal(), ..number })
    }

    /// The subnormal double that it came as.
    pub(super) fn as_subnormal_f64(&self) -> Option<f64> {
        self.is_subnormal.then(|| self.to_f64())
    }

    /// The double that is this number exactly and is printed as this number: both 2.5, but not 0.1 (no double is
    /// 0.1) nor 2⁻³⁰ (whose double Terraform prints with fewer digits than the number has). Only such a number may
    /// travel as a double and be equal on the other side.
    pub(super) fn as_faithful_f64(&self) -> Option<f64> {
        match &self.magnitude {
            // A fraction of powers of two ends in 5; this spares the expansion for nearly all others.
            Magnitude::Finite { digits, exponent } if *exponent < 0 && digits.ends_with('5') => {
                let double = self.to_f64();
                let faithful = Self::from_f64(double).as_ref() == Some(self)
                    && Self::from_f64_exactly(double).as_ref() == Some(self);
                faithful.then_some(double)
            }
            _ => None,
        }
    }

    /// The JSON form, digit for digit; `None` for infinities.
    pub fn to_json(&self) -> Option<serde_json::Number> {
        if self.is_finite() { serde_json::Number::from_str(&self.to_string()).ok() } else { None }
    }

    fn cmp_magnitude(&self, other: &Self) -> Ordering {
        match (&self.magnitude, &other.magnitude) {
            (Magnitude::Infinite, Magnitude::Infinite) => Ordering::Equal,
            (Magnitude::Infinite, Magnitude::Finite { .. }) => Ordering::Greater,
            (Magnitude::Finite { .. }, Magnitude::Infinite) => Ordering::Less,
            (
                Magnitude::Finite { digits: left, exponent: left_exponent },
                Magnitude::Finite { digits: right, exponent: right_exponent },
            ) => other
                .is_zero()
                .cmp(&self.is_zero())
                .then_with(|| point(left, *left_exponent).cmp(&point(right, *right_exponent)))
                .then_with(|| left.cmp(right)),
        }
    }
}

/// How many digits stand before the decimal point; negative when zeros follow it first.
fn point(digits: &str, exponent: i32) -> i64 {
    i64::try_from(digits.len()).unwrap_or(i64::MAX).saturating_add(i64::from(exponent))
}

fn split_sign(text: &str) -> (bool, &str) {
    match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    }
}

/// `None` when it is not an exponent at all; one beyond `i64` saturates, and is refused later unless the digits are 0.
fn parse_exponent(text: &str) -> Option<i64> {
    let (negative, digits) = split_sign(text);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let magnitude = digits.parse::<i64>().unwrap_or(i64::MAX);
    Some(if negative { -magnitude } else { magnitude })
}

impl PartialEq for Number {
    fn eq(&self, other: &Self) -> bool {
        (self.negative, &self.magnitude) == (other.negative, &other.magnitude)
    }
}

impl Eq for Number {}

impl Hash for Number {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (self.negative, &self.magnitude).hash(state);
    }
}

impl Ord for Number {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self.negative, other.negative) {
            (false, false) => self.cmp_magnitude(other),
            (true, true) => other.cmp_magnitude(self),
            (false, true) => Ordering::Greater,
            (true, false) => Ordering::Less,
        }
    }
}

impl PartialOrd for Number {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl From<i64> for Number {
    fn from(value: i64) -> Self {
        Self { negative: value < 0, ..Self::from(value.unsigned_abs()) }
    }
}

impl From<u64> for Number {
    fn from(value: u64) -> Self {
        let text = value.to_string();
        let digits = text.trim_end_matches('0');
        let exponent = if digits.is_empty() {
            0
        } else {
            i32::try_from(text.len() - digits.len()).unwrap_or(i32::MAX)
        };
        let magnitude = Magnitude::Finite { digits: digits.into(), exponent };
        Self { negative: false, magnitude, is_subnormal: false }
    }
}

/// From the text of a JSON number, digit for digit.
impl TryFrom<&serde_json::Number> for Number {
    type Error = Error;

    fn try_from(number: &serde_json::Number) -> Result<Self, Error> {
        Self::parse(number.as_str())
    }
}

/// Valid JSON for finite numbers: plain decimals, or scientific form (`1e+41`) where those would be mostly zeros.
impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.negative {
            f.write_str("-")?;
        }
        let (digits, exponent) = match &self.magnitude {
            Magnitude::Infinite => return f.write_str("Infinity"),
            Magnitude::Finite { digits, .. } if digits.is_empty() => return f.write_str("0"),
            Magnitude::Finite { digits, exponent } => (digits, *exponent),
        };
        let point = point(digits, exponent);
        let zeros = |count: i64| usize::try_from(count).ok().filter(|count| *count <= MAX_PADDING);
        match (usize::try_from(point), zeros(exponent.into()), zeros(-point)) {
            (_, Some(padding), _) => write!(f, "{digits}{:0<padding$}", ""),
            (Ok(before @ 1..), None, _) if exponent < 0 => {
                write!(f, "{}.{}", &digits[..before], &digits[before..])
            }
            (_, None, Some(padding)) => write!(f, "0.{:0<padding$}{digits}", ""),
            _ if digits.len() == 1 => write!(f, "{digits}e{:+}", point - 1),
            _ => write!(f, "{}.{}e{:+}", &digits[..1], &digits[1..], point - 1),
        }
    }
}

impl fmt::Debug for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Number({self})")
    }
}

#[cfg(test)]
mod tests;
