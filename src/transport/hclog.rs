//! Log lines in the form that hosts read from a plugin's standard error: hclog's JSON, one object per line, at the
//! level that the user asked the host for.

mod line;

use std::io::{self, Write};
use std::sync::{Mutex, PoisonError};

use tracing::field::Field;
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::layer::{Context, Layer, SubscriberExt as _};
use tracing_subscriber::registry::{LookupSpan, Registry, Scope};

use self::line::{Fields, Line};
use super::{Environment, Plugin};

/// The name by which tracing knows everything that is written in this package.
const PACKAGE: &str = env!("CARGO_CRATE_NAME");

/// Sends every event of the process to standard error from now on, if the environment asks for any.
pub(super) fn install(plugin: &'static Plugin, environment: &Environment) {
    let level = level(plugin.log_variables, environment);
    if level == LevelFilter::OFF {
        return;
    }
    let layer = Hclog { level, module: plugin.log_module, output: Mutex::new(io::stderr()) };
    // It fails only when it was called before, and then events already go where they should.
    let _ = tracing::subscriber::set_global_default(Registry::default().with(layer));
}

/// The level of the first variable that is set. `JSON` is the hosts' word for everything in JSON; what is no level is
/// off.
fn level(variables: &[&str], environment: &Environment) -> LevelFilter {
    let Some(value) = variables.iter().find_map(|name| environment.get(name)) else {
        return LevelFilter::OFF;
    };
    match value.to_string_lossy().to_ascii_lowercase().as_str() {
        "trace" | "json" => LevelFilter::TRACE,
        "debug" => LevelFilter::DEBUG,
        "info" => LevelFilter::INFO,
        "warn" => LevelFilter::WARN,
        "error" => LevelFilter::ERROR,
        _ => LevelFilter::OFF,
    }
}

/// Writes events as lines.
struct Hclog<W> {
    level: LevelFilter,
    module: &'static str,
    output: Mutex<W>,
}

impl<W> Hclog<W> {
    /// What libraries have to say below a warning is about bytes and frames, not about the user's work.
    fn level_of(&self, target: &str) -> LevelFilter {
        if part_of_package(target).is_some() {
            self.level
        } else {
            self.level.min(LevelFilter::WARN)
        }
    }

    /// The plugin's name and the layer that speaks; for a library, its name.
    fn module(&self, target: &str) -> String {
        match part_of_package(target) {
            Some("") => self.module.to_owned(),
            Some(layer) => format!("{}.{layer}", self.module),
            None => target.split("::").next().unwrap_or_default().to_owned(),
        }
    }
}

/// The topmost module of a target in this package; `None` for a target elsewhere.
fn part_of_package(target: &str) -> Option<&str> {
    let mut parts = target.split("::");
    (parts.next() == Some(PACKAGE)).then(|| parts.next().unwrap_or_default())
}

impl<S, W> Layer<S> for Hclog<W>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    W: Write + 'static,
    Self: 'static,
{
    fn enabled(&self, metadata: &Metadata<'_>, _context: Context<'_, S>) -> bool {
        *metadata.level() <= self.level_of(metadata.target())
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(self.level)
    }

    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let Some(span) = context.span(id) else { return };
        let mut fields = Fields::default();
        attributes.record(&mut fields);
        span.extensions_mut().insert(fields);
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        let Some(span) = context.span(id) else { return };
        if let Some(fields) = span.extensions_mut().get_mut::<Fields>() {
            values.record(fields);
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let mut fields = Fields::default();
        for span in context.event_scope(event).into_iter().flat_map(Scope::from_root) {
            if let Some(outer) = span.extensions().get::<Fields>() {
                fields.extend(outer);
            }
        }
        event.record(&mut fields);
        let message = fields.take_message();
        let target = event.metadata().target();
        let line = Line {
            level: name_of(*event.metadata().level()),
            message: &message,
            module: &self.module(target),
            fields: &fields,
        };
        let mut output = self.output.lock().unwrap_or_else(PoisonError::into_inner);
        // A host that no longer reads is no reason to fail.
        let _ = output.write_all(line.render(time::OffsetDateTime::now_utc()).as_bytes());
    }
}

/// hclog's name of a level.
fn name_of(level: Level) -> &'static str {
    match level {
        Level::TRACE => "trace",
        Level::DEBUG => "debug",
        Level::INFO => "info",
        Level::WARN => "warn",
        Level::ERROR => "error",
    }
}

impl tracing::field::Visit for Fields {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.set(field.name(), value.to_owned());
    }

    fn record_error(&mut self, field: &Field, value: &(dyn std::error::Error + 'static)) {
        self.set(field.name(), super::with_causes(value));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        self.set(field.name(), format!("{value:?}"));
    }
}

#[cfg(test)]
mod tests;
