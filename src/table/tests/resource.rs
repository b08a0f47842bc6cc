//! A made-up family of objects: a table, a backend in memory, and every operation of a resource.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use serde_json::{Value as Json, json};

use super::{Catalog, WIDGET, object, state, widget};
use crate::{
    cty::Value,
    protocol::{
        diagnostics::{Diagnostic, Diagnostics},
        resource::{ImportTarget, PlanRequest, Reply, Resource, State, UpdateReply, WithWarnings},
    },
    table::{
        field::Field,
        json::JsonObject,
        resource::{
            Backend, NameCatalogResult, ObjectCall, ObjectToCreate, TableResource, UpdateError,
            Updated,
        },
    },
};

struct Widgets;

/// An API with at most one widget. Counts the requests for its catalogue of names.
#[derive(Default)]
struct Api {
    widget: Mutex<Option<JsonObject>>,
    last_body: Mutex<Json>,
    catalog_requests: Mutex<u32>,
    loses_responses: bool,
    /// Whether a create takes over the widget that is there.
    takes_over: bool,
    /// What every write sets besides.
    overrides: Json,
}

#[async_trait]
impl Backend for Widgets {
    type Data = Api;
    const NOUN: &'static str = "widget";
    const LABEL: &'static str = "name";
    const IDENTITY: &'static str = "name";
    const DESCRIPTION: &'static str = "";
    const FIELDS: &'static [Field] = WIDGET;

    async fn get(&self, call: ObjectCall<'_, Self>) -> Result<Option<JsonObject>, Diagnostics> {
        Ok(call.data.widget.lock().unwrap().clone())
    }

    async fn create(
        &self,
        call: ObjectCall<'_, Self>,
        planned: &ObjectToCreate<'_>,
    ) -> Reply<JsonObject> {
        let created = call.data.change(json!({ "id": "w1", "place": "p1" }), &planned.body);
        let is_as_planned = call.data.overrides.is_null();
        assert_eq!(planned.matches(&created, Some(&Catalog)), Some(is_as_planned));
        Ok(WithWarnings::ok(created))
    }

    async fn existing(
        &self,
        call: ObjectCall<'_, Self>,
    ) -> Result<Option<JsonObject>, Diagnostics> {
        if call.data.takes_over { self.get(call).await } else { Ok(None) }
    }

    async fn update(&self, call: ObjectCall<'_, Self>, body: &JsonObject) -> Updated {
        let widget = Json::from(call.data.widget.lock().unwrap().clone().unwrap());
        let updated = call.data.change(widget, body);
        if call.data.loses_responses {
            let error = Diagnostic::error(format!("Could not {}", call.action), "No response.");
            return Err(UpdateError::OutcomeUnknown(updated, error.into()));
        }
        Ok(updated)
    }

    async fn delete(&self, call: ObjectCall<'_, Self>) -> Result<(), Diagnostics> {
        *call.data.widget.lock().unwrap() = None;
        Ok(())
    }

    async fn find(&self, call: ObjectCall<'_, Self>) -> Result<JsonObject, Diagnostics> {
        let found = self.get(call).await?;
        found.ok_or_else(|| Diagnostic::error("Not found", "There is no such widget.").into())
    }

    async fn name_catalog(&self, api: &Api, _: bool) -> NameCatalogResult {
        *api.catalog_requests.lock().unwrap() += 1;
        Ok(Arc::new(Catalog))
    }

    fn redact(&self, _: &Api, text: &str) -> String {
        text.replace("secret", "***")
    }
}

impl Api {
    /// Sets what is sent, with models by their canonical names.
    fn change(&self, mut widget: Json, body: &JsonObject) -> JsonObject {
        *self.last_body.lock().unwrap() = Json::from(body.clone());
        for (name, value) in body.iter().chain(self.overrides.as_object().into_iter().flatten()) {
            widget[name] = value.clone();
        }
        if widget["models"] == json!(["short"]) {
            widget["models"] = json!(["short-2024"]);
        }
        self.set(widget)
    }

    fn set(&self, widget: Json) -> JsonObject {
        *self.widget.lock().unwrap() = Some(object(widget.clone()));
        object(widget)
    }

    async fn plan(&self, prior: &State, config: Json) -> Value {
        let request = PlanRequest {
            prior: prior.value.clone(),
            config: widget(config),
            private: prior.private.clone(),
        };
        TableResource(Widgets).plan(self, request).await.unwrap().value.planned
    }

    async fn create(&self, config: Json) -> WithWarnings<State> {
        let none = State { value: Value::Null, private: Vec::new() };
        let planned = self.plan(&none, config).await;
        TableResource(Widgets).create(self, planned).await.unwrap()
    }

    async fn read(&self, state: &State) -> Option<State> {
        TableResource(Widgets).read(self, state.clone()).await.unwrap().value
    }

    async fn update(&self, prior: &State, config: Json) -> UpdateReply {
        let planned = self.plan(prior, config).await;
        TableResource(Widgets).update(self, prior.clone(), planned).await
    }

    fn catalog_requests(&self) -> u32 {
        *self.catalog_requests.lock().unwrap()
    }
}

#[tokio::test]
async fn an_object_is_created_read_updated_and_deleted() {
    let api = Api::default();
    let created = api.create(json!({ "name": "a", "note": "x" })).await;
    assert_eq!(created.warnings, Diagnostics::default());
    let created = created.value;
    assert_eq!(created.value, state(json!({ "note": "x", "updated_at": null })));
    assert_eq!(api.read(&created).await.as_ref(), Some(&created));

    api.set(json!({ "id": "w1", "name": "drifted", "place": "p1", "strict": false, "note": "x" }));
    let read = api.read(&created).await.unwrap();
    assert_eq!(read.value.attribute("name"), &Value::from("drifted"));

    let updated = api.update(&read, json!({ "name": "a", "note": "x" })).await.unwrap().value;
    assert_eq!(*api.last_body.lock().unwrap(), json!({ "name": "a" }));
    let imported = TableResource(Widgets).import(&api, ImportTarget::Id("w1")).await.unwrap().value;
    assert_eq!(imported, updated);
    TableResource(Widgets).delete(&api, updated.clone()).await.unwrap();
    assert_eq!(api.read(&updated).await, None);
    assert!(TableResource(Widgets).import(&api, ImportTarget::Id("w1")).await.is_err());
}

#[tokio::test]
async fn canonical_names_are_remembered_so_that_the_catalogue_is_fetched_once() {
    let api = Api::default();
    let config = json!({ "name": "a", "models": ["short"] });
    let created = api.create(config.clone()).await.value;
    assert_eq!(created.private, br#"{"canonical":{"models":["short-2024"]}}"#);
    assert_eq!(api.read(&created).await.as_ref(), Some(&created));
    assert_eq!(api.plan(&created, config.clone()).await, created.value);
    assert_eq!(api.catalog_requests(), 1);

    let imported = TableResource(Widgets).import(&api, ImportTarget::Id("w1")).await.unwrap().value;
    assert_eq!(api.plan(&imported, config).await, imported.value);
    assert_eq!(api.catalog_requests(), 2);
}

#[tokio::test]
async fn after_a_write_a_mismatch_is_a_redacted_warning_and_is_not_remembered() {
    let overrides = json!({ "note": "secret", "models": ["other-2025"] });
    let api = Api { overrides, ..Api::default() };
    let created = api.create(json!({ "name": "a", "note": "x", "models": ["short"] })).await;
    assert_eq!(created.value.value.attribute("note"), &Value::from("x"));
    assert_eq!(created.value.private, br#"{"canonical":{}}"#);
    let warnings: Vec<_> = created.warnings.iter().map(|warning| &*warning.detail).collect();
    let [note, models] = warnings[..] else { panic!("{warnings:?}") };
    assert!(note.contains("`note`") && note.contains("\"***\"") && !note.contains("secret"));
    assert!(models.contains("`models`"));
}

#[tokio::test]
async fn an_update_without_a_response_is_believed_only_if_the_object_is_as_planned() {
    let mut api = Api { loses_responses: true, ..Api::default() };
    let created = api.create(json!({ "name": "a" })).await.value;
    let config = json!({ "name": "a", "models": ["short"] });
    let updated = api.update(&created, config.clone()).await.unwrap().value;
    assert_eq!(updated.value.attribute("models"), widget(config).attribute("models"));

    api.overrides = json!({ "note": "other" });
    let errors = api.update(&updated, json!({ "name": "b" })).await.unwrap_err().errors;
    let summaries: Vec<_> = errors.iter().map(|error| &*error.summary).collect();
    assert_eq!(summaries, ["Could not update widget \"a\""]);
}

#[tokio::test]
async fn a_create_can_take_over_an_object_and_its_plan_says_what_that_changes() {
    let api = Api { takes_over: true, ..Api::default() };
    api.set(json!({ "id": "w1", "name": "a", "place": "p1", "strict": false, "note": "secret",
        "models": ["short-2024"], "limit": 5, "interval": "daily" }));
    let config = json!({ "name": "a", "models": ["short-2024"], "limit": 5, "interval": "weekly" });
    let request =
        PlanRequest { prior: Value::Null, config: widget(config.clone()), private: Vec::new() };
    let plan = TableResource(Widgets).plan(&api, request).await.unwrap();
    let warnings: Vec<_> = plan.warnings.iter().map(|warning| &*warning.detail).collect();
    let [warning] = warnings[..] else { panic!("{warnings:?}") };
    assert!(warning.contains("  - `note`, now \"***\"\n"), "{warning}");
    assert!(warning.contains("  - `interval`, now \"daily\"\n"), "{warning}");
    assert!(!warning.contains("`models`") && !warning.contains("`strict`"), "{warning}");

    let created = api.create(config.clone()).await;
    assert_eq!(created.warnings, Diagnostics::default());
    let sent = json!({ "note": null, "limit": 5, "interval": "weekly" });
    assert_eq!(*api.last_body.lock().unwrap(), sent);
    assert_eq!(api.read(&created.value).await.as_ref(), Some(&created.value));

    *api.last_body.lock().unwrap() = Json::Null;
    api.create(config).await;
    assert_eq!(*api.last_body.lock().unwrap(), Json::Null, "nothing is sent if nothing changes");
}
