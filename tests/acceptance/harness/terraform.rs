//! The Terraform that the tests drive, and the result of a run.

use std::fmt;
use std::path::{Path, PathBuf};
use std::process::Output;
use std::sync::OnceLock;

use serde_json::Value;

use super::host::{self, Product, uncoloured};

/// Set by `cargo xtask test`.
const PATH_VARIABLE: &str = "OPENROUTER_ACC_TERRAFORM";

/// A binary of Terraform or `OpenTofu`.
pub(crate) struct Terraform {
    pub(crate) path: PathBuf,
    /// Major and minor number, which mean another thing in each product.
    pub(crate) version: (u32, u32),
    pub(crate) is_opentofu: bool,
}

impl Terraform {
    /// The given one, else one on the PATH. A test without Terraform proves nothing, so it fails.
    pub(crate) fn get() -> &'static Self {
        static FOUND: OnceLock<Terraform> = OnceLock::new();
        FOUND.get_or_init(|| {
            let given = std::env::var_os(PATH_VARIABLE).map(PathBuf::from);
            let found =
                given.or_else(|| ["terraform", "tofu"].into_iter().find_map(host::find_on_path));
            Self::probe(
                &found.expect("`cargo xtask test` finds or installs a Terraform to test with"),
            )
        })
    }

    fn probe(path: &Path) -> Self {
        // Later runs have another working directory.
        let path = std::path::absolute(path).expect("the path is not empty");
        let output = host::hermetic(&path).arg("version").output();
        let output =
            output.unwrap_or_else(|error| panic!("cannot run {}: {error}", path.display()));
        let text = String::from_utf8_lossy(&output.stdout);
        let Some((product, _, version)) = host::parse_version(&text) else {
            panic!("{} does not print its version: {text:?}", path.display())
        };
        Self { path, version, is_opentofu: product == Product::OpenTofu }
    }

    /// Fails unless this is Terraform itself, of at least that version: for what `OpenTofu` and older ones lack.
    pub(crate) fn needs(&self, major: u32, minor: u32) {
        let has_it = !self.is_opentofu && self.version >= (major, minor);
        assert!(has_it, "this test needs Terraform {major}.{minor} or newer");
    }
}

/// The result of a run, shown in full when an assertion about it fails.
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

fn flattened(text: &str) -> String {
    let text = text.replace(['│', '╷', '╵'], " ");
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
