//! What the measured provider can do, as its schema says: which resources it has, and which attributes of those this
//! benchmark can set. Another provider is only asked for what is here.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use serde_json::Value;

/// The part of `terraform providers schema -json` that is about one provider.
pub(crate) struct Schema {
    /// The provider's full source address, such as `example.com/acme/openrouter`.
    pub(crate) source: String,
    provider: Value,
}

impl Schema {
    /// Reads what Terraform printed.
    pub(crate) fn read(text: &[u8]) -> Result<Self> {
        let mut document: Value = serde_json::from_slice(text).context("the schema is not JSON")?;
        let providers = document["provider_schemas"].as_object_mut();
        let found = providers.and_then(|providers| {
            let source = providers.keys().find(|key| key.ends_with("/openrouter"))?.clone();
            let provider = providers.remove(&source)?;
            Some(Self { source, provider })
        });
        found.context("the schema has no provider of that name")
    }

    /// The attributes of a resource, or nothing if the provider has none of that type.
    pub(crate) fn resource(&self, name: &str) -> Option<Attributes<'_>> {
        Attributes::of(self.provider["resource_schemas"].get(name)?)
    }

    /// The attributes of the provider block.
    pub(crate) fn provider_block(&self) -> Option<Attributes<'_>> {
        Attributes::of(&self.provider["provider"])
    }

    /// The name of the first resource whose name ends so.
    pub(crate) fn resource_named(&self, end: &str) -> Option<&str> {
        let resources = self.provider["resource_schemas"].as_object()?;
        resources.keys().map(String::as_str).find(|name| name.ends_with(end))
    }

    /// The version of a resource's schema, which stored state repeats.
    pub(crate) fn version(&self, resource: &str) -> u64 {
        self.provider["resource_schemas"][resource]["version"].as_u64().unwrap_or_default()
    }
}

/// The attributes of one block.
pub(crate) struct Attributes<'a>(BTreeMap<&'a str, &'a Value>);

impl<'a> Attributes<'a> {
    fn of(block: &'a Value) -> Option<Self> {
        let attributes = block["block"]["attributes"].as_object()?;
        Some(Self(attributes.iter().map(|(name, value)| (name.as_str(), value)).collect()))
    }

    /// Whether there is one of that name, computed or not.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// Whether a configuration may set one of that name and of a type that begins so, such as `"string"` or `["set"`.
    pub(crate) fn accepts(&self, name: &str, kind: &str) -> bool {
        let Some(attribute) = self.0.get(name) else {
            return false;
        };
        let settable = attribute["optional"] == true || attribute["required"] == true;
        settable && attribute["type"].to_string().starts_with(kind)
    }

    /// The first attribute that a configuration must set and that is not among `set`.
    pub(crate) fn missing(&self, set: &[&str]) -> Option<&'a str> {
        let mut attributes = self.0.iter();
        let missing = attributes
            .find(|(name, attribute)| attribute["required"] == true && !set.contains(*name));
        missing.map(|(name, _)| *name)
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use serde_json::json;

    /// A provider with these resources, each given as the attributes with their types; names that end in `!` are required.
    pub(crate) fn schema_of(resources: &[(&str, &[(&str, Value)])]) -> Schema {
        let mut all = serde_json::Map::new();
        for (resource, attributes) in resources {
            let mut block = serde_json::Map::new();
            for (name, kind) in *attributes {
                let (name, decided) = match name.strip_suffix('!') {
                    Some(name) => (name, "required"),
                    None => (*name, "optional"),
                };
                block.insert(name.to_owned(), json!({ "type": kind, decided: true }));
            }
            all.insert(
                (*resource).to_owned(),
                json!({ "version": 3, "block": { "attributes": block } }),
            );
        }
        let provider = json!({ "provider": {}, "resource_schemas": all });
        let document = json!({ "provider_schemas": { "example.org/a/openrouter": provider } });
        Schema::read(document.to_string().as_bytes()).unwrap()
    }

    #[test]
    fn types_and_requirements_are_read() {
        let schema =
            schema_of(&[("a", &[("s!", json!("string")), ("l", json!(["set", "string"]))])]);
        let resource = schema.resource("a").unwrap();
        assert!(resource.accepts("s", "\"string\"") && resource.accepts("l", "[\"set\""));
        assert!(!resource.accepts("s", "\"number\"") && !resource.accepts("x", "\"string\""));
        assert_eq!((resource.missing(&[]), resource.missing(&["s"])), (Some("s"), None));
        assert_eq!((schema.version("a"), schema.source.as_str()), (3, "example.org/a/openrouter"));
        assert!(schema.resource("b").is_none());
    }
}
