//! Terraform in the background, in a process group of its own that can be interrupted as a terminal does it.

use std::io;
use std::os::unix::process::CommandExt;
use std::process::{Command, Output, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use super::{Run, Workspace};

/// A run that has not been waited for.
pub(crate) struct Running<'a> {
    workspace: &'a Workspace,
    line: String,
    group: u32,
    output: Receiver<io::Result<Output>>,
    has_ended: bool,
}

impl Workspace {
    /// Starts Terraform and returns without waiting for its end.
    pub(crate) fn start(&self, args: &[&str]) -> Running<'_> {
        let mut command = self.command(args);
        let child = command.process_group(0).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
        let child = child.expect("Terraform can be started");
        let (group, (sender, output)) = (child.id(), channel());
        std::thread::spawn(move || sender.send(child.wait_with_output()));
        let line = format!("terraform {}", args.join(" "));
        Running { workspace: self, line, group, output, has_ended: false }
    }
}

impl Running<'_> {
    /// What Ctrl-C does: Terraform and all that it has started get the signal.
    pub(crate) fn interrupt(&self) {
        assert!(
            self.signal("INT"),
            "Terraform has ended before it could be interrupted: {}",
            self.line
        );
    }

    /// Waits for the end, which must come within that time.
    #[track_caller]
    pub(crate) fn ends_within(mut self, limit: Duration) -> Run {
        let Ok(output) = self.output.recv_timeout(limit) else {
            panic!("still runs after {limit:?}: {}", self.line)
        };
        self.has_ended = true;
        let output = output.expect("Terraform's output can be read");
        self.workspace.check_run(self.line.clone(), output)
    }

    fn signal(&self, name: &str) -> bool {
        let group = format!("-{}", self.group);
        let sent = Command::new("kill").args([&format!("-{name}"), "--", &group]).status();
        sent.expect("there is a kill command").success()
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        // A test that failed leaves it running.
        if !self.has_ended {
            self.signal("KILL");
        }
    }
}
