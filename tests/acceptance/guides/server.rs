//! The mock as a program, which guides start.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

use super::{Guide, program, run};
use crate::harness::{Run, Workspace};

/// The address that the guide has, which may be in use on this machine.
const ADDRESS: &str = "127.0.0.1:4010";

/// The mock as a program, until this is dropped.
pub(super) struct Server {
    process: Child,
    pub(super) address: String,
}

impl Server {
    /// Starts what the guide's command line runs, at a free port.
    pub(super) fn start(guide: &Guide) -> Self {
        let line = guide.shell("cargo run").replace(ADDRESS, "127.0.0.1:0");
        let (cargo, arguments) = line.trim().split_once(" -- ").unwrap();
        assert_eq!(cargo, "cargo run -q -p mock-openrouter");
        let mut process = Command::new(program("mock-openrouter"))
            .args(arguments.split(' '))
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut said = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut said).unwrap();
        let said: serde_json::Value = serde_json::from_str(&said).unwrap();
        let url = said["base_url"].as_str().unwrap();
        let address = url.strip_prefix("http://").unwrap().split('/').next().unwrap().to_owned();
        let told = guide.next("text", "base_url").replace(ADDRESS, &address);
        assert_eq!(serde_json::from_str::<serde_json::Value>(&told).unwrap(), said);
        Self { process, address }
    }

    /// Runs a script of the guide against this server.
    pub(super) fn run(&self, workspace: &Workspace, script: &str) -> Run {
        run(workspace, &script.replace(ADDRESS, &self.address))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
