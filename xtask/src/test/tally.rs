//! Reads the output of `cargo test`: how many tests passed and failed, and which failed in which test binary.

use std::collections::BTreeSet;
use std::fmt;

/// The result of one run of cargo, or of several.
#[derive(Debug, Default)]
pub(super) struct Tally {
    pub(super) passed: usize,
    pub(super) failed: usize,
    /// The failed tests as `BINARY: TEST`.
    pub(super) failures: BTreeSet<String>,
    /// The names of all tests that ran.
    tests: BTreeSet<String>,
    position: Position,
}

/// Where in the output the reader is.
#[derive(Debug, Default)]
struct Position {
    /// The source file of the running test binary, or the name of the crate whose documentation is tested.
    binary: Option<String>,
    in_failures: bool,
}

impl Tally {
    /// Reads the next line of output.
    pub(super) fn read(&mut self, line: &str) {
        if let Some(binary) = binary_of(line) {
            self.end_binary();
            self.position.binary = Some(binary);
        } else if let Some((passed, failed)) = result_of(line) {
            self.passed += passed;
            self.failed += failed;
            self.position = Position::default();
        } else if let Some((test, outcome)) = test_of(line) {
            self.tests.insert(test.to_owned());
            if outcome.starts_with("FAILED") {
                self.add_failure(test);
            }
        } else if let Some(test) = self.listed_failure(line) {
            self.add_failure(test);
        }
    }

    /// Ends the output. A run that failed without a failed test, as when something does not compile, counts as one failure.
    pub(super) fn end(&mut self, command: &str, status: std::process::ExitStatus) {
        self.end_binary();
        if !status.success() && self.failed == 0 {
            self.failed = 1;
            self.failures.insert(format!("`{command}` ended with {status}"));
        }
    }

    /// A filter that matches no test is a failure: it is out of date, and what it selected does not run any more.
    pub(super) fn expect_matches(&mut self, filters: &[&str]) {
        for filter in filters {
            if !self.tests.iter().any(|test| test.contains(filter)) {
                self.failed += 1;
                self.failures.insert(format!("no test is called {filter}"));
            }
        }
    }

    /// Adds the result of another run, its failures marked with a note.
    pub(super) fn add(&mut self, other: Self, note: &str) {
        self.passed += other.passed;
        self.failed += other.failed;
        let failures = other.failures.into_iter().map(|failure| format!("{note}: {failure}"));
        self.failures.extend(failures);
    }

    /// A binary that prints no result has crashed.
    fn end_binary(&mut self) {
        if let Some(binary) = self.position.binary.take() {
            self.failed += 1;
            self.failures.insert(format!("{binary}: ended without a result"));
        }
        self.position = Position::default();
    }

    /// A line of the list at the end: `    NAME`, below `failures:`. It also has the tests whose own lines were broken up by
    /// what they printed.
    fn listed_failure<'a>(&mut self, line: &'a str) -> Option<&'a str> {
        if line == "failures:" {
            self.position.in_failures = true;
            return None;
        }
        let name = line.strip_prefix("    ").filter(|name| is_test_name(name));
        self.position.in_failures &= name.is_some() || line.is_empty();
        name.filter(|_| self.position.in_failures)
    }

    fn add_failure(&mut self, test: &str) {
        let binary = self.position.binary.as_deref().unwrap_or("a test binary");
        self.failures.insert(format!("{binary}: {test}"));
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} passed, {} failed", self.passed, self.failed)
    }
}

/// What cargo is about to run: `     Running tests/api.rs (target/…/api-1f2e)`, `   Doc-tests NAME`. The unit tests of all
/// packages have the same source file, so the name of the binary goes before it.
fn binary_of(line: &str) -> Option<String> {
    let line = line.trim_start();
    let Some(running) = line.strip_prefix("Running ") else {
        return line.strip_prefix("Doc-tests ").map(str::to_owned);
    };
    let (source, file) = running.strip_suffix(')')?.split_once(" (")?;
    let Some(source) = source.strip_prefix("unittests ") else { return Some(source.to_owned()) };
    let file = file.rsplit(['/', '\\']).next()?;
    let name = file.rsplit_once('-').map_or(file, |(name, _)| name);
    Some(format!("{name} {source}"))
}

/// The counts of the line with which each test binary ends: `test result: ok. 3 passed; 0 failed; …`.
fn result_of(line: &str) -> Option<(usize, usize)> {
    let (_, counts) = line.strip_prefix("test result: ")?.split_once(". ")?;
    let number = |noun: &str| {
        let count = counts.split("; ").find_map(|part| part.strip_suffix(noun))?;
        count.trim().parse().ok()
    };
    Some((number("passed")?, number("failed")?))
}

/// Name and outcome of a line `test NAME ... OUTCOME`.
fn test_of(line: &str) -> Option<(&str, &str)> {
    let (name, outcome) = line.strip_prefix("test ")?.split_once(" ... ")?;
    Some((name.strip_suffix(" - should panic").unwrap_or(name), outcome))
}

/// `module::test`, or `src/lib.rs - module::item (line 3)` for documentation.
fn is_test_name(text: &str) -> bool {
    text.starts_with(|first: char| first.is_alphanumeric() || first == '_')
        && (!text.contains(' ') || text.contains(" (line "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tally(output: &str) -> Tally {
        let mut tally = Tally::default();
        output.lines().for_each(|line| tally.read(line));
        tally
    }

    #[test]
    fn only_result_lines_count() {
        let ok = "test result: ok. 12 passed; 0 failed; 1 ignored; 0 measured; 3 filtered out; finished in 0.01s";
        assert_eq!(result_of(ok), Some((12, 0)));
        let bad = "test result: FAILED. 11 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out; finished in 9s";
        assert_eq!(result_of(bad), Some((11, 2)));
        for line in ["test a::b ... ok", "running 3 tests", "test result: what", ""] {
            assert_eq!(result_of(line), None, "{line}");
        }
    }

    #[test]
    fn what_failed_is_named_once_with_its_binary() {
        let output = "\
     Running unittests src/lib.rs (target/debug/deps/lib-1)

running 1 test
test a::wrong ... FAILED

test result: FAILED. 1 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.01s

     Running tests/client/main.rs (target/debug/deps/client-1)

running 3 tests
test models::lost ... FAILED
test pages::broken_up ... 300 requests in 3 s

failures:

---- models::lost stdout ----
    indented::words
assertion failed

failures:
    models::lost
    pages::broken_up

test result: FAILED. 1 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out; finished in 9s

error: test failed, to rerun pass `--test client`
   Doc-tests mock_openrouter

running 1 test
test src/lib.rs - Mock (line 3) ... FAILED

failures:
    src/lib.rs - Mock (line 3)

test result: FAILED. 0 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out; finished in 9s
";
        let tally = tally(output);
        assert_eq!(tally.to_string(), "2 passed, 4 failed");
        let failures: Vec<_> = tally.failures.into_iter().collect();
        assert_eq!(
            failures,
            [
                "lib src/lib.rs: a::wrong",
                "mock_openrouter: src/lib.rs - Mock (line 3)",
                "tests/client/main.rs: models::lost",
                "tests/client/main.rs: pages::broken_up",
            ]
        );
    }

    #[test]
    fn a_filter_that_matches_no_test_is_a_failure() {
        let mut tally = tally("test import::by_id ... ok\ntest numbers ... FAILED\n");
        tally.expect_matches(&["import::", "numbers"]);
        assert_eq!(tally.failed, 0);
        tally.expect_matches(&["gone::"]);
        assert!(tally.failures.contains("no test is called gone::"));
    }

    #[test]
    fn a_binary_without_a_result_is_a_failure() {
        let output = "     Running tests/one.rs (target/debug/deps/one-1)\n\
                      running 1 test\n\
                      error: test failed, to rerun pass `--test one`\n     \
                      Running tests/two.rs (target/debug/deps/two-1)\n\
                      test result: ok. 1 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0s\n";
        let tally = tally(output);
        assert_eq!(tally.to_string(), "1 passed, 1 failed");
        assert_eq!(
            tally.failures.into_iter().collect::<Vec<_>>(),
            ["tests/one.rs: ended without a result"]
        );
    }
}
