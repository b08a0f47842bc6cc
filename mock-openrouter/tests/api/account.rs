//! Credentials, keys, members, workspaces, models and providers.

use std::time::SystemTime;

use mock_openrouter::Options;
use serde_json::{Value, json};

use crate::client::{Api, column, read, text};

#[test]
fn only_the_management_key_is_let_in() {
    let api = Api::new();
    let inference = format!("Bearer {}", api.mock.inference_key());
    for path in [
        "/guardrails",
        "/guardrails/policies/budget",
        "/keys",
        "/keys/x",
        "/organization/members",
        "/workspaces",
        "/guardrails/x",
    ] {
        let status_and_message = |authorization: Option<&str>| {
            let mut request = api.http.get(format!("{}{path}", api.mock.base_url()));
            if let Some(value) = authorization {
                request = request.header("Authorization", value);
            }
            let (status, body) = read(request);
            (status, text(&body["error"], "message"))
        };
        let missing = (401, "Missing Authentication header".to_owned());
        assert_eq!(status_and_message(None), missing, "{path}");
        assert_eq!(status_and_message(Some("Basic abc")), missing);
        assert_eq!(
            status_and_message(Some("Bearer sk-or-v1-wrong")),
            (401, "User not found.".to_owned())
        );
        let forbidden = (403, "Only management keys can perform this operation".to_owned());
        assert_eq!(status_and_message(Some(&inference)), forbidden);
    }
}

#[test]
fn keys_are_listed_per_workspace_until_an_empty_page() {
    let api = Api::with(Options { seed_keys: 150, ..Options::default() });
    let production = api.mock.production_workspace_id();
    let hashes =
        |query: &str| column(&api.data("GET", &format!("/keys{query}"), &Value::Null), "hash");
    assert_eq!(hashes("").len(), 100);
    assert_eq!(hashes("?offset=100").len(), 50);
    assert!(hashes("?offset=150").is_empty());
    assert_eq!(hashes("?offset=100&include_disabled=true").len(), 51);
    assert_eq!(hashes("?offset=100&include_disabled=true&include_expired=true").len(), 52);
    assert_eq!(hashes(&format!("?workspace_id={production}")), api.mock.key_hashes(&production));
    assert!(api.get("/keys").1.get("total_count").is_none());
    api.refused("GET", "/keys?include_disabled=yes", &Value::Null, 400, "true or false");

    let hash = &api.mock.key_hashes(&production)[0];
    assert_eq!(
        text(&api.data("GET", &format!("/keys/{hash}"), &Value::Null), "workspace_id"),
        production
    );
    api.mock.delete_key(hash).unwrap();
    api.refused("GET", &format!("/keys/{hash}"), &Value::Null, 404, "not found");
    let added = api.mock.add_key("late", &production).unwrap();
    assert!(hashes(&format!("?workspace_id={production}")).contains(&added));
}

#[test]
fn fields_of_keys_members_and_workspaces_can_be_set() {
    let api = Api::new();
    let mock = &api.mock;
    let hash = mock.key_hashes(&mock.default_workspace_id()).remove(0);
    let limited =
        json!({ "name": "renamed", "limit": 5, "limit_reset": "daily", "creator_user_id": "u" });
    mock.edit_key(&hash, limited.clone()).unwrap();
    let read = || api.data("GET", &format!("/keys/{hash}"), &Value::Null);
    let key = read();
    for (name, value) in limited.as_object().unwrap() {
        assert_eq!(key[name].as_f64(), value.as_f64());
        assert_eq!(key[name].as_str(), value.as_str());
    }
    // What it has spent grows.
    let later = read();
    assert!(later["usage"].as_f64() > key["usage"].as_f64());
    assert!(later["limit_remaining"].as_f64() < key["limit_remaining"].as_f64());

    mock.edit_key(&hash, json!({ "limit": null })).unwrap();
    assert_eq!(read()["limit_remaining"], Value::Null);
    assert_eq!(mock.edit_key(&hash, json!({ "usage": 1 })).unwrap_err().status, 400);
    assert_eq!(mock.edit_key(&hash, json!({ "disabled": 1 })).unwrap_err().status, 400);
    assert_eq!(mock.edit_key("none", json!({})).unwrap_err().status, 404);

    let user = mock.member_ids().remove(0);
    mock.edit_member(&user, json!({ "email": "Ada@Example.com", "first_name": null })).unwrap();
    let members = api.get("/organization/members").1;
    assert_eq!(
        (&members["data"][0]["email"], &members["data"][0]["first_name"]),
        (&json!("Ada@Example.com"), &Value::Null)
    );

    mock.edit_workspace(&mock.production_workspace_id(), json!({ "description": "d" })).unwrap();
    let workspace = api.data("GET", "/workspaces/production", &Value::Null);
    assert_eq!(text(&workspace, "description"), "d");
}

#[test]
fn members_and_workspaces_can_be_read() {
    let api = Api::with(Options { seed_members: 2, ..Options::default() });
    let (_, members) = api.get("/organization/members?limit=100");
    let expected = [api.mock.member_ids(), api.mock.organization_only_member_ids()].concat();
    assert_eq!(column(&members["data"], "id"), expected);
    assert_eq!(members["total_count"], json!(5));

    let (_, workspaces) = api.get("/workspaces");
    assert_eq!(column(&workspaces["data"], "slug"), ["default", "production"]);
    let by_slug = api.data("GET", "/workspaces/production", &Value::Null);
    assert_eq!(text(&by_slug, "id"), api.mock.production_workspace_id());
    let by_id = api.data("GET", &format!("/workspaces/{}", text(&by_slug, "id")), &Value::Null);
    assert_eq!(by_id, by_slug);
    let default = api.mock.default_guardrail_id(&text(&by_slug, "id"));
    assert_eq!(Some(text(&by_slug, "default_guardrail_id")), default);
    api.refused("GET", "/workspaces/nowhere", &Value::Null, 404, "not found");
}

#[test]
fn models_are_listed_to_everybody_but_not_all_to_account_holders() {
    let api = Api::with(Options { seed_models: 1200, ..Options::default() });
    let ids = |query: &str| {
        let (status, answer) = read(api.http.get(format!("{}/models{query}", api.mock.base_url())));
        assert_eq!(status, 200, "{answer}");
        (
            column(&answer["data"], "id"),
            answer["total_count"].as_u64().unwrap(),
            answer["links"]["next"].clone(),
        )
    };
    let (all, total, next) = ids("?output_modalities=all");
    assert_eq!((all.len() as u64, next), (total, Value::Null));
    let hidden = "mistralai/mistral-large".to_owned();
    assert!(all.contains(&hidden) && !all.contains(&"openai/gpt-4-32k".to_owned()));
    let with_credentials =
        column(&api.data("GET", "/models?output_modalities=all", &Value::Null), "id");
    assert!(!with_credentials.contains(&hidden) && with_credentials.len() == all.len() - 1);

    let (first, _, next) = ids("?output_modalities=all&offset=0&limit=1000");
    assert_eq!((first.len(), next), (1000, json!("/api/v1/models?offset=1000&limit=1000")));
    assert_eq!(ids("?output_modalities=all&offset=1000&limit=1000").0, all[1000..]);
    assert_eq!(ids("?offset=0").0.len(), 500);
    assert!(ids("").1 < total);
    assert_eq!(ids("?output_modalities=embeddings,image").1, 2);
    for query in ["limit=1001", "limit=0", "offset=-1", "output_modalities=smell"] {
        api.refused(
            "GET",
            &format!("/models?{query}"),
            &Value::Null,
            400,
            "Invalid request parameters",
        );
    }
    let (status, providers) = read(api.http.get(format!("{}/providers", api.mock.base_url())));
    assert_eq!(status, 200);
    assert!(column(&providers["data"], "slug").contains(&"openai".to_owned()));
}

#[test]
fn the_clock_of_the_service_may_differ_from_ours() {
    let api = Api::with(Options { clock_offset_ms: -90 * 86_400_000, ..Options::default() });
    let response = api.request("POST", "/guardrails", &json!({"name": "old"})).send().unwrap();
    let date = response.headers()["date"].to_str().unwrap().to_owned();
    let date = httpdate::parse_http_date(&date).unwrap();
    assert!(SystemTime::now().duration_since(date).unwrap().as_secs() > 89 * 86_400);
    let created: Value = serde_json::from_str(&response.text().unwrap()).unwrap();
    assert!(text(&created["data"], "created_at") >= api.mock.log().requests[0].time);
}
