//! What the demo shows after each step: the guardrails and how many keys and members they are assigned to, and the
//! requests of the step, as short tables.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::console;
use crate::mock::{Holdings, Request};

/// Prints one line per guardrail.
pub(crate) fn guardrails(held: &Holdings) {
    println!("\n  The mock has {}.", console::count(held.guardrails.len(), "guardrail"));
    if held.guardrails.is_empty() {
        return;
    }
    let header = ["name", "id", "budget", "models", "providers", "filters", "keys", "members"]
        .map(str::to_owned);
    let row = |guardrail| row(guardrail, &held.keys, &held.members);
    let rows: Vec<_> = std::iter::once(header).chain(held.guardrails.iter().map(row)).collect();
    print(&rows);
}

/// `keys` and `members` are the ids of the guardrails that are assigned to keys and members.
fn row(guardrail: &Value, keys: &[String], members: &[String]) -> [String; 8] {
    let text = |name: &str| guardrail[name].as_str().unwrap_or("-").to_owned();
    let length = |name: &str| guardrail[name].as_array().map(Vec::len);
    let budget = match &guardrail["limit_usd"] {
        Value::Null => "none".to_owned(),
        limit => format!("{limit} USD {}", text("reset_interval")),
    };
    let restriction = |name: &str| length(name).map_or("any".to_owned(), |count| count.to_string());
    let filters =
        length("content_filters").unwrap_or(0) + length("content_filter_builtins").unwrap_or(0);
    [
        text("name"),
        text("id"),
        budget,
        restriction("allowed_models"),
        restriction("allowed_providers"),
        filters.to_string(),
        under(guardrail, keys).to_string(),
        under(guardrail, members).to_string(),
    ]
}

/// How many of the holders, given by the ids of their guardrails, have this one.
pub(crate) fn under(guardrail: &Value, holders: &[String]) -> usize {
    holders.iter().filter(|id| guardrail["id"] == id.as_str()).count()
}

/// Prints one line per method and path template, with how often it was called.
pub(crate) fn requests(made: &[Request]) {
    println!("\n  This step made {}.", console::count(made.len(), "request"));
    let rows: Vec<_> = counted(made)
        .into_iter()
        .map(|(request, times)| {
            [format!("{times} x"), request.method.clone(), request.template.clone()]
        })
        .collect();
    print(&rows);
}

fn counted(made: &[Request]) -> BTreeMap<&Request, usize> {
    let mut counts = BTreeMap::new();
    for request in made {
        *counts.entry(request).or_insert(0) += 1;
    }
    counts
}

fn print<const N: usize>(rows: &[[String; N]]) {
    for line in console::columns(rows) {
        println!("    {line}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_guardrail_without_restrictions_reads_as_such() {
        let row = row(
            &json!({"name": "free", "id": "1", "limit_usd": null, "content_filters": []}),
            &[],
            &[],
        );
        assert_eq!(row, ["free", "1", "none", "any", "any", "0", "0", "0"]);
    }

    #[test]
    fn a_guardrail_with_everything_is_counted() {
        let guardrail = json!({
            "name": "strict", "id": "2", "limit_usd": 12.5, "reset_interval": "monthly", "allowed_models": ["a", "b"],
            "allowed_providers": ["c"], "content_filters": [{}], "content_filter_builtins": [{}, {}],
        });
        let row = row(&guardrail, &["2", "1", "2"].map(str::to_owned), &["2".to_owned()]);
        assert_eq!(row, ["strict", "2", "12.5 USD monthly", "2", "1", "3", "2", "1"]);
    }

    #[test]
    fn equal_requests_are_counted_together() {
        let request = |method: &str| Request {
            method: method.to_owned(),
            template: "/guardrails".to_owned(),
        };
        let made = [request("POST"), request("GET"), request("POST")];
        let counts: Vec<_> =
            counted(&made).into_iter().map(|(r, n)| (r.method.as_str(), n)).collect();
        assert_eq!(counts, [("GET", 1), ("POST", 2)]);
    }
}
