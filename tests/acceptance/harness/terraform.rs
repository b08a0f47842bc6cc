//! The Terraform that the tests drive, and what one run of it gave.

use std::fmt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

use serde_json::Value;

/// Handed over by `cargo xtask test`, once per Terraform.
const HANDED_OVER: &str = "OPENROUTER_ACC_TERRAFORM";

/// A binary of Terraform or `OpenTofu`.
pub(crate) struct Terraform {
    pub(crate) path: PathBuf,
    /// Major and minor number. `OpenTofu` counts on its own.
    pub(crate) version: (u32, u32),
    pub(crate) is_opentofu: bool,
}

impl Terraform {
    /// The one that was handed over, else one on the PATH. A test without Terraform proves nothing, so it fails.
    pub(crate) fn get() -> &'static Self {
        static FOUND: OnceLock<Terraform> = OnceLock::new();
        FOUND.get_or_init(|| {
            let handed_over = std::env::var_os(HANDED_OVER).map(PathBuf::from);
            let Some(path) = handed_over.or_else(on_path) else {
                panic!(
                    "no Terraform to test with: run `cargo xtask test`, which finds or installs it"
                );
            };
            Self::ask(&path)
        })
    }

    fn ask(path: &Path) -> Self {
        // Later runs have another working directory.
        let path = std::path::absolute(path).expect("the path is not empty");
        let output = hermetic(&path).arg("version").output();
        let output =
            output.unwrap_or_else(|error| panic!("cannot run {}: {error}", path.display()));
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let parsed = text.lines().find_map(|line| {
            let (product, version) = line.split_once(" v")?;
            let mut numbers = version.split('.').map(str::parse);
            let version = (numbers.next()?.ok()?, numbers.next()?.ok()?);
            Some((version, product == "OpenTofu"))
        });
        let (version, is_opentofu) = parsed
            .unwrap_or_else(|| panic!("{} does not say its version: {text:?}", path.display()));
        Self { path, version, is_opentofu }
    }

    /// Whether this is Terraform itself, of at least that version: for what `OpenTofu` and older ones lack.
    pub(crate) fn is_terraform_since(&self, major: u32, minor: u32) -> bool {
        !self.is_opentofu && self.version >= (major, minor)
    }
}

fn on_path() -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    ["terraform", "tofu"].iter().find_map(|name| {
        let file = format!("{name}{}", std::env::consts::EXE_SUFFIX);
        std::env::split_paths(&path)
            .map(|folder| folder.join(&file))
            .find(|candidate| candidate.is_file())
    })
}

/// A command whose environment holds nothing that steers Terraform or the provider, nor a proxy on the way to loopback.
pub(crate) fn hermetic(program: &Path) -> Command {
    let mut command = Command::new(program);
    for (name, _) in std::env::vars_os() {
        let upper = name.to_string_lossy().to_ascii_uppercase();
        let steers =
            ["TF_", "OPENROUTER_", "PLUGIN_"].iter().any(|prefix| upper.starts_with(prefix));
        if steers || upper.ends_with("_PROXY") {
            command.env_remove(name);
        }
    }
    command.envs([("CHECKPOINT_DISABLE", "1"), ("TF_IN_AUTOMATION", "1"), ("TF_INPUT", "0")]);
    command
}

/// What a run gave. Shown in full when an assertion about it fails.
pub(crate) struct Run {
    /// The command line, for messages.
    pub(crate) line: String,
    /// The exit code; none when a signal ended it.
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Run {
    pub(crate) fn new(line: String, output: Output) -> Self {
        let text = |bytes| uncoloured(&String::from_utf8(bytes).expect("Terraform prints UTF-8"));
        Self {
            line,
            code: output.status.code(),
            stdout: text(output.stdout),
            stderr: text(output.stderr),
        }
    }

    /// Expects exit code 0.
    #[track_caller]
    pub(crate) fn succeeds(self) -> Self {
        self.exits_with(0)
    }

    /// Expects exit code 1: Terraform met an error and said so.
    #[track_caller]
    pub(crate) fn fails(self) -> Self {
        self.exits_with(1)
    }

    #[track_caller]
    pub(crate) fn exits_with(self, code: i32) -> Self {
        assert!(self.code == Some(code), "expected exit code {code}\n{self}");
        self
    }

    /// Expects a text somewhere in the output. Line breaks and box drawing, which depend on Terraform's idea of the
    /// terminal, don't count.
    #[track_caller]
    pub(crate) fn says(self, text: &str) -> Self {
        assert!(self.words().contains(&flattened(text)), "expected it to say {text:?}\n{self}");
        self
    }

    /// Expects that a text is nowhere in the output, flattened or as it is.
    #[track_caller]
    pub(crate) fn never_says(self, text: &str) -> Self {
        let said = self.words().contains(&flattened(text))
            || self.stdout.contains(text)
            || self.stderr.contains(text);
        assert!(!said, "expected it not to say {text:?}\n{self}");
        self
    }

    /// Everything it printed, on one line, single-spaced and without boxes.
    pub(crate) fn words(&self) -> String {
        flattened(&format!("{}\n{}", self.stdout, self.stderr))
    }

    /// Reads stdout as one JSON document.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.stdout)
            .unwrap_or_else(|error| panic!("not JSON: {error}\n{self}"))
    }

    /// Reads stdout as JSON lines, which is what `-json` gives for plan, apply, destroy and query.
    #[track_caller]
    pub(crate) fn events(&self) -> Vec<Value> {
        let event = |line| {
            serde_json::from_str(line).unwrap_or_else(|error| panic!("not JSON: {error}\n{self}"))
        };
        self.stdout.lines().map(event).collect()
    }
}

impl fmt::Display for Run {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = Terraform::get().path.display();
        let code = self.code.map_or("a signal".to_owned(), |code| code.to_string());
        write!(f, "$ {} # {path}\n{}{}ended with {code}", self.line, self.stdout, self.stderr)
    }
}

/// Terraform colours what it prints into a pipe too, unless told otherwise by a flag that not every command takes.
fn uncoloured(text: &str) -> String {
    let mut parts = text.split("\u{1b}[");
    let mut plain = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        plain.push_str(part.split_once('m').map_or(part, |(_, after)| after));
    }
    plain
}

fn flattened(text: &str) -> String {
    let text = text.replace(['│', '╷', '╵'], " ");
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
