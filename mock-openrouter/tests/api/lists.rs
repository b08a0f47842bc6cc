//! Lists that lie about their rows and their count.

use std::collections::BTreeSet;

use mock_openrouter::{Action, Fault, Options, Rows};
use serde_json::{Value, json};

use crate::client::{Api, column};

/// An API with 12 guardrails, whose list lies like this.
fn lying(action: Action) -> Api {
    let api = Api::new();
    for number in 0..12 {
        api.create(&json!({ "name": format!("g{number}") }));
    }
    lie(&api, "/guardrails", action);
    api
}

fn lie(api: &Api, template: &str, action: Action) {
    api.mock.clear_faults();
    api.mock.add_fault(Fault::on("GET", template, action).forever()).unwrap();
}

/// The ids and the count of a page of five.
fn page(api: &Api, path: &str, offset: usize) -> (Vec<String>, Value) {
    let (status, answer) = api.get(&format!("{path}?limit=5&offset={offset}"));
    assert_eq!(status, 200, "{answer}");
    (column(&answer["data"], "id"), answer["total_count"].clone())
}

#[test]
fn counts_can_be_too_high_or_too_low() {
    for (add, shown) in [(3, 15), (-4, 8), (-20, 0)] {
        let api = lying(Action::wrong_total(add));
        assert_eq!(page(&api, "/guardrails", 0).1, json!(shown));
        let (rows, total) = page(&api, "/guardrails", 10);
        assert_eq!((rows.len(), total), (2, json!(shown)));
    }
}

#[test]
fn every_page_can_be_the_first_one() {
    let api = lying(Action::repeated_page());
    let first = page(&api, "/guardrails", 0);
    assert_eq!((first.0.len(), &first.1), (5, &json!(12)));
    assert_eq!(page(&api, "/guardrails", 5), first);
    assert_eq!(page(&api, "/guardrails", 500), first);

    lie(&api, "/guardrails", Action::endless_list(Rows::Repeat));
    assert_eq!(page(&api, "/guardrails", 5), (first.0, json!(15)));
}

#[test]
fn pages_can_go_on_for_ever_with_new_rows() {
    let api = lying(Action::endless_list(Rows::New));
    let mut ids = BTreeSet::new();
    for offset in (0..100).step_by(5) {
        let (rows, total) = page(&api, "/guardrails", offset);
        assert_eq!((rows.len(), total), (5, json!(offset + 10)));
        ids.extend(rows);
    }
    assert_eq!(ids.len(), 100);
    assert_eq!(page(&api, "/guardrails", 50), page(&api, "/guardrails", 50));
    assert_eq!(api.mock.guardrails().len(), 12);

    lie(&api, "/guardrails", Action::endless_list(Rows::True));
    assert_eq!(page(&api, "/guardrails", 50), (vec![], json!(60)));
}

#[test]
fn the_other_lists_lie_as_well() {
    let api = Api::with(Options { seed_keys: 4, ..Options::default() });
    let workspace = api.mock.default_workspace_id();
    let guardrail = api.guardrail("g", &workspace);
    api.mock.assign_keys(&guardrail, &api.mock.key_hashes(&workspace)[..2]).unwrap();
    let of_one = format!("/guardrails/{guardrail}/assignments/keys");

    lie(&api, "/guardrails/{id}/assignments/keys", Action::endless_list(Rows::New));
    let rows = api.data("GET", &format!("{of_one}?limit=9&offset=9"), &Value::Null);
    let distinct = |field: &str| column(&rows, field).into_iter().collect::<BTreeSet<_>>().len();
    assert_eq!((distinct("id"), distinct("key_hash"), distinct("guardrail_id")), (9, 9, 1));
    assert!(column(&rows, "key_hash").iter().all(|hash| hash.len() == 64));

    // This list has no count and ends with an empty page: here it never does.
    lie(&api, "/keys", Action::endless_list(Rows::New));
    let (_, keys) = api.get("/keys?offset=700");
    assert_eq!(column(&keys["data"], "hash").len(), 100);
    assert_eq!(keys.get("total_count"), None);
}

#[test]
fn a_lie_is_data_and_leaves_other_answers_alone() {
    let api = Api::new();
    let raw =
        r#"{"match": {"times": null}, "action": {"list": {"rows": "repeat", "total_add": -1}}}"#;
    api.mock.add_fault(serde_json::from_str(raw).unwrap()).unwrap();
    let id = api.guardrail("g", &api.mock.default_workspace_id());
    assert_eq!(api.get(&format!("/guardrails/{id}")).1["data"]["name"], json!("g"));
    assert_eq!(page(&api, "/guardrails", 7), (vec![id], json!(0)));
    api.refused("GET", "/guardrails?limit=0", &Value::Null, 400, "limit");
    assert!(
        serde_json::from_str::<Fault>(r#"{"action": {"list": {"rows": "some"}}}"#).is_err(),
        "unknown rows"
    );
}
