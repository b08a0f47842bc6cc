//! Between the protocol's messages and the layer's own types. Pure.

use crate::{
    cty::{self, Path, Step, Type, Value, json, msgpack},
    pb::tfplugin5 as pb,
};

use super::{
    diagnostics::{Diagnostic, Diagnostics, Severity},
    function::{FunctionError, Parameter, Signature},
    schema::{Attribute, Constraint, Schema},
};

/// Decodes a value. An unset message or one without bytes is null, as in core.
pub(super) fn decode(value: Option<&pb::DynamicValue>, ty: &Type) -> Result<Value, Diagnostics> {
    let decoded = match value {
        Some(value) if !value.msgpack.is_empty() => msgpack::decode(&value.msgpack, ty),
        Some(value) if !value.json.is_empty() => json::decode(&value.json, ty),
        _ => Ok(Value::Null),
    };
    decoded
        .map_err(|error| malformed("Terraform sent a value that does not match the schema", &error))
}

/// Encodes a value, always as msgpack: not every core reads JSON.
pub(super) fn encode(value: &Value, ty: &Type) -> Result<pb::DynamicValue, Diagnostics> {
    let encoded = msgpack::encode(value, ty);
    let msgpack = encoded.map_err(|error| {
        malformed("The provider returned a value that does not match its schema", &error)
    })?;
    Ok(pb::DynamicValue { msgpack, json: Vec::new() })
}

/// Decodes stored state, tolerant of attributes that have come or gone since.
///
/// # Errors
/// Why it cannot be read, as a sentence.
pub(super) fn decode_stored(state: Option<&pb::RawState>, ty: &Type) -> Result<Value, String> {
    let Some(state) = state else { return Ok(Value::Null) };
    if !state.flatmap.is_empty() {
        return Err(
            "It was written by Terraform 0.11 or earlier: upgrade it with Terraform 0.13 first."
                .to_owned(),
        );
    }
    json::decode_stored(&state.json, ty).map_err(|error| format!("It cannot be read: {error}."))
}

/// The messages of a reply.
pub(super) fn diagnostics(diagnostics: Diagnostics) -> Vec<pb::Diagnostic> {
    diagnostics.into_iter().map(diagnostic).collect()
}

/// The path of an attribute.
pub(super) fn path(path: &Path) -> pb::AttributePath {
    use pb::attribute_path::{Step as PbStep, step::Selector};
    let step = |step: &Step| {
        let selector = match step {
            Step::Attribute(name) => Selector::AttributeName(name.clone()),
            Step::Key(key) => Selector::ElementKeyString(key.clone()),
            Step::Index(index) => Selector::ElementKeyInt(*index),
        };
        PbStep { selector: Some(selector) }
    };
    pb::AttributePath { steps: path.steps().iter().map(step).collect() }
}

/// The schema of a block.
pub(super) fn schema(schema: &Schema) -> pb::Schema {
    pb::Schema {
        version: schema.version,
        block: Some(pb::schema::Block {
            version: schema.version,
            attributes: schema.attributes.iter().map(attribute).collect(),
            description: schema.description.to_owned(),
            description_kind: pb::StringKind::Markdown.into(),
            ..Default::default()
        }),
    }
}

fn attribute(attribute: &Attribute) -> pb::schema::Attribute {
    let constraint = attribute.constraint;
    pb::schema::Attribute {
        name: attribute.name.to_owned(),
        r#type: type_json(&attribute.ty),
        description: attribute.description.to_owned(),
        description_kind: pb::StringKind::Markdown.into(),
        required: constraint == Constraint::Required,
        optional: matches!(constraint, Constraint::Optional | Constraint::OptionalComputed),
        computed: matches!(constraint, Constraint::Computed | Constraint::OptionalComputed),
        sensitive: attribute.sensitive,
        deprecated: attribute.deprecated.is_some(),
        deprecation_message: attribute.deprecated.unwrap_or_default().to_owned(),
        ..Default::default()
    }
}

/// What core knows of a function.
pub(super) fn function(signature: &Signature) -> pb::Function {
    pb::Function {
        parameters: signature.parameters.iter().map(parameter).collect(),
        r#return: Some(pb::function::Return { r#type: type_json(&signature.returns) }),
        summary: signature.summary.to_owned(),
        description: signature.description.to_owned(),
        description_kind: pb::StringKind::Markdown.into(),
        ..Default::default()
    }
}

fn parameter(parameter: &Parameter) -> pb::function::Parameter {
    pb::function::Parameter {
        name: parameter.name.to_owned(),
        r#type: type_json(&parameter.ty),
        allow_null_value: parameter.allows_null,
        allow_unknown_values: parameter.allows_unknown,
        description: parameter.description.to_owned(),
        description_kind: pb::StringKind::Markdown.into(),
    }
}

/// Why a function gave no result. Core adds the final dot.
pub(super) fn error(error: FunctionError) -> pb::FunctionError {
    let argument = error.argument.and_then(|index| i64::try_from(index).ok());
    let mut text = error.text;
    if text.ends_with('.') {
        text.pop();
    }
    pb::FunctionError { text, function_argument: argument }
}

fn type_json(ty: &Type) -> Vec<u8> {
    ty.to_json().to_string().into_bytes()
}

fn diagnostic(diagnostic: Diagnostic) -> pb::Diagnostic {
    let severity = match diagnostic.severity {
        Severity::Error => pb::diagnostic::Severity::Error,
        Severity::Warning => pb::diagnostic::Severity::Warning,
    };
    pb::Diagnostic {
        severity: severity.into(),
        summary: diagnostic.summary,
        detail: diagnostic.detail,
        attribute: diagnostic.path.as_ref().and_then(attribute_path),
    }
}

/// The path of a diagnostic, cut to the attribute: core cannot follow one into an attribute's value,
/// and would point at the whole block instead. The text names the exact place.
fn attribute_path(exact: &Path) -> Option<pb::AttributePath> {
    let mut attribute = path(exact);
    attribute.steps.truncate(1);
    (!attribute.steps.is_empty()).then_some(attribute)
}

fn malformed(summary: &str, error: &cty::Error) -> Diagnostics {
    let detail =
        format!("{error}. This is a bug in the provider or in Terraform. Please report it.");
    Diagnostic::error(summary, detail).at(error.path().clone()).into()
}
