//! Where two recordings differ. Knows nothing of what was recorded.

use std::collections::BTreeSet;
use std::fmt;

use serde_json::Value;

use crate::recording::{Observation, Recording};

/// One place where the live API did something else than the mock.
#[derive(Debug, PartialEq)]
pub(crate) struct Difference {
    pub(crate) operation: String,
    /// Where in the outcome, such as `body.data.name`.
    pub(crate) place: String,
    /// What each of the two has there; none where there is nothing.
    pub(crate) live: Option<Value>,
    pub(crate) mock: Option<Value>,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = |value: &Option<Value>| match value {
            Some(value) => value.to_string(),
            None => "absent".to_owned(),
        };
        let (live, mock) = (shown(&self.live), shown(&self.mock));
        write!(f, "{}\n    {}: live {live}, mock {mock}", self.operation, self.place)
    }
}

/// All differences, in the order of the operations. An operation that only one side has reached is
/// a difference too.
pub(crate) fn differences(live: &Recording, mock: &Recording) -> Vec<Difference> {
    let (live, mock) = (&live.observations, &mock.observations);
    let in_both = |observation: &Observation, others: &[Observation]| {
        others.iter().any(|other| other.operation == observation.operation)
    };
    let mut found = Vec::new();
    for theirs in mock {
        let ours = live.iter().find(|ours| ours.operation == theirs.operation);
        match ours {
            Some(ours) => {
                compare(
                    &theirs.operation,
                    "",
                    Some(&ours.outcome),
                    Some(&theirs.outcome),
                    &mut found,
                );
            }
            None => found.push(Difference::reached(&theirs.operation, false)),
        }
    }
    let only_live = live.iter().filter(|ours| !in_both(ours, mock));
    found.extend(only_live.map(|ours| Difference::reached(&ours.operation, true)));
    found
}

impl Difference {
    /// An operation that only one of the two has reached.
    fn reached(operation: &str, by_live: bool) -> Self {
        let done = Some(Value::from("done"));
        let (live, mock) = if by_live { (done, None) } else { (None, done) };
        Self { operation: operation.to_owned(), place: "operation".to_owned(), live, mock }
    }
}

fn compare(
    operation: &str,
    place: &str,
    live: Option<&Value>,
    mock: Option<&Value>,
    found: &mut Vec<Difference>,
) {
    match (live, mock) {
        (Some(Value::Object(ours)), Some(Value::Object(theirs))) => {
            let names: BTreeSet<&String> = ours.keys().chain(theirs.keys()).collect();
            for name in names {
                let place = if place.is_empty() { name.clone() } else { format!("{place}.{name}") };
                compare(operation, &place, ours.get(name), theirs.get(name), found);
            }
        }
        (Some(Value::Array(ours)), Some(Value::Array(theirs))) => {
            for index in 0..ours.len().max(theirs.len()) {
                let place = format!("{place}[{index}]");
                compare(operation, &place, ours.get(index), theirs.get(index), found);
            }
        }
        (live, mock) if are_equal(live, mock) => {}
        (live, mock) => found.push(Difference {
            operation: operation.to_owned(),
            place: place.to_owned(),
            live: live.cloned(),
            mock: mock.cloned(),
        }),
    }
}

/// 5 and 5.0 are one number.
fn are_equal(live: Option<&Value>, mock: Option<&Value>) -> bool {
    let number = |value: Option<&Value>| value.and_then(Value::as_f64);
    live == mock || (number(live).is_some() && number(live) == number(mock))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ours::Names;
    use crate::service::{ManagementKey, Target};
    use serde_json::json;

    const ONE: &str = "0f0e0d0c-0b0a-4908-8706-050403020100";
    const OTHER: &str = "11111111-2222-4333-8444-555555555555";
    const MOCK: &str = "aaaaaaaa-aaaa-4aaa-8aaa-aaaaaaaaaaaa";
    const LIVE: &str = "bbbbbbbb-bbbb-4bbb-8bbb-bbbbbbbbbbbb";

    fn recorded(outcomes: &[(&str, Value)], workspace: &str) -> Recording {
        let target = Target {
            base_url: String::new(),
            key: ManagementKey::new("secret".to_owned()),
            workspace: workspace.to_owned(),
            key_hash: None,
            user_id: None,
        };
        let names = Names { prefix: format!("tf-live-{workspace}-") };
        let mut recording = Recording::new(&target, &names);
        for (operation, outcome) in outcomes {
            recording.outcome(operation, outcome);
        }
        recording
    }

    fn row(workspace: &str, id: &str, time: &str) -> Value {
        let name = format!("tf-live-{workspace}-api");
        json!({ "id": id, "name": name, "workspace_id": workspace, "created_at": time })
    }

    #[test]
    fn what_varies_from_run_to_run_is_no_difference_but_its_form_is() {
        let mock = recorded(&[("create", row(MOCK, ONE, "2026-01-02T03:04:05.678Z"))], MOCK);
        let same = recorded(&[("create", row(LIVE, OTHER, "2027-11-12T13:14:15.000Z"))], LIVE);
        assert_eq!(differences(&same, &mock), []);
        let other = recorded(&[("create", row(LIVE, "17", "2027-11-12T13:14:15+00:00"))], LIVE);
        let places: Vec<_> =
            differences(&other, &mock).into_iter().map(|found| found.place).collect();
        assert_eq!(places, ["created_at", "id"]);
    }

    #[test]
    fn fields_types_values_and_operations_are_compared() {
        let live = json!({ "a": [1.0, null], "b": { "c": "1" }, "new": null, "message": "no" });
        let mock = json!({ "a": [1, []], "b": { "c": 1 }, "old": true, "message": "never" });
        let live = recorded(&[("read", live)], LIVE);
        let mock = recorded(&[("read", mock), ("delete", json!(200))], MOCK);
        let found: Vec<_> = differences(&live, &mock).iter().map(ToString::to_string).collect();
        assert_eq!(
            found,
            [
                "read\n    a[1]: live null, mock []",
                "read\n    b.c: live \"1\", mock 1",
                "read\n    new: live null, mock absent",
                "read\n    old: live absent, mock true",
                "delete\n    operation: live absent, mock \"done\"",
            ]
        );
    }

    #[test]
    fn the_key_is_in_no_recording() {
        let live =
            recorded(&[("read", json!({ "echo": "Bearer secret", "metadata": "c2VjcmV0" }))], LIVE);
        let outcome = &live.observations[0].outcome;
        assert_eq!(*outcome, json!({ "echo": "Bearer <management key>", "metadata": "<any>" }));
    }
}
