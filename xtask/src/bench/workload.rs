//! The work that is measured, as Terraform configurations: what each is, and how it is written for a provider with a given
//! schema.

use std::fmt;

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use crate::bench::schema::{Attributes, Schema};
use crate::mock;

pub(crate) const GUARDRAIL: &str = "openrouter_guardrail";

/// What each guardrail has beside its name: attribute, type and value, the same in HCL and JSON.
const SETTINGS: [(&str, &str, &str); 3] = [
    ("description", "\"string\"", "\"One of many\""),
    ("limit_usd", "\"number\"", "25"),
    ("reset_interval", "\"string\"", "\"monthly\""),
];

/// Not `for_each`, whose whole collection core evaluates again for each instance.
const COUNTED_KEYS: &str = "  count = length(var.keys)\n";
const COUNTED_KEY: &str = "key_hash = var.keys[count.index]";

/// A configuration of `n` objects.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Work {
    /// `n` `terraform_data` of the same size: what Terraform core itself takes, with no provider process at all.
    Floor,
    /// `n` guardrails.
    Guardrails,
    /// One guardrail, assigned to `n` keys.
    Keys,
    /// `n` guardrails, each assigned to a key.
    Pairs,
}

impl fmt::Display for Work {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Floor => "terraform_data",
            Self::Guardrails => "guardrails",
            Self::Keys => "key assignments",
            Self::Pairs => "guardrails with a key",
        })
    }
}

impl Work {
    /// The directory of the work's configuration.
    pub(crate) fn directory(self) -> &'static str {
        match self {
            Self::Floor => "floor",
            Self::Guardrails => "guardrails",
            Self::Keys => "keys",
            Self::Pairs => "pairs",
        }
    }

    /// The values of the configuration's variables, of which there is only the one that this work needs.
    pub(crate) fn variables(self, n: usize, keys: &[String]) -> Value {
        match self {
            Self::Floor | Self::Guardrails => json!({ "n": n }),
            Self::Keys | Self::Pairs => json!({ "keys": keys.iter().take(n).collect::<Vec<_>>() }),
        }
    }

    /// The configuration for a provider with that schema. The error says what the schema lacks.
    pub(crate) fn configuration(self, schema: &Schema, base_url: &str) -> Result<String> {
        let body = match self {
            Self::Floor => return Ok(floor()),
            Self::Guardrails => counted_guardrails(schema)?,
            Self::Keys => one_guardrail(schema)? + &KeyAssignment::of(schema)?.on_one(),
            Self::Pairs => {
                guardrail_of_each_key(schema)? + &KeyAssignment::of(schema)?.on_each()?
            }
        };
        Ok(header(schema, base_url) + &body)
    }
}

/// The configuration that installs the provider of that source address.
pub(crate) fn requirement(source: &str) -> String {
    format!(
        "terraform {{\n  required_providers {{\n    openrouter = {{ source = {source:?} }}\n  }}\n}}\n\n"
    )
}

/// The body by which the API makes the guardrail that a configuration describes.
pub(crate) fn guardrail_body(name: &str) -> Value {
    let mut body = json!({ "name": name });
    for (attribute, _, value) in SETTINGS {
        body[attribute] = serde_json::from_str(value).expect("the values are JSON");
    }
    body
}

/// The name of the guardrail of an index or key.
pub(crate) fn name_of(instance: impl fmt::Display) -> String {
    format!("bench-{instance}")
}

fn floor() -> String {
    let settings: Vec<String> =
        SETTINGS.iter().map(|(name, _, value)| format!("{name} = {value}")).collect();
    format!(
        "variable \"n\" {{\n  type = number\n}}\n\nresource \"terraform_data\" \"bench\" {{\n  count = var.n\n  \
         input = {{ name = \"{}\", {} }}\n}}\n",
        name_of("${count.index}"),
        settings.join(", ")
    )
}

/// The requirement and a provider block with what the provider does not take from the environment.
fn header(schema: &Schema, base_url: &str) -> String {
    let mut block = Vec::new();
    if let Some(attributes) = schema.provider_block() {
        for (name, value) in [("server_url", base_url), ("api_key", mock::KEY)] {
            if attributes.accepts(name, "\"string\"") {
                block.push(format!("  {name} = {value:?}\n"));
            }
        }
    }
    format!("{}provider \"openrouter\" {{\n{}}}\n\n", requirement(&schema.source), block.concat())
}

fn counted_guardrails(schema: &Schema) -> Result<String> {
    let resource = guardrail(schema, "bench", "  count = var.n\n", &name_of("${count.index}"))?;
    Ok(format!("variable \"n\" {{\n  type = number\n}}\n\n{resource}"))
}

fn one_guardrail(schema: &Schema) -> Result<String> {
    Ok(keys_variable() + &guardrail(schema, "one", "", &name_of("one"))?)
}

fn guardrail_of_each_key(schema: &Schema) -> Result<String> {
    let name = name_of("${count.index}");
    Ok(keys_variable() + &guardrail(schema, "bench", COUNTED_KEYS, &name)?)
}

fn keys_variable() -> String {
    "variable \"keys\" {\n  type = list(string)\n}\n\n".to_owned()
}

fn guardrail(schema: &Schema, label: &str, repetition: &str, name: &str) -> Result<String> {
    let attributes = schema.resource(GUARDRAIL).context("it has no resource for guardrails")?;
    if !attributes.accepts("name", "\"string\"") {
        bail!("{GUARDRAIL} has no name to set");
    }
    let mut set = vec!["name"];
    let mut body = vec![format!("{repetition}  name = \"{name}\"\n")];
    for (attribute, kind, value) in SETTINGS {
        if attributes.accepts(attribute, kind) {
            body.push(format!("  {attribute} = {value}\n"));
            set.push(attribute);
        }
    }
    nothing_missing(GUARDRAIL, &attributes, &set)?;
    let body = body.concat();
    Ok(format!("resource \"{GUARDRAIL}\" \"{label}\" {{\n{body}}}\n\n"))
}

fn nothing_missing(resource: &str, attributes: &Attributes, set: &[&str]) -> Result<()> {
    match attributes.missing(set) {
        None => Ok(()),
        Some(name) => bail!("{resource} requires {name}, which this benchmark does not know"),
    }
}

/// How a provider assigns a guardrail to keys.
pub(crate) struct KeyAssignment {
    /// The type of the resource.
    pub(crate) resource: String,
    /// The attribute that has the guardrail's id.
    guardrail: &'static str,
    /// Whether one resource has all keys, instead of one key each.
    all_in_one: bool,
}

impl KeyAssignment {
    /// The way this provider has.
    pub(crate) fn of(schema: &Schema) -> Result<Self> {
        let forms = [
            ("_key_assignment", "key_hash", "\"string\""),
            ("bulk_assign_keys", "key_hashes", "["),
        ];
        for (end, keys, kind) in forms {
            let Some(resource) = schema.resource_named(end) else { continue };
            let attributes = schema.resource(resource).context("it has no attributes")?;
            let guardrail =
                ["guardrail_id", "id"].into_iter().find(|it| attributes.accepts(it, "\"string\""));
            let (Some(guardrail), true) = (guardrail, attributes.accepts(keys, kind)) else {
                continue;
            };
            nothing_missing(resource, &attributes, &[guardrail, keys])?;
            let all_in_one = keys == "key_hashes";
            return Ok(Self { resource: resource.to_owned(), guardrail, all_in_one });
        }
        bail!("it has no resource that assigns a guardrail to keys by their hashes")
    }

    /// Whether each assignment is a resource of its own.
    pub(crate) fn is_one_each(&self) -> bool {
        !self.all_in_one
    }

    fn on_one(&self) -> String {
        if self.all_in_one {
            return self.resource_with("", "openrouter_guardrail.one.id", "key_hashes = var.keys");
        }
        self.resource_with(COUNTED_KEYS, "openrouter_guardrail.one.id", COUNTED_KEY)
    }

    fn on_each(&self) -> Result<String> {
        if self.all_in_one {
            bail!("{} assigns many keys to one guardrail", self.resource);
        }
        let id = "openrouter_guardrail.bench[count.index].id";
        Ok(self.resource_with(COUNTED_KEYS, id, COUNTED_KEY))
    }

    fn resource_with(&self, repetition: &str, id: &str, keys: &str) -> String {
        let Self { resource, guardrail, .. } = self;
        format!(
            "resource \"{resource}\" \"bench\" {{\n{repetition}  {guardrail} = {id}\n  {keys}\n}}\n"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::schema::tests::schema_of;

    #[test]
    fn only_what_the_schema_has_is_set() {
        let schema = schema_of(&[(
            GUARDRAIL,
            &[("name!", json!("string")), ("limit_usd", json!("number"))],
        )]);
        let text = Work::Guardrails.configuration(&schema, "http://x").unwrap();
        assert!(text.contains("limit_usd = 25") && !text.contains("description"), "{text}");
        let error = Work::Keys.configuration(&schema, "http://x").unwrap_err();
        assert!(error.to_string().contains("no resource that assigns"), "{error}");
    }

    #[test]
    fn a_requirement_that_is_unknown_leaves_the_work_out() {
        let schema =
            schema_of(&[(GUARDRAIL, &[("name!", json!("string")), ("tier!", json!("string"))])]);
        let error = Work::Guardrails.configuration(&schema, "http://x").unwrap_err();
        assert!(error.to_string().contains("requires tier"), "{error}");
    }

    #[test]
    fn keys_are_assigned_all_in_one_where_there_is_no_other_way() {
        let schema = schema_of(&[
            (GUARDRAIL, &[("name!", json!("string"))]),
            (
                "openrouter_guardrail_bulk_assign_keys",
                &[("id!", json!("string")), ("key_hashes!", json!(["list", "string"]))],
            ),
        ]);
        let text = Work::Keys.configuration(&schema, "http://x").unwrap();
        assert!(text.contains("id = openrouter_guardrail.one.id\n  key_hashes = var.keys"));
        assert!(Work::Pairs.configuration(&schema, "http://x").is_err());
    }
}
