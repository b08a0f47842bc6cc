//! Work that is there already: objects made by calls of the API, and a state file that has them as if Terraform had made
//! them. Core's cost of an apply grows with the square of the number of objects, so that thousands would take minutes
//! which say nothing about the provider.

use anyhow::{Context, Result, bail};
use serde_json::{Map, Value, json};

use crate::bench::schema::Schema;
use crate::bench::workload::{GUARDRAIL, KeyAssignment, Work, guardrail_body, name_of};
use crate::mock::Mock;
use crate::terraform::Terraform;

/// How many keys the API takes in one request.
const BATCH: usize = 100;

/// An instance of a resource: its key, and its attributes in the state.
type Instance = (Value, Value);

/// Makes `among` objects of the work at the API, or `n` where that is more, and returns the state with the first `n`.
pub(crate) fn sow(
    mock: &Mock,
    schema: &Schema,
    terraform: &Terraform,
    (work, n, among): (Work, usize, usize),
    keys: &[String],
) -> Result<Value> {
    let keys = keys.get(..n).unwrap_or(keys);
    let resources = match work {
        Work::Floor => vec![floor(n)],
        Work::Guardrails => {
            let made = make_guardrails(mock, (0..n.max(among)).map(name_of))?;
            let indexed = made.iter().take(n).enumerate();
            let instances = indexed.map(|(index, object)| (json!(index), known(schema, object)));
            vec![resource(schema, GUARDRAIL, "bench", instances.collect())]
        }
        Work::Keys => {
            let made = make_guardrails(mock, ["one"].map(name_of))?;
            let one = made.first().context("no guardrail was made")?;
            let assignments = assign(mock, one, keys)?;
            let instance = (Value::Null, known(schema, one));
            vec![
                resource(schema, GUARDRAIL, "one", vec![instance]),
                resource(schema, &one_each(schema)?, "bench", assignments),
            ]
        }
        Work::Pairs => {
            let made = make_guardrails(mock, keys.iter().map(name_of))?;
            let mut assignments = Vec::new();
            let mut guardrails = Vec::new();
            for (key, object) in keys.iter().zip(&made) {
                guardrails.push((json!(key), known(schema, object)));
                assignments.extend(assign(mock, object, std::slice::from_ref(key))?);
            }
            vec![
                resource(schema, GUARDRAIL, "bench", guardrails),
                resource(schema, &one_each(schema)?, "bench", assignments),
            ]
        }
    };
    Ok(json!({
        "version": 4, "terraform_version": terraform.version, "serial": 1, "lineage": "bench", "outputs": {},
        "resources": resources,
    }))
}

/// The type of the resource that assigns a guardrail to one key.
fn one_each(schema: &Schema) -> Result<String> {
    let assignment = KeyAssignment::of(schema)?;
    if !assignment.is_one_each() {
        bail!("{} has no state that could be written for it", assignment.resource);
    }
    Ok(assignment.resource)
}

fn make_guardrails(mock: &Mock, names: impl IntoIterator<Item = String>) -> Result<Vec<Value>> {
    let make = |name: String| {
        let mut answer = mock.post_to_api("/guardrails", &guardrail_body(&name))?;
        Ok(answer["data"].take())
    };
    names.into_iter().map(make).collect()
}

/// Assigns a guardrail to keys, and returns the assignments as this provider's state has them.
fn assign(mock: &Mock, guardrail: &Value, keys: &[String]) -> Result<Vec<Instance>> {
    let id = guardrail["id"].as_str().context("a guardrail has no id")?;
    for batch in keys.chunks(BATCH) {
        let body = json!({ "key_hashes": batch });
        mock.post_to_api(&format!("/guardrails/{id}/assignments/keys"), &body)?;
    }
    let state =
        |key: &String| json!({ "id": format!("{id}/{key}"), "guardrail_id": id, "key_hash": key });
    Ok(keys.iter().map(|key| (json!(key), state(key))).collect())
}

/// What a guardrail's state has of the API's object: the attributes have the API's names.
fn known(schema: &Schema, object: &Value) -> Value {
    let mut known = Map::new();
    let fields = object.as_object().into_iter().flatten();
    if let Some(attributes) = schema.resource(GUARDRAIL) {
        for (name, value) in fields.filter(|(name, _)| attributes.has(name)) {
            known.insert(name.clone(), value.clone());
        }
    }
    Value::Object(known)
}

fn resource(schema: &Schema, kind: &str, label: &str, instances: Vec<Instance>) -> Value {
    resource_of(&schema.source, schema.version(kind), kind, label, instances)
}

fn floor(n: usize) -> Value {
    let instance = |index: usize| {
        let value = guardrail_body(&name_of(index));
        let kind = json!(["object", {
            "name": "string", "description": "string", "limit_usd": "number", "reset_interval": "string",
        }]);
        let input = json!({ "value": value, "type": kind });
        let attributes = json!({ "id": format!("{index}"), "input": input, "output": input, "triggers_replace": null });
        (json!(index), attributes)
    };
    let instances = (0..n).map(instance).collect();
    resource_of("terraform.io/builtin/terraform", 0, "terraform_data", "bench", instances)
}

fn resource_of(
    source: &str,
    version: u64,
    kind: &str,
    label: &str,
    instances: Vec<Instance>,
) -> Value {
    let instance = |(key, attributes): Instance| {
        let mut instance = json!({ "schema_version": version, "attributes": attributes });
        if !key.is_null() {
            instance["index_key"] = key;
        }
        instance
    };
    let instances: Vec<Value> = instances.into_iter().map(instance).collect();
    json!({
        "mode": "managed", "type": kind, "name": label, "provider": format!("provider[{source:?}]"),
        "instances": instances,
    })
}
