//! Parsing, printing and conversions of numbers.

use super::*;

fn infinity() -> Number {
    Number::from_f64(f64::INFINITY).unwrap()
}

fn number(text: &str) -> Number {
    Number::parse(text).unwrap()
}

#[test]
fn equal_numbers_are_equal_structures_and_print_alike() {
    for (texts, printed) in [
        (
            &["0", "-0", "0.0", "00", ".0", "0.", "0e99", "-0e999999999999999999999999", "+0"][..],
            "0",
        ),
        (&["1", "1.0", "01", "1e0", "10e-1", "0.1e1", "+1", "1E+00"], "1"),
        (&["100", "1e2", "1E2", "1e+2", "100.000"], "100"),
        (&["-12.345", "-12345e-3", "-0012.34500"], "-12.345"),
        (&["0.1", ".1", "1e-1", "0.10"], "0.1"),
        (&["1e-7", "0.0000001"], "0.0000001"),
        (&["9007199254740993"], "9007199254740993"),
        (&["1267650600228229401496703205376"], "1267650600228229401496703205376"),
        (&["1e40"], "10000000000000000000000000000000000000000"),
        (&["1e41", "10e40"], "1e+41"),
        (&["1.5e-41", "15e-42"], "0.000000000000000000000000000000000000000015"),
        (&["1.5e-42"], "1.5e-42"),
        (&["-5e-324"], "-5e-324"),
    ] {
        for text in texts {
            assert_eq!(number(text), number(printed), "{text}");
            assert_eq!(number(text).to_string(), printed, "{text}");
        }
    }
    assert_ne!(number("0.30000000000000004"), number("0.3"));
}

#[test]
fn rejects_what_is_no_decimal_number() {
    for text in [
        "",
        " ",
        "-",
        "+",
        ".",
        "e",
        "e5",
        "1e",
        "1e+",
        "1e1.5",
        "1.2.3",
        "1 ",
        " 1",
        "--1",
        "+-1",
        "1-",
        "0x10",
        "1p4",
        "1_000",
        "1,5",
        "NaN",
        "nan",
        "Inf",
        "-Infinity",
        "infinity",
        "\u{663}",
        "1\0",
        "1e--1",
        "1e5e5",
    ] {
        assert!(Number::parse(text).is_err(), "{text:?}");
    }
}

#[test]
fn absurd_sizes_are_errors_and_cost_nothing() {
    for text in [
        "1e999999999",
        "-1e999999999999999999999",
        "1e-999999999999999999999",
        "0.1e-100001",
        "1e100000",
    ] {
        assert!(Number::parse(text).is_err(), "{text}");
    }
    assert!(Number::parse(&"7".repeat(1001)).is_err());
    assert!(Number::parse(&"7".repeat(1000)).is_ok());
    assert!(number("1e99999").to_string().len() < 10);
    let padded = format!("0.{}1e1000000", "0".repeat(999_999));
    assert_eq!(number(&padded), number("1"), "the size counts, not the way it is written");
}

#[test]
fn doubles_become_the_decimals_that_javascript_prints() {
    let sum = 0.1 + 0.2;
    for (double, text) in [
        (0.1, "0.1"),
        (sum, "0.30000000000000004"),
        (-0.0, "0"),
        (12.345, "12.345"),
        (1e-7, "1e-7"),
        (1e23, "1e23"),
        (5e-324, "5e-324"),
        (f64::MAX, "1.7976931348623157e308"),
        (9_007_199_254_740_992.0, "9007199254740992"),
    ] {
        assert_eq!(Number::from_f64(double), Some(number(text)), "{double}");
    }
    assert_eq!(Number::from_f64(f64::NAN), None);
    assert_eq!(infinity().to_string(), "Infinity");
    assert_eq!(infinity().to_f64(), f64::INFINITY);
}

#[test]
fn conversion_to_a_double_rounds_to_nearest() {
    for (text, double) in [
        ("0", 0.0_f64),
        ("0.1", 0.1),
        ("9007199254740993", 9_007_199_254_740_992.0),
        ("9007199254740993.00000000000000000001", 9_007_199_254_740_994.0),
        ("1e400", f64::INFINITY),
        ("-1e400", f64::NEG_INFINITY),
        ("1e-400", 0.0),
        ("2.2250738585072011e-308", 2.225_073_858_507_201e-308),
    ] {
        assert_eq!(number(text).to_f64().to_bits(), double.to_bits(), "{text}");
    }
    assert!(number("0.1").is_same_double(&number("0.1000000000000000055511151231257827")));
    assert!(number("9007199254740993").is_same_double(&number("9007199254740992")));
    assert!(!number("0.3").is_same_double(&number("0.30000000000000004")));
    let negative = Number::from_f64(f64::NEG_INFINITY).unwrap();
    assert!(!infinity().is_same_double(&negative) && !negative.is_finite());
}

#[test]
fn integers_convert_if_they_fit() {
    for value in
        [0, 1, -1, 10, i64::MAX, i64::MIN, 1_000_000_000_000_000_000, 9_007_199_254_740_993]
    {
        assert_eq!(Number::from(value).to_i64(), Some(value));
        assert_eq!(Number::from(value), number(&value.to_string()));
    }
    assert_eq!(Number::from(u64::MAX), number("18446744073709551615"));
    for text in [
        "9223372036854775808",
        "-9223372036854775809",
        "1e19",
        "0.5",
        "1e99999",
        "18446744073709551615",
    ] {
        assert_eq!(number(text).to_i64(), None, "{text}");
    }
    assert_eq!(infinity().to_i64(), None);
    assert_eq!(number("9.2e18").to_i64(), Some(9_200_000_000_000_000_000));
}

#[test]
fn json_keeps_every_digit() {
    for text in ["9007199254740993", "0.1", "-1e-99", "12345678901234567890.123456789", "1e+41"] {
        let json: serde_json::Value = serde_json::from_str(text).unwrap();
        let read = Number::parse(json.as_number().unwrap().as_str()).unwrap();
        assert_eq!(read, number(text));
        assert_eq!(serde_json::Value::Number(read.to_json().unwrap()).to_string(), text);
    }
    assert_eq!(infinity().to_json(), None);
}
