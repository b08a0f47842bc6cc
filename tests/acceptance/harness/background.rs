//! Terraform in the background, in a process group of its own that can be interrupted as a terminal does it.

use std::io;
use std::os::unix::process::CommandExt;
use std::process::{Command, Output, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Duration;

use super::{Run, Workspace};

/// A run that goes on.
pub(crate) struct Running<'a> {
    workspace: &'a Workspace,
    line: String,
    group: u32,
    ended: Option<Receiver<io::Result<Output>>>,
}

impl Workspace {
    /// Starts Terraform and goes on without waiting for its end.
    pub(crate) fn start(&self, args: &[&str]) -> Running<'_> {
        let mut command = self.command(args);
        let child = command.process_group(0).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
        let child = child.expect("Terraform can be started");
        let (group, (tell, ended)) = (child.id(), channel());
        std::thread::spawn(move || tell.send(child.wait_with_output()));
        Running {
            workspace: self,
            line: format!("terraform {}", args.join(" ")),
            group,
            ended: Some(ended),
        }
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
    pub(crate) fn ends_within(mut self, patience: Duration) -> Run {
        let ended = self.ended.as_ref().map(|ended| ended.recv_timeout(patience));
        let output = match ended {
            Some(Ok(output)) => output.expect("Terraform's output can be read"),
            Some(Err(RecvTimeoutError::Timeout)) => {
                panic!("still runs after {patience:?}: {}", self.line)
            }
            _ => panic!("nobody waits for it: {}", self.line),
        };
        self.ended = None;
        self.workspace.ran(std::mem::take(&mut self.line), output)
    }

    fn signal(&self, name: &str) -> bool {
        let group = format!("-{}", self.group);
        let sent = Command::new("kill").args([&format!("-{name}"), "--", &group]).status();
        sent.expect("there is a kill command").success()
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        // A test that failed leaves it behind.
        if self.ended.is_some() {
            self.signal("KILL");
        }
    }
}
