//! JSON as a JavaScript service sees it: every number is an IEEE double, read as one and printed as one.
//!
//! It must not know what the documents mean.

use serde_json::{Number, Value};

/// Reads a document and rounds its numbers to doubles. The error text names no content of the document.
pub(crate) fn parse(bytes: &[u8]) -> Result<Value, String> {
    let mut value: Value = serde_json::from_slice(bytes).map_err(|error| {
        format!("not valid JSON at line {} column {}", error.line(), error.column())
    })?;
    round_numbers(&mut value)?;
    Ok(value)
}

/// Replaces every number inside `value` by the double nearest to it, in the one spelling `JSON.stringify` has for
/// it. Fails on a number beyond the range of doubles, which JavaScript would read as infinity.
pub(crate) fn round_numbers(value: &mut Value) -> Result<(), String> {
    match value {
        Value::Number(number) => {
            let double = number
                .as_f64()
                .filter(|double| double.is_finite())
                .ok_or("a number is out of range")?;
            *number = to_number(double);
            Ok(())
        }
        Value::Array(items) => items.iter_mut().try_for_each(round_numbers),
        Value::Object(fields) => fields.values_mut().try_for_each(round_numbers),
        Value::Null | Value::Bool(_) | Value::String(_) => Ok(()),
    }
}

fn to_number(double: f64) -> Number {
    serde_json::from_str(&print_double(double))
        .expect("print_double writes a JSON number for a finite double")
}

/// ECMAScript's `Number::toString` for a finite double.
fn print_double(double: f64) -> String {
    if double == 0.0 {
        return "0".to_owned();
    }
    let scientific = format!("{:e}", double.abs());
    let (mantissa, exponent) =
        scientific.split_once('e').expect("LowerExp always writes an exponent");
    let exponent: i32 = exponent.parse().expect("LowerExp writes a decimal exponent");
    let digits: String = mantissa.chars().filter(char::is_ascii_digit).collect();
    let sign = if double < 0.0 { "-" } else { "" };
    format!("{sign}{}", place_point(&digits, exponent + 1))
}

/// Writes `0.digits × 10^point` with the exponent form only where JavaScript uses it.
fn place_point(digits: &str, point: i32) -> String {
    let length = i32::try_from(digits.len()).expect("a double has at most 17 digits");
    let zeros = |count: i32| "0".repeat(usize::try_from(count).unwrap_or(0));
    if (length..=21).contains(&point) {
        return format!("{digits}{}", zeros(point - length));
    }
    if (1..=21).contains(&point) {
        let (whole, fraction) = digits.split_at(usize::try_from(point).unwrap_or(0));
        return format!("{whole}.{fraction}");
    }
    if (-5..=0).contains(&point) {
        return format!("0.{}{digits}", zeros(-point));
    }
    let (first, rest) = digits.split_at(1);
    let fraction = if rest.is_empty() { String::new() } else { format!(".{rest}") };
    format!("{first}{fraction}e{:+}", point - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_come_back_as_javascript_prints_them() {
        let cases = [
            ("0.1", "0.1"),
            ("12.345", "12.345"),
            ("1e-7", "1e-7"),
            ("0.0000001", "1e-7"),
            ("0.000001", "0.000001"),
            ("1.50", "1.5"),
            ("10.0", "10"),
            ("-0", "0"),
            ("-2.5", "-2.5"),
            ("9007199254740993", "9007199254740992"),
            ("123456789012345678901", "123456789012345680000"),
            ("1e21", "1e+21"),
            ("1.25e22", "1.25e+22"),
            ("0.10000000000000000555", "0.1"),
        ];
        for (sent, returned) in cases {
            let value = parse(sent.as_bytes()).unwrap();
            assert_eq!(value.to_string(), returned, "{sent}");
        }
    }

    #[test]
    fn numbers_inside_a_document_are_rounded_too() {
        let value = parse(br#"{"a":[{"b":9007199254740993}]}"#).unwrap();
        assert_eq!(value.to_string(), r#"{"a":[{"b":9007199254740992}]}"#);
    }

    #[test]
    fn what_no_double_can_hold_is_refused() {
        assert_eq!(parse(b"[1e400]").unwrap_err(), "a number is out of range");
        assert_eq!(parse(b"{\"a\":").unwrap_err(), "not valid JSON at line 1 column 5");
    }
}
