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
