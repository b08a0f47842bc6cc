//! Decimal numbers.
//!
//! Terraform's numbers are decimals of any size, and it sends `0.1` as text; a binary double in
//! between would be reported as "inconsistent result after apply". So a number is its decimal text
//! in one normal form: equal numbers have equal texts.

use std::fmt;
use std::num::IntErrorKind;
use std::str::FromStr;

use super::error::Error;

/// The longest run of significant digits. Terraform computes with 512 bits, which are 155 digits.
const MAX_DIGITS: usize = 1000;
/// The farthest the decimal point may be from the digits.
const MAX_EXPONENT: usize = 100_000;
/// A number that needs more padding zeros than this is written in scientific form.
const MAX_PADDING: isize = 40;

/// A decimal number, exact, or an infinity. There is no negative zero and no NaN.
#[derive(Clone)]
pub struct Number {
    /// The normal form; an infinity is `Infinity` or `-Infinity`.
    text: Box<str>,
    /// Whether it was received as a subnormal double, and so has to be sent as one.
    is_subnormal: bool,
}

impl Number {
    /// Reads a decimal number with an optional sign, fraction and exponent. Rejects everything else
    /// (hexadecimal, `NaN`, `Inf`), and numbers of absurd length or size. The cost is bounded by
    /// the length of the text, whatever the exponent.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let not_a_number = || Error::here("a number is required");
        let (sign, unsigned) = match text.strip_prefix('-') {
            Some(unsigned) => ("-", unsigned),
            None => ("", text.strip_prefix('+').unwrap_or(text)),
        };
        let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => {
                (mantissa, parse_exponent(exponent).ok_or_else(not_a_number)?)
            }
            None => (unsigned, 0),
        };
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let digits = [whole, fraction].concat();
        if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(not_a_number());
        }
        let text = normal_form(sign, &digits, exponent.saturating_sub_unsigned(fraction.len()))?;
        Ok(Self::from_normal_form(text))
    }

    /// The shortest decimal that reads back as this double, which is what JavaScript and Terraform
    /// print for it. `None` for NaN; negative zero is zero.
    ///
    /// Core sends doubles for what functions and other providers have computed, and compares them
    /// by this text. Two cases differ. The text of a subnormal double is too short for core, which
    /// compares all 53 bits, so the number keeps that it came as one. And core compares a literal
    /// that is a double exactly, such as the quotient 1/1073741824, by all of its digits; but those
    /// it loses itself between plan and apply, so no provider can serve it.
    pub fn from_f64(value: f64) -> Option<Self> {
        if value.is_infinite() {
            return Some(Self::from_normal_form(if value > 0.0 {
                "Infinity"
            } else {
                "-Infinity"
            }));
        }
        let number = Self::parse(&format!("{value:e}")).ok()?;
        Some(Self { is_subnormal: value.is_subnormal(), ..number })
    }

    fn from_normal_form(text: impl Into<Box<str>>) -> Self {
        Self { text: text.into(), is_subnormal: false }
    }

    /// The nearest double, ties to even. Too large is an infinity, too small is zero.
    pub fn to_f64(&self) -> f64 {
        self.text.parse().expect("a decimal number and `Infinity` are floats")
    }

    /// The same number as an integer, if it is one and fits.
    pub fn to_i64(&self) -> Option<i64> {
        self.text.parse().ok()
    }

    /// The JSON form, digit for digit; `None` for infinities.
    pub fn to_json(&self) -> Option<serde_json::Number> {
        if self.is_finite() { serde_json::Number::from_str(&self.text).ok() } else { None }
    }

    /// Whether a program that computes with doubles takes the two for the same number.
    #[expect(clippy::float_cmp, reason = "equality of doubles is the question")]
    pub fn is_same_double(&self, other: &Self) -> bool {
        self.to_f64() == other.to_f64()
    }

    /// Whether the number is not an infinity.
    pub fn is_finite(&self) -> bool {
        !self.text.ends_with("Infinity")
    }

    /// The normal form, as [`Number`]'s `Display` writes it.
    pub(super) fn as_text(&self) -> &str {
        &self.text
    }

    /// The double that has to be sent for this number: an infinity, or the subnormal it came as.
    pub(super) fn as_sent_double(&self) -> Option<f64> {
        (self.is_subnormal || !self.is_finite()).then(|| self.to_f64())
    }
}

/// `None` if the text is no integer. One beyond `isize` saturates, which only zero survives.
fn parse_exponent(text: &str) -> Option<isize> {
    match text.parse() {
        Ok(exponent) => Some(exponent),
        Err(error) => match error.kind() {
            IntErrorKind::PosOverflow => Some(isize::MAX),
            IntErrorKind::NegOverflow => Some(isize::MIN),
            _ => None,
        },
    }
}

/// The text of `digits × 10^exponent`, without needless zeros.
fn normal_form(sign: &str, digits: &str, exponent: isize) -> Result<String, Error> {
    let significant = digits.trim_start_matches('0');
    let digits = significant.trim_end_matches('0');
    if digits.is_empty() {
        return Ok("0".to_owned());
    }
    if digits.len() > MAX_DIGITS {
        return Err(Error::here(format!("the number has more than {MAX_DIGITS} digits")));
    }
    let exponent = exponent.saturating_add_unsigned(significant.len() - digits.len());
    let before_point = exponent.saturating_add_unsigned(digits.len());
    if before_point.unsigned_abs() > MAX_EXPONENT {
        return Err(Error::here("the number is too large or too small"));
    }
    Ok(format!("{sign}{}", written(digits, exponent, before_point)))
}

/// `digits × 10^exponent` as a person would write it, `before_point` of the digits before the
/// point: with all digits, in scientific form (`1e+41`) where those would be mostly zeros.
fn written(digits: &str, exponent: isize, before_point: isize) -> String {
    let zeros = |count: isize| "0".repeat(count.unsigned_abs());
    if (0..=MAX_PADDING).contains(&exponent) {
        format!("{digits}{}", zeros(exponent))
    } else if exponent < 0 && before_point > 0 {
        let (whole, fraction) = digits.split_at(before_point.unsigned_abs());
        format!("{whole}.{fraction}")
    } else if (-MAX_PADDING..=0).contains(&before_point) {
        format!("0.{}{digits}", zeros(before_point))
    } else {
        let (first, rest) = digits.split_at(1);
        let point = if rest.is_empty() { "" } else { "." };
        format!("{first}{point}{rest}e{:+}", before_point - 1)
    }
}

impl PartialEq for Number {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for Number {}

impl From<i64> for Number {
    fn from(value: i64) -> Self {
        Self::from_normal_form(value.to_string())
    }
}

impl From<u64> for Number {
    fn from(value: u64) -> Self {
        Self::from_normal_form(value.to_string())
    }
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Number({self})")
    }
}

#[cfg(test)]
mod tests;
