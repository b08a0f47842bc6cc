//! Log lines in the form that hosts read from a plugin's standard error: hclog's JSON, one object
//! per line, at the level that the user asked the host for. What a host cannot take is kept out: a
//! timestamp with other than six digits makes it read the line as text, a line of 64 KiB is torn,
//! and an `@` field that is no string ends the host.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::sync::{Mutex, PoisonError};

use time::OffsetDateTime;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Subscriber};
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt as _};
use tracing_subscriber::registry::{Registry, Scope};

use super::error::with_causes;
use super::{Environment, Plugin};

/// The first part of each target in this package.
const PACKAGE: &str = env!("CARGO_CRATE_NAME");

/// The longest line, with room to spare below the host's 64 KiB.
const MAX_LINE: usize = 60 << 10;

/// The end of a value that was cut.
const CUT: &str = "…";

/// Writes the events of the process to standard error from now on, if the environment asks for any.
pub(super) fn install(plugin: &Plugin, environment: &Environment) {
    let level = level(plugin.log_variables, environment);
    if level != LevelFilter::OFF {
        let subscriber = subscriber(level, plugin.log_module, io::stderr());
        // It fails only when it was called before, and then events are written already.
        let _ = tracing::subscriber::set_global_default(subscriber);
    }
}

/// The level of the first variable that is set. `JSON` is the hosts' word for everything in JSON;
/// what is no level is off.
fn level(variables: &[&str], environment: &Environment) -> LevelFilter {
    match variables.iter().find_map(|name| environment.get(name)?.to_str()) {
        None => LevelFilter::OFF,
        Some(value) if value.eq_ignore_ascii_case("json") => LevelFilter::TRACE,
        Some(value) => value.parse().unwrap_or(LevelFilter::OFF),
    }
}

/// Writes events as lines. Of libraries only warnings: below, they log bytes and frames.
fn subscriber<W: Write + Send + 'static>(
    level: LevelFilter,
    module: &'static str,
    output: W,
) -> impl Subscriber + Send + Sync {
    let libraries = level.min(LevelFilter::WARN);
    let filter = Targets::new().with_default(libraries).with_target(PACKAGE, level);
    Registry::default().with(Hclog { module, output: Mutex::new(output) }).with(filter)
}

struct Hclog<W> {
    /// Takes the place of this package's name in `@module`.
    module: &'static str,
    output: Mutex<W>,
}

impl<W: Write + 'static> Layer<Registry> for Hclog<W> {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, Registry>) {
        let Some(span) = context.span(id) else { return };
        let mut fields = Fields::default();
        attributes.record(&mut fields);
        span.extensions_mut().insert(fields);
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, Registry>) {
        let Some(span) = context.span(id) else { return };
        if let Some(fields) = span.extensions_mut().get_mut::<Fields>() {
            values.record(fields);
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, Registry>) {
        let mut fields = Fields::default();
        for span in context.event_scope(event).into_iter().flat_map(Scope::from_root) {
            if let Some(outer) = span.extensions().get::<Fields>() {
                fields.0.extend(outer.0.clone());
            }
        }
        event.record(&mut fields);
        let (level, target) = (event.metadata().level(), event.metadata().target());
        let module = target.replacen(PACKAGE, self.module, 1).replace("::", ".");
        let line = render(level.as_str(), module, fields, OffsetDateTime::now_utc());
        let mut output = self.output.lock().unwrap_or_else(PoisonError::into_inner);
        // A host that no longer reads is no reason to fail.
        let _ = output.write_all(line.as_bytes());
    }
}

/// Names and values of a span or event. A later value replaces an earlier one, as an inner span's
/// does an outer one's.
#[derive(Clone, Debug, Default)]
struct Fields(BTreeMap<&'static str, String>);

impl Fields {
    /// The names with `@` are hclog's own.
    fn set(&mut self, name: &'static str, value: String) {
        self.0.insert(name.trim_start_matches('@'), value);
    }
}

impl Visit for Fields {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.set(field.name(), value.to_owned());
    }

    fn record_error(&mut self, field: &Field, value: &(dyn std::error::Error + 'static)) {
        self.set(field.name(), with_causes(value));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        self.set(field.name(), format!("{value:?}"));
    }
}

/// The line, with its end. All values are strings. If the line is too long, the longest are cut.
fn render(level: &str, module: String, fields: Fields, now: OffsetDateTime) -> String {
    let mut values = fields.0;
    let message = values.remove("message").unwrap_or_default();
    values.insert("@level", level.to_ascii_lowercase());
    values.insert("@message", message);
    values.insert("@module", module);
    values.insert("@timestamp", timestamp(now));
    let mut limit = MAX_LINE;
    loop {
        let line = serde_json::json!(values).to_string();
        if line.len() < MAX_LINE {
            return line + "\n";
        }
        limit /= 2;
        for value in values.values_mut() {
            cut(value, limit);
        }
    }
}

/// RFC 3339 in UTC with exactly six fractional digits.
fn timestamp(now: OffsetDateTime) -> String {
    let (date, hour, minute) = (now.date(), now.hour(), now.minute());
    let (second, fraction) = (now.second(), now.microsecond());
    format!("{date}T{hour:02}:{minute:02}:{second:02}.{fraction:06}Z")
}

/// Keeps the beginning of a value that is longer than `limit` bytes.
fn cut(value: &mut String, limit: usize) {
    if let Some(end) = (0..=limit).rev().find(|&end| value.is_char_boundary(end))
        && value.len() > limit
    {
        value.replace_range(end.., CUT);
    }
}

#[cfg(test)]
mod tests;
