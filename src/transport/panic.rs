//! What a panic leaves on standard error, in the form by which Terraform recognises a crash and shows it to the user:
//! a line that begins with `panic: `, then where it happened.

use std::backtrace::Backtrace;
use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::panic::{self, Location, PanicHookInfo};

/// What the names of this package's own functions begin with; the rest of a backtrace is the runtime's machinery.
const PACKAGE: &str = concat!(env!("CARGO_CRATE_NAME"), "::");

/// The host keeps about 100 lines; the innermost calls tell most.
const FRAMES: usize = 20;

/// Takes over from the standard text, which Terraform does not recognise.
pub(super) fn install() {
    panic::set_hook(Box::new(|panic| {
        let text =
            report(message(panic), panic.location(), &Backtrace::force_capture().to_string());
        // A process that cannot even write its last words has nobody to tell.
        let _ = io::stderr().lock().write_all(text.as_bytes());
    }));
}

fn message<'a>(panic: &'a PanicHookInfo<'_>) -> &'a str {
    let payload = panic.payload();
    payload
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| payload.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("no message")
}

/// The text, each line of it readable by itself.
fn report(message: &str, location: Option<&Location<'_>>, backtrace: &str) -> String {
    let mut text = format!("panic: {}", message.replace(['\n', '\r'], " "));
    if let Some(location) = location {
        let _ = write!(text, " ({location})");
    }
    text.push('\n');
    let mut frames = frames(backtrace).peekable();
    if frames.peek().is_some() {
        text.push_str("backtrace:\n");
    }
    for frame in frames.take(FRAMES) {
        let _ = writeln!(text, "    {frame}");
    }
    text
}

/// The package's own functions in a backtrace, each with its place if that is known. A release build knows neither.
fn frames(backtrace: &str) -> impl Iterator<Item = String> {
    let mut lines = backtrace.lines().map(str::trim).peekable();
    std::iter::from_fn(move || {
        loop {
            let line = lines.next()?;
            let Some((_, function)) =
                line.split_once(": ").filter(|(_, name)| name.contains(PACKAGE))
            else {
                continue;
            };
            let place = lines.next_if(|line| line.starts_with("at ")).unwrap_or_default();
            return Some(format!("{function} {place}").trim_end().to_owned());
        }
    })
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    /// Set in the process that is to panic.
    const CHILD: &str = "PANIC_TEST_CHILD";

    #[test]
    fn frames_of_the_package_are_kept_with_their_place() {
        let backtrace = format!(
            "   0: std::panicking::panic\n             at /rustc/panicking.rs:1:2\n   1: {PACKAGE}cty::decode\n\
             at src/cty.rs:3:4\n   2: {PACKAGE}main\n   3: <unknown>\n"
        );
        let kept: Vec<_> = frames(&backtrace).collect();
        assert_eq!(
            kept,
            [format!("{PACKAGE}cty::decode at src/cty.rs:3:4"), format!("{PACKAGE}main")]
        );
    }

    #[test]
    fn a_panic_is_written_as_terraform_reads_a_crash() {
        if std::env::var_os(CHILD).is_some() {
            install();
            panic!("the sky\nis falling");
        }
        let name = "transport::panic::tests::a_panic_is_written_as_terraform_reads_a_crash";
        let child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", name, "--nocapture"])
            .env(CHILD, "1")
            .output()
            .unwrap();
        let stderr = String::from_utf8(child.stderr).unwrap();
        let line = stderr
            .lines()
            .find(|line| line.starts_with("panic: "))
            .unwrap_or_else(|| panic!("{stderr}"));
        assert!(line.starts_with("panic: the sky is falling (src/transport/panic.rs:"), "{line}");
        assert!(stderr.contains(&format!("{PACKAGE}transport::panic::tests")), "{stderr}");
    }
}
