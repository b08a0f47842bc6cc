//! Numbers of every origin: what an expression gives is planned and applied digit for digit, and is no difference afterwards.

use crate::guardrails::named;
use crate::harness::Workspace;

fn limited(expression: &str) -> String {
    named("a", &format!("limit_usd = {expression}\nreset_interval = \"daily\""))
}

/// Plain decimals, results of division, powers, logarithms, and what is at the edges of a double or beyond.
const NUMBERS: &[&str] = &[
    "0.1",
    "0.5",
    "12.25",
    "100",
    "1 / 3",
    "10 / 4",
    "2 / 7 * 100",
    "pow(2, -30)",
    "pow(2, 0.5)",
    "pow(10, -7)",
    "pow(2, 62)",
    "pow(2, -1022)",
    "pow(2, -1074)",
    "log(10, 3)",
    "log(2, 10)",
    "1e308",
    "5e-324",
    "0.123456789012345678901234567890",
    "123456789012345678901234567890",
    "9007199254740993",
    "tonumber(\"0.30000000000000004\")",
    "jsondecode(\"[0.1, 2.675]\")[1]",
    "parseint(\"ff\", 16) / 7",
    "tonumber(format(\"%.15f\", 1 / 1073741824))",
];

#[test]
fn a_number_is_applied_as_it_was_computed() {
    std::thread::scope(|scope| {
        for numbers in NUMBERS.chunks(NUMBERS.len().div_ceil(2)) {
            scope.spawn(move || {
                let workspace = Workspace::new();
                for number in numbers {
                    // In two ways: as an update of what the one before has left, and made anew.
                    workspace.config(&limited(number)).apply();
                    workspace.run(&["plan", "-refresh-only", "-detailed-exitcode"]).exits_with(0);
                    workspace
                        .run(&["apply", "-auto-approve", "-replace=openrouter_guardrail.a"])
                        .succeeds();
                    workspace.plans_nothing();
                }
            });
        }
    });
}

/// What core itself makes impossible. It sends these as doubles and compares them with all of their digits when planning, but
/// keeps its plan as doubles with the fewest digits that tell them apart. An answer with the fewest digits, as a double or as
/// text, does not fit the configuration (which is what is seen here); one with all digits fits that, and does not fit the kept plan:
/// "Provider produced inconsistent final plan". So it is better that nothing gets as far as the apply. The last one is sent as
/// the text 1180591620717411300000, as if that had been written down, and is compared as what it is.
#[test]
fn a_double_with_more_digits_than_it_needs_is_refused_by_core_before_anything_is_made() {
    let workspace = Workspace::new();
    for number in [
        "1 / 1073741824",
        "0.1000000000000000055511151231257827021181583404541015625",
        "725531.26806640625",
    ] {
        workspace
            .config(&limited(number))
            .try_apply()
            .fails()
            .says("Provider produced invalid plan");
        assert!(workspace.mock().guardrails().is_empty());
    }
}
