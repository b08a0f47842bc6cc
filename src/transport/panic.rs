//! What a panic leaves on standard error: a line that begins with `panic: `, by which Terraform
//! recognises a crash and shows it to the user.

use std::io::{self, Write as _};
use std::panic::{self, PanicHookInfo};

/// Replaces the standard text, which Terraform does not recognise.
pub(super) fn install() {
    panic::set_hook(Box::new(|panic| {
        // A failure to write it cannot be reported anywhere.
        let _ = io::stderr().lock().write_all(report(panic).as_bytes());
    }));
}

/// The message, on one line, and where the panic happened.
fn report(panic: &PanicHookInfo<'_>) -> String {
    let payload = panic.payload();
    let message = match (payload.downcast_ref::<&str>(), payload.downcast_ref::<String>()) {
        (Some(message), _) => message,
        (_, Some(message)) => message.as_str(),
        _ => "no message",
    };
    let message = message.replace(['\n', '\r'], " ");
    match panic.location() {
        Some(location) => format!("panic: {message} ({}:{})\n", location.file(), location.line()),
        None => format!("panic: {message}\n"),
    }
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    /// Set in the process that is to panic.
    const CHILD: &str = "PANIC_TEST_CHILD";

    #[test]
    fn a_panic_is_written_as_terraform_reads_a_crash() {
        if std::env::var_os(CHILD).is_some() {
            install();
            panic!("the sky\nis falling");
        }
        let name = "transport::panic::tests::a_panic_is_written_as_terraform_reads_a_crash";
        let mut child = Command::new(std::env::current_exe().unwrap());
        let output = child.args(["--exact", name, "--nocapture"]).env(CHILD, "1").output().unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        let written = stderr.lines().any(|line| {
            line.starts_with("panic: the sky is falling (src/transport/panic.rs:")
                && line.ends_with(')')
        });
        assert!(written, "{stderr}");
    }
}
