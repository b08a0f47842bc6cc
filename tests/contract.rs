//! The provider's field table against the contract by which the mock checks requests and answers. The two are written
//! apart, so that the mock does not prove the table with itself; here they must agree in names, types, limits and
//! enumerations. Rules between fields, and what a regular expression may hold, are no part of the contract.

use std::collections::{BTreeMap, BTreeSet};

use mock_openrouter::contract;
use serde_json::{Map, Value, json};
use terraform_provider_openrouter::provider::GUARDRAIL_FIELDS;
use terraform_provider_openrouter::table::field::{Check, Field, FieldType, ValueSource};

/// Properties by name, each in the few words that both sides know.
type Properties = BTreeMap<String, Value>;

fn table() -> &'static [Field] {
    GUARDRAIL_FIELDS
}

/// What the contract says of a definition's properties.
fn contracted(definition: &str) -> Properties {
    let own = &contract()["$defs"][definition];
    let properties =
        [resolved(own), own].into_iter().filter_map(|schema| schema["properties"].as_object());
    properties.flatten().map(|(name, schema)| (name.clone(), shape(schema))).collect()
}

fn required(definition: &str) -> BTreeSet<&'static str> {
    let names = contract()["$defs"][definition]["required"].as_array();
    names.into_iter().flatten().filter_map(Value::as_str).collect()
}

/// The schema that a reference leads to, or the schema itself.
fn resolved(schema: &'static Value) -> &'static Value {
    let Some(name) = schema["$ref"].as_str().and_then(|path| path.strip_prefix("#/$defs/")) else {
        return schema;
    };
    resolved(&contract()["$defs"][name])
}

/// A schema without references: `{"type":"string","nullable":true,"maxLength":1000}`.
fn shape(schema: &'static Value) -> Value {
    let schema = resolved(schema);
    if let Some(alternatives) = schema["anyOf"].as_array() {
        assert_eq!(alternatives[1], json!({ "type": "null" }), "the only alternative is null");
        return with(shape(&alternatives[0]), "nullable", json!(true));
    }
    let mut shape = Map::new();
    let (ty, nullable) = match schema["type"].as_array() {
        Some(types) => (types[0].clone(), types.contains(&json!("null"))),
        None => (schema["type"].clone(), false),
    };
    shape.insert("type".to_owned(), ty);
    shape.insert("nullable".to_owned(), json!(nullable));
    for rule in
        ["minLength", "maxLength", "minItems", "exclusiveMinimum", "minimum", "format", "pattern"]
    {
        shape.extend(schema.get(rule).map(|limit| (rule.to_owned(), limit.clone())));
    }
    if let Some(values) = schema["enum"].as_array() {
        shape.insert(
            "enum".to_owned(),
            values.iter().filter(|value| !value.is_null()).cloned().collect(),
        );
    }
    if let Some(element) = schema.get("items") {
        shape.insert("items".to_owned(), element_shape(element));
    }
    if let Some(members) = members_shape(schema) {
        shape.insert("members".to_owned(), members);
    }
    Value::Object(shape)
}

/// The shape of a list's elements.
fn element_shape(schema: &'static Value) -> Value {
    let schema = resolved(schema);
    // That an element is not empty is the mock's own precaution; the published contract does not say it.
    members_shape(schema).unwrap_or_else(|| without(shape(schema), "minLength"))
}

/// Of an object's schema, the properties and which of them are required.
fn members_shape(schema: &'static Value) -> Option<Value> {
    let members = schema["properties"].as_object()?;
    // Whether an absent member may be null instead is of no concern: it is left out.
    let members: Properties = members
        .iter()
        .map(|(name, schema)| (name.clone(), without(shape(schema), "nullable")))
        .collect();
    let required: BTreeSet<&str> =
        schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    Some(json!({ "properties": members, "required": required }))
}

/// What the table says of a field, in the same words.
fn declared(field: &Field) -> Value {
    let limits = field.checks.iter().flat_map(limits);
    match field.kind {
        FieldType::Bool => limits.fold(json!({ "type": "boolean" }), set),
        FieldType::Number => limits.fold(json!({ "type": "number" }), set),
        FieldType::String => limits.fold(json!({ "type": "string" }), set),
        FieldType::StringSet => {
            let (own, of_elements): (Vec<_>, Vec<_>) =
                limits.partition(|(rule, _)| *rule == "minItems");
            let element =
                of_elements.into_iter().fold(json!({ "type": "string", "nullable": false }), set);
            own.into_iter().fold(json!({ "type": "array", "items": element }), set)
        }
        FieldType::Object(members) => {
            json!({ "type": "object", "members": declared_members(members) })
        }
        FieldType::ObjectList(members) => {
            json!({ "type": "array", "items": declared_members(members) })
        }
        FieldType::ExtraFields { .. } => panic!("{} is no field of the API", field.name),
    }
}

fn declared_members(members: &[Field]) -> Value {
    let required = members.iter().filter(|member| matches!(member.mode, ValueSource::Required));
    let required: BTreeSet<&str> = required.map(|member| member.name).collect();
    let members: Properties =
        members.iter().map(|member| (member.name.to_owned(), declared(member))).collect();
    json!({ "properties": members, "required": required })
}

/// A rule of the table as the contract writes it. Rules that need more than the one value have no place there.
fn limits(check: &Check) -> Vec<(&'static str, Value)> {
    match *check {
        Check::Length { min: 0, max } => vec![("maxLength", json!(max))],
        Check::Length { min, max } => vec![("minLength", json!(min)), ("maxLength", json!(max))],
        Check::OneOf(values) => vec![("enum", json!(values))],
        Check::GreaterThan(bound) => vec![("exclusiveMinimum", json!(bound))],
        Check::AtLeast(bound) => vec![("minimum", json!(bound))],
        Check::NotEmpty => vec![("minItems", json!(1))],
        Check::Integer => vec![("type", json!("integer"))],
        // The table lets other forms pass, for the sake of mocked providers; the API does not.
        Check::Id => vec![("format", json!("uuid"))],
        Check::NoEmptyElement
        | Check::RequiredWith(_)
        | Check::UniqueBy(_)
        | Check::OnlyIf { .. }
        | Check::Text(_) => Vec::new(),
    }
}

fn set(shape: Value, (name, value): (&'static str, Value)) -> Value {
    with(shape, name, value)
}

fn with(mut shape: Value, name: &str, value: Value) -> Value {
    shape[name] = value;
    shape
}

fn without(mut shape: Value, name: &str) -> Value {
    shape.as_object_mut().expect("a shape is an object").remove(name);
    shape
}

/// The fields of the table that `wanted` picks, `nullable` where the API takes or gives null for them.
fn expected(wanted: impl Fn(&Field) -> bool, nullable: impl Fn(&Field) -> bool) -> Properties {
    let fields = table().iter().filter(|field| wanted(field));
    fields
        .map(|field| {
            (field.name.to_owned(), with(declared(field), "nullable", json!(nullable(field))))
        })
        .collect()
}

/// Where null clears the field: wherever the configuration alone decides.
fn is_nullable(field: &Field) -> bool {
    matches!(field.mode, ValueSource::Optional | ValueSource::DefaultFrom(_) | ValueSource::FanOut)
}

#[test]
fn a_create_can_say_what_a_configuration_can() {
    assert_eq!(contracted("CreateGuardrailRequest"), expected(Field::is_configurable, is_nullable));
    let required_by_table: BTreeSet<&str> = table()
        .iter()
        .filter(|field| matches!(field.mode, ValueSource::Required))
        .map(|field| field.name)
        .collect();
    assert_eq!(required("CreateGuardrailRequest"), required_by_table);
}

#[test]
fn an_update_can_say_the_same_but_for_what_only_a_create_can() {
    let updatable = |field: &Field| field.is_configurable() && !field.create_only;
    assert_eq!(contracted("UpdateGuardrailRequest"), expected(updatable, is_nullable));
    assert_eq!(required("UpdateGuardrailRequest"), BTreeSet::new());
}

#[test]
fn an_answer_has_every_field_of_the_table() {
    let may_be_null = |field: &Field| {
        is_nullable(field)
            || matches!(field.mode, ValueSource::Computed | ValueSource::OptionalComputed)
    };
    // The table makes no rules for what only the API says.
    let answered: Properties = contracted("Guardrail")
        .into_iter()
        .map(|(name, shape)| match table().iter().find(|field| field.name == name) {
            Some(field) if !field.is_configurable() => {
                (name, without(without(shape, "format"), "pattern"))
            }
            _ => (name, shape),
        })
        .collect();
    assert_eq!(answered, expected(|_| true, may_be_null));
    let always_there: BTreeSet<&str> = table()
        .iter()
        .filter(|field| !is_nullable(field) && !matches!(field.mode, ValueSource::Computed))
        .map(|field| field.name)
        .collect();
    assert_eq!(required("Guardrail"), always_there);
}
