//! Which tests run with which Terraform: all of them with the first, what depends on the version
//! with each other one, and never what a version does not have.

use std::collections::BTreeSet;
use std::process::Stdio;

use anyhow::{Context, Result, bail};

use crate::host::Product;
use crate::project::Project;
use crate::provision;
use crate::terraform::{Minor, Terraform};

const EVERYTHING: &[&str] = &["test", "--workspace", "--no-fail-fast", "--"];

/// The test binaries that drive Terraform.
const DRIVING: &[&str] = &[
    "test",
    "--workspace",
    "--no-fail-fast",
    "--test",
    "acceptance",
    "--test",
    "faults",
    "--test",
    "live",
    "--test",
    "dist",
    "--",
];

/// What depends on Terraform's version, as parts of test names: installation, a story for each
/// resource, data source and import, the rules by which Terraform checks plans and numbers, its own
/// language (`moved`, `removed`, `terraform test`), and what it does when it is interrupted.
const VERSION_DEPENDENT: &[&str] = &[
    "adoption::",
    "assignments::exclusive::",
    "assignments::imports::",
    "assignments::plans::",
    "assignments::test_runs::",
    "attach::",
    "attributes::",
    "examples::",
    "functions::",
    "guides::ci_and_drift::",
    "harness_reports_what_terraform_did",
    "identity::",
    "import::",
    "install::",
    "interrupts::",
    "lifecycle::",
    "moves::",
    "numbers::",
    "provider_installed_from_a_mirror_creates_changes_and_destroys",
    "query::",
    "standard_generator::",
    "validation::",
];

/// Something that older versions of Terraform lack, and the tests that need it.
struct Feature {
    name: &'static str,
    /// The first version of Terraform that has it.
    since: Minor,
    /// Whether `OpenTofu` has it, whose versions are not told apart: no package carries one.
    in_opentofu: bool,
    /// The beginnings of the names of its tests.
    tests: &'static [&'static str],
}

const fn since(minor: u32, name: &'static str, tests: &'static [&'static str]) -> Feature {
    Feature { name, since: Minor::terraform_1(minor), in_opentofu: true, tests }
}

/// The same for what `OpenTofu` does not have.
const fn in_terraform_since(
    minor: u32,
    name: &'static str,
    tests: &'static [&'static str],
) -> Feature {
    Feature { in_opentofu: false, ..since(minor, name, tests) }
}

/// Oldest first. A test of several counts for the first that a Terraform lacks.
const FEATURES: &[Feature] = &[
    since(
        7,
        "`import` blocks with `for_each`",
        &["assignments::imports::import_blocks_do_the_same_in_one_apply"],
    ),
    since(
        7,
        "`removed` blocks",
        &[
            "assignments::exclusive::single_assignments_become_a_set_without_a_request",
            "lifecycle::a_removed_block_forgets_and_the_service_keeps",
        ],
    ),
    since(
        7,
        "mocked providers",
        &[
            "assignments::test_runs::a_mocked_provider_has_ids_of_its_own",
            "guides::testing::a_module_is_tested_offline_and_against_the_server",
        ],
    ),
    since(8, "provider functions", &["functions::"]),
    since(
        8,
        "moves of state between providers",
        &["moves::what_is_not_understood_is_an_error_that_names_it"],
    ),
    since(
        8,
        "`nonsensitive` for a value that is not sensitive",
        &["assignments::secrets::a_secret_that_comes_late_is_refused_and_not_shown"],
    ),
    since(
        8,
        "right comparison of large integers that a function computes",
        &["numbers::a_large_integer_that_a_function_computes_is_applied"],
    ),
    since(10, "ephemeral variables", &["guides::ci_and_drift::jobs_without_a_person"]),
    in_terraform_since(12, "resource identity", &["identity::"]),
    in_terraform_since(
        14,
        "`terraform query`",
        &[
            "examples::query::",
            "guides::adopting::query::",
            "identity::the_schema_that_terraform_shows_has_identities_and_lists",
            "query::",
        ],
    ),
    in_terraform_since(14, "list resources in its schemas", GENERATED_PAGES),
];

/// The tests that run `tfplugindocs`, which Go builds.
const GENERATED_PAGES: &[&str] = &["standard_generator::"];

/// The tests in which Terraform is all there is in a root, so that it has to be a program and no script.
const TERRAFORM_ALONE: &[&str] = &["terraform_itself::"];

impl Feature {
    fn is_missing_in(&self, terraform: &Terraform) -> bool {
        match terraform.product {
            Product::Terraform => terraform.minor < self.since,
            Product::OpenTofu => !self.in_opentofu,
        }
    }
}

/// What this Terraform, or the machine, lacks: its name, and the beginnings of the names of the tests that need it.
fn lacks(
    terraform: &Terraform,
    has_generator: bool,
) -> Vec<(&'static str, &'static [&'static str])> {
    let missing = FEATURES.iter().filter(|feature| feature.is_missing_in(terraform));
    let mut lacks: Vec<_> = missing.map(|feature| (feature.name, feature.tests)).collect();
    if provision::is_launcher(&terraform.path) {
        lacks.push(("a program of its own, since Python loads it", TERRAFORM_ALONE));
    }
    if !has_generator {
        lacks.push(("`tfplugindocs`", GENERATED_PAGES));
    }
    lacks
}

/// How much to run with the second Terraform and those after it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Depth {
    /// What depends on the version.
    VersionDependent,
    /// Everything that drives Terraform.
    Driving,
}

/// What to run with one Terraform.
pub(super) struct Scope {
    pub(super) title: &'static str,
    /// Arguments for cargo, filters among them.
    pub(super) args: Vec<String>,
    /// Parts of test names, each of which must match a test.
    pub(super) filters: Vec<&'static str>,
    /// What this Terraform lacks, with the tests that are passed over for it.
    pub(super) passed_over: Vec<(&'static str, BTreeSet<String>)>,
}

impl Scope {
    /// What to run with this Terraform, out of the tests that drive Terraform.
    pub(super) fn new(
        terraform: &Terraform,
        is_first: bool,
        depth: Depth,
        driving: &BTreeSet<String>,
        has_generator: bool,
    ) -> Self {
        let (title, args, mut filters) = match (is_first, depth) {
            (true, _) => ("All tests", EVERYTHING, Vec::new()),
            (_, Depth::Driving) => ("All tests that drive Terraform", DRIVING, Vec::new()),
            (_, Depth::VersionDependent) => {
                ("What depends on its version", DRIVING, VERSION_DEPENDENT.to_vec())
            }
        };
        let selected: BTreeSet<&String> = driving
            .iter()
            .filter(|test| filters.is_empty() || filters.iter().any(|part| test.contains(part)))
            .collect();
        let mut passed_over: Vec<(&str, BTreeSet<String>)> = Vec::new();
        for (name, beginnings) in lacks(terraform, has_generator) {
            let counted = |test: &String| passed_over.iter().any(|(_, tests)| tests.contains(test));
            let needs = |test: &String| beginnings.iter().any(|part| test.starts_with(part));
            let tests = selected.iter().filter(|test| needs(test) && !counted(test));
            let tests: BTreeSet<String> = tests.map(|test| (*test).clone()).collect();
            if !tests.is_empty() {
                passed_over.push((name, tests));
            }
        }
        let skipped: BTreeSet<&String> = passed_over.iter().flat_map(|(_, tests)| tests).collect();
        let runs = |part: &&str| {
            selected.iter().any(|test| test.contains(part) && !skipped.contains(test))
        };
        // A filter of which nothing is left would otherwise count as out of date.
        let is_known = |part: &&str| selected.iter().any(|test| test.contains(part));
        filters.retain(|part| runs(part) || !is_known(part));
        // Whole names: a part of one could be in the name of a test that does not drive Terraform.
        let skips = skipped.iter().flat_map(|test| ["--skip".to_owned(), (*test).clone()]);
        let args = args.iter().chain(&filters).map(|word| (*word).to_owned()).chain(skips);
        Self { title, args: args.collect(), filters, passed_over }
    }
}

/// The names of all tests that drive Terraform. Fails when one of the features is of no test.
pub(super) fn driving(project: &Project) -> Result<BTreeSet<String>> {
    let output = project
        .cargo(&[DRIVING, &["--list", "--format", "terse"]].concat())
        .stderr(Stdio::inherit())
        .output()
        .context("cannot run cargo")?;
    if !output.status.success() {
        bail!("the tests cannot be listed");
    }
    let text = String::from_utf8_lossy(&output.stdout);
    let names = text.lines().filter_map(|line| line.strip_suffix(": test")).map(str::to_owned);
    let names: BTreeSet<String> = names.collect();
    let of_features = FEATURES.iter().flat_map(|feature| feature.tests);
    for beginning in of_features.chain(TERRAFORM_ALONE) {
        if !names.iter().any(|name| name.starts_with(beginning)) {
            bail!("no test is called {beginning}, which scope.rs names");
        }
    }
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(names: &[&str]) -> BTreeSet<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    fn terraform(product: Product, version: u32) -> Terraform {
        Terraform {
            product,
            version: String::new(),
            minor: Minor::terraform_1(version),
            path: "tf".into(),
        }
    }

    #[test]
    fn what_a_version_lacks_is_passed_over_by_whole_names() {
        let both = "identity::the_schema_that_terraform_shows_has_identities_and_lists";
        let driving = names(&["identity::a", both, "query::b", "import::c", "text::identity::d"]);
        let scope = |product, version, is_first| {
            Scope::new(
                &terraform(product, version),
                is_first,
                Depth::VersionDependent,
                &driving,
                true,
            )
        };
        let old = scope(Product::Terraform, 11, false);
        assert!(old.args.join(" ").ends_with(&format!("--skip {both} --skip query::b")));
        let counts: Vec<usize> = old.passed_over.iter().map(|(_, tests)| tests.len()).collect();
        assert_eq!(counts, [2, 1]);
        let newer = scope(Product::Terraform, 12, false);
        assert_eq!(newer.passed_over, [("`terraform query`", names(&[both, "query::b"]))]);
        assert!(old.filters.contains(&"import::"));
        // `text::identity::d` is left of it.
        assert!(old.filters.contains(&"identity::") && !old.filters.contains(&"query::"));
        assert!(scope(Product::Terraform, 15, true).passed_over.is_empty());
        let opentofu = scope(Product::OpenTofu, 15, true);
        assert_eq!(opentofu.passed_over.len(), 2);
        assert!(opentofu.filters.is_empty());
    }

    #[test]
    fn without_go_the_real_generator_is_passed_over() {
        let driving = names(&["standard_generator::a", "import::b"]);
        let passed_over = |version, has_generator| {
            let terraform = terraform(Product::Terraform, version);
            let depth = Depth::VersionDependent;
            Scope::new(&terraform, false, depth, &driving, has_generator).passed_over
        };
        let generated = || names(&["standard_generator::a"]);
        assert!(passed_over(15, true).is_empty());
        assert_eq!(passed_over(15, false), [("`tfplugindocs`", generated())]);
        assert_eq!(passed_over(11, false), [("list resources in its schemas", generated())]);
    }

    #[test]
    fn a_filter_without_any_test_stays_and_is_found_out() {
        let scope = Scope::new(
            &terraform(Product::Terraform, 15),
            false,
            Depth::VersionDependent,
            &names(&["import::a"]),
            true,
        );
        assert_eq!(scope.filters, VERSION_DEPENDENT);
    }
}
