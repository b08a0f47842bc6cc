//! Work that is there already: objects made by calls of the API, and a state file that has them as if Terraform had made
//! them. Core's cost of an apply grows with the square of the number of objects, so that thousands would take minutes
//! which say nothing about the provider.

use std::fmt::Display;

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

/// Makes the objects and the state.
pub(crate) struct Seeder<'a> {
    /// The API.
    pub(crate) mock: &'a Mock,
    /// What the provider's state can have.
    pub(crate) schema: &'a Schema,
    /// Whose state it is.
    pub(crate) terraform: &'a Terraform,
}

impl Seeder<'_> {
    /// Makes `n` objects of the work at the API, and returns the state that has them.
    pub(crate) fn seed(&self, work: Work, n: usize, keys: &[String]) -> Result<Value> {
        let keys = keys.get(..n).unwrap_or(keys);
        let resources = match work {
            Work::Floor => vec![floor(n)],
            Work::Guardrails => vec![self.guardrails(n)?],
            Work::Keys => self.keys_of_one(keys)?,
            Work::Pairs => self.key_for_each(keys)?,
        };
        Ok(json!({
            "version": 4, "terraform_version": self.terraform.version, "serial": 1, "lineage": "bench",
            "outputs": {}, "resources": resources,
        }))
    }

    fn guardrails(&self, n: usize) -> Result<Value> {
        let mut made = Vec::new();
        for index in 0..n {
            made.push(known(self.schema, &self.make_guardrail(index)?));
        }
        Ok(resource(self.schema, GUARDRAIL, "bench", indexed(made)))
    }

    fn keys_of_one(&self, keys: &[String]) -> Result<Vec<Value>> {
        let one = self.make_guardrail("one")?;
        let assignments = indexed(self.assign(&one, keys)?);
        let guardrail = vec![(Value::Null, known(self.schema, &one))];
        Ok(vec![
            resource(self.schema, GUARDRAIL, "one", guardrail),
            resource(self.schema, &one_each(self.schema)?, "bench", assignments),
        ])
    }

    fn key_for_each(&self, keys: &[String]) -> Result<Vec<Value>> {
        let (mut guardrails, mut assignments) = (Vec::new(), Vec::new());
        for (index, key) in keys.iter().enumerate() {
            let guardrail = self.make_guardrail(index)?;
            assignments.extend(self.assign(&guardrail, std::slice::from_ref(key))?);
            guardrails.push(known(self.schema, &guardrail));
        }
        Ok(vec![
            resource(self.schema, GUARDRAIL, "bench", indexed(guardrails)),
            resource(self.schema, &one_each(self.schema)?, "bench", indexed(assignments)),
        ])
    }

    fn make_guardrail(&self, instance: impl Display) -> Result<Value> {
        let mut answer =
            self.mock.post_to_api("/guardrails", &guardrail_body(&name_of(instance)))?;
        Ok(answer["data"].take())
    }

    /// Assigns a guardrail to keys, and returns the assignments as this provider's state has them.
    fn assign(&self, guardrail: &Value, keys: &[String]) -> Result<Vec<Value>> {
        let id = guardrail["id"].as_str().context("a guardrail has no id")?;
        for batch in keys.chunks(BATCH) {
            let body = json!({ "key_hashes": batch });
            self.mock.post_to_api(&format!("/guardrails/{id}/assignments/keys"), &body)?;
        }
        let state = |key: &String| json!({ "id": format!("{id}/{key}"), "guardrail_id": id, "key_hash": key });
        Ok(keys.iter().map(state).collect())
    }
}

/// The state with the first `n` instances of each resource.
pub(crate) fn keep(state: &str, n: usize) -> Result<String> {
    let mut state: Value = serde_json::from_str(state)?;
    let resources = state["resources"].as_array_mut().context("the state has no resources")?;
    for resource in resources {
        resource["instances"].as_array_mut().context("a resource has no instances")?.truncate(n);
    }
    Ok(state.to_string())
}

/// The type of the resource that assigns a guardrail to one key.
fn one_each(schema: &Schema) -> Result<String> {
    let assignment = KeyAssignment::of(schema)?;
    if !assignment.is_one_each() {
        bail!("{} has no state that could be written for it", assignment.resource);
    }
    Ok(assignment.resource)
}

/// The instances of a resource with `count`.
fn indexed(states: Vec<Value>) -> Vec<Instance> {
    let states = states.into_iter().enumerate();
    states.map(|(index, state)| (json!(index), state)).collect()
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
        json!({ "id": index.to_string(), "input": input, "output": input, "triggers_replace": null })
    };
    let instances = indexed((0..n).map(instance).collect());
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::schema::tests::schema_of;

    #[test]
    fn state_has_what_the_schema_knows_of_an_object() {
        let schema =
            schema_of(&[(GUARDRAIL, &[("id", json!("string")), ("name", json!("string"))])]);
        let object = json!({ "id": "1", "name": "a", "new_field": true });
        let instances = indexed(vec![known(&schema, &object)]);
        let state = resource(&schema, GUARDRAIL, "bench", instances);
        assert_eq!(state["provider"], "provider[\"example.org/a/openrouter\"]");
        let expected = json!({ "index_key": 0, "schema_version": 3, "attributes": { "id": "1", "name": "a" } });
        assert_eq!(state["instances"], json!([expected]));
    }

    #[test]
    fn the_first_instances_are_kept() {
        let state = json!({ "resources": [floor(3)] }).to_string();
        let kept: Value = serde_json::from_str(&keep(&state, 2).unwrap()).unwrap();
        assert_eq!(kept["resources"][0], floor(2));
    }
}
