//! Events from the macro to the lines on the stream.

use std::io;
use std::sync::{Arc, Mutex};

use tracing::{debug, info, info_span, warn};

use super::*;
use crate::transport::server::tests::{PLUGIN, environment};

/// The `@module` of an event in this file.
const MODULE: &str = "test.transport.hclog.tests";

/// A stream that keeps what is written.
#[derive(Clone, Default)]
struct Kept(Arc<Mutex<Vec<u8>>>);

impl Write for Kept {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The lines that `events` leave at a level.
fn lines(level: LevelFilter, events: impl FnOnce()) -> Vec<serde_json::Value> {
    let kept = Kept::default();
    let subscriber = subscriber(level, PLUGIN.log_module, kept.clone());
    tracing::subscriber::with_default(subscriber, events);
    let text = String::from_utf8(kept.0.lock().unwrap().clone()).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn the_first_variable_that_is_set_decides() {
    for (variables, expected) in [
        (&[][..], LevelFilter::OFF),
        (&[("LOG", "debug")], LevelFilter::DEBUG),
        (&[("LOG", "JSON")], LevelFilter::TRACE),
        (&[("LOG", "loud")], LevelFilter::OFF),
        (&[("LOG", "trace"), ("LOG_TEST", "off")], LevelFilter::OFF),
        (&[("LOG", "trace"), ("LOG_TEST", "Warn")], LevelFilter::WARN),
        (&[("LOG", "trace"), ("LOG_TEST", "")], LevelFilter::TRACE),
    ] {
        let level = level(PLUGIN.log_variables, &environment(variables));
        assert_eq!(level, expected, "{variables:?}");
    }
}

#[test]
fn an_event_carries_its_fields_and_those_of_the_spans_around_it() {
    let lines = lines(LevelFilter::INFO, || {
        let outer = info_span!("rpc", tf_rpc = "Read", attempt = 1, late = tracing::field::Empty);
        let _outer = outer.enter();
        outer.record("late", "yes");
        let _inner = info_span!("http", attempt = 2).entered();
        info!(
            status = 404,
            error = &io::Error::other("broken") as &dyn std::error::Error,
            "asked {}",
            "twice"
        );
    });
    let [line] = lines.as_slice() else { panic!("{lines:?}") };
    for (name, value) in [
        ("@level", "info"),
        ("@message", "asked twice"),
        ("@module", MODULE),
        ("tf_rpc", "Read"),
        ("attempt", "2"),
        ("late", "yes"),
        ("status", "404"),
        ("error", "broken"),
    ] {
        assert_eq!(line[name], value, "{name}");
    }
}

#[test]
fn what_was_not_asked_for_is_not_written() {
    let lines = lines(LevelFilter::INFO, || {
        debug!("too much");
        info!("enough");
        info!(target: "h2::frame", "frames are nobody's concern");
        warn!(target: "h2::frame", "trouble is");
    });
    let said: Vec<_> = lines.iter().map(|line| (&line["@module"], &line["@message"])).collect();
    let expected = [(&MODULE.into(), &"enough".into()), (&"h2.frame".into(), &"trouble is".into())];
    assert_eq!(said, expected);
}

/// A line with these fields, and what a host reads from it.
fn rendered(names: &[&'static str], value: &str) -> (String, serde_json::Value) {
    let mut fields = Fields::default();
    for name in names {
        fields.set(name, value.to_owned());
    }
    let text = render("INFO", "test".to_owned(), fields, OffsetDateTime::UNIX_EPOCH);
    let value = serde_json::from_str(&text).expect("a line is one JSON object");
    (text, value)
}

#[test]
fn a_time_without_fraction_has_six_digits_too() {
    assert_eq!(rendered(&[], "").1["@timestamp"], "1970-01-01T00:00:00.000000Z");
}

#[test]
fn no_value_breaks_the_line() {
    let hostile = "a\nb\r\u{1b}[0m\0\"}\\\u{2028}\u{7f}ü";
    let (text, line) = rendered(&["message", "value"], hostile);
    assert_eq!(text.matches('\n').count(), 1);
    assert_eq!((&line["@message"], &line["value"]), (&hostile.into(), &hostile.into()));
}

#[test]
fn a_field_cannot_take_the_place_of_a_name_that_the_host_reads() {
    let (_, line) = rendered(&["@level"], "none");
    assert_eq!((&line["@level"], &line["level"]), (&"info".into(), &"none".into()));
}

#[test]
fn lines_stay_below_the_hosts_limit_and_characters_whole() {
    for filler in ["x", "ü", "\0", "\"", "😀"] {
        let names = ["message", "a", "b", "c", "d", "e", "f"];
        let (text, line) = rendered(&names, &filler.repeat(100_000));
        assert!(text.len() < 64 << 10, "{}", text.len());
        let value = line["a"].as_str().unwrap();
        assert!(value.ends_with(CUT) && value.starts_with(filler));
        assert_eq!(line["@level"], "info");
    }
}
