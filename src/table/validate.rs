//! Validation of configurations against a field table.
//!
//! Every message is at the attribute that it is about and says what is allowed. Unknown values pass:
//! they are checked again once they are known. Terraform core checks types and the presence of
//! required arguments, but accepts null for a required attribute and any value for a read-only one;
//! those checks are here as well.

use std::collections::BTreeSet;

use crate::{
    cty::{Number, Path, Value},
    protocol::diagnostics::{Diagnostic, Diagnostics},
};

use super::{
    extra_fields,
    field::{Check, Field, FieldType, ValueSource},
};

/// Checks a configuration, and adds what rules beyond the table have found. Where one of these has no
/// path, they stand alone: it is about a value that must not be shown, and Terraform would print the
/// line that a message of the table points at.
pub fn validate_with(fields: &[Field], config: &Value, own: Diagnostics) -> Diagnostics {
    if own.iter().any(|diagnostic| diagnostic.path.is_none()) {
        return own;
    }
    let mut diagnostics = validate(fields, config);
    diagnostics.extend(own);
    diagnostics
}

/// Checks a configuration.
pub fn validate(fields: &[Field], config: &Value) -> Diagnostics {
    let mut diagnostics = Diagnostics::default();
    validate_object(fields, config, &Path::root(), &mut diagnostics);
    diagnostics
}

fn validate_object(fields: &[Field], object: &Value, path: &Path, diagnostics: &mut Diagnostics) {
    for field in fields {
        let value = object.attribute(field.name);
        let path = path.child_attribute(field.name);
        diagnostics.extend(check_presence(field, value, &path));
        if value.is_null() || value.is_unknown() {
            continue;
        }
        for check in field.checks {
            if let Some(detail) = check_siblings(check, object, &path) {
                diagnostics.push(invalid(detail, &path));
            }
        }
        if let (FieldType::ExtraFields { read_only }, Some(text)) = (field.kind, value.as_str()) {
            for problem in extra_fields::problems(fields, read_only, text) {
                diagnostics.push(invalid(format!("`{path}` {problem}"), &path));
            }
        }
        validate_value(field, value, &path, diagnostics);
    }
}

fn validate_value(field: &Field, value: &Value, path: &Path, diagnostics: &mut Diagnostics) {
    let elements = value.elements();
    for check in field.checks {
        if let Some(elements) = elements {
            diagnostics.extend(check_collection(check, elements, path));
        }
        let scalars = if let FieldType::StringSet = field.kind { elements } else { None };
        for scalar in scalars.unwrap_or(std::slice::from_ref(value)) {
            if let Some(detail) = check_scalar(check, scalar, path) {
                diagnostics.push(invalid(detail, path));
            }
        }
    }
    if let FieldType::Object(members) = field.kind {
        validate_object(members, value, path, diagnostics);
    }
    for (index, element) in elements.unwrap_or_default().iter().enumerate() {
        // An element of a set has no path of its own.
        let path = if let Value::Set(_) = value { path.clone() } else { path.child_index(index) };
        if element.is_null() {
            let detail = format!("An element of `{path}` is null. Remove it or give it a value.");
            diagnostics.push(invalid(detail, &path));
        } else if let (FieldType::ObjectList(members), false) = (field.kind, element.is_unknown()) {
            validate_object(members, element, &path, diagnostics);
        }
    }
}

fn check_presence(field: &Field, value: &Value, path: &Path) -> Option<Diagnostic> {
    let diagnostic = if value.is_null() {
        if !matches!(field.mode, ValueSource::Required) {
            return None;
        }
        let detail = format!("`{path}` is required, but its value is null.");
        Diagnostic::error("Missing required attribute", detail)
    } else if !field.is_configurable() {
        let detail = format!(
            "`{path}` is assigned by the API and cannot be set. Remove it from the configuration."
        );
        Diagnostic::error("Read-only attribute", detail)
    } else {
        let reason = field.deprecated.filter(|_| !value.is_unknown())?;
        // Terraform shows only the first of several warnings with one title.
        let summary = format!("Deprecated attribute `{}`", field.name);
        Diagnostic::warning(summary, format!("`{path}`: {reason}"))
    };
    Some(diagnostic.at(path.clone()))
}

/// Rules about a field that is set and another one of the same object. Gives what is wrong.
fn check_siblings(check: &Check, object: &Value, path: &Path) -> Option<String> {
    match *check {
        Check::RequiredWith(sibling) if object.attribute(sibling).is_null() => Some(format!(
            "`{path}` and `{sibling}` must be set together: set `{sibling}` too, or neither."
        )),
        Check::OnlyIf { sibling, value: wanted } => {
            let other = object.attribute(sibling);
            if other.is_unknown() || other.as_str() == Some(wanted) {
                return None;
            }
            Some(format!("`{path}` can only be set if `{sibling}` is \"{wanted}\"."))
        }
        _ => None,
    }
}

/// Rules about a collection as a whole.
fn check_collection(check: &Check, elements: &[Value], path: &Path) -> Option<Diagnostic> {
    match *check {
        Check::NotEmpty if elements.is_empty() => {
            let detail = format!(
                "`{path}` must not be empty. For no restriction, omit it or set it to null."
            );
            Some(invalid(detail, path))
        }
        Check::NoEmptyElement if elements.iter().any(|element| element.as_str() == Some("")) => {
            Some(invalid(format!("An element of `{path}` is empty. Remove it."), path))
        }
        Check::UniqueBy(member) => {
            let mut seen = BTreeSet::new();
            for (index, element) in elements.iter().enumerate() {
                let Some(text) = element.attribute(member).as_str() else { continue };
                if !seen.insert(text) {
                    let path = path.child_index(index).child_attribute(member);
                    let detail = format!(
                        "`{path}` repeats \"{text}\": each {member} can be used only once."
                    );
                    return Some(invalid(detail, &path));
                }
            }
            None
        }
        _ => None,
    }
}

/// Rules about a text or a number. Gives what is wrong with it.
fn check_scalar(check: &Check, value: &Value, path: &Path) -> Option<String> {
    match (*check, value) {
        (Check::Length { min, max }, Value::String(text)) => {
            let length = text.chars().count();
            if (min..=max).contains(&length) {
                return None;
            }
            Some(format!("`{path}` must have {min} to {max} characters; it has {length}."))
        }
        (Check::OneOf(allowed), Value::String(text)) if !allowed.contains(&text.as_str()) => {
            Some(format!("`{path}` cannot be \"{text}\". It can be {}.", alternatives(allowed)))
        }
        (Check::GreaterThan(bound), Value::Number(number)) => {
            check_bound("greater than", f64::gt, bound, number, path)
        }
        (Check::AtLeast(bound), Value::Number(number)) => {
            check_bound("at least", f64::ge, bound, number, path)
        }
        (Check::Integer, Value::Number(number)) if number.to_i64().is_none() => {
            Some(format!("`{path}` must be a whole number below 2^63; it is {number}."))
        }
        (Check::Text(check), Value::String(text)) => {
            check(text).err().map(|problem| format!("`{path}` {problem}"))
        }
        (Check::Id, Value::String(text)) => {
            check_id(text).map(|problem| format!("`{path}` {problem}"))
        }
        _ => None,
    }
}

/// What is wrong with an id, continuing the attribute's name. Without a value that is no UUID, which
/// may be a secret in the wrong place.
fn check_id(text: &str) -> Option<String> {
    let problem = if text.is_empty() {
        "is empty. Set it to an id, or omit it if it is not required.".to_owned()
    } else if text.contains(|c: char| c.is_whitespace() || c.is_control() || c == '/') {
        "is not an id: it contains a slash or white space.".to_owned()
    } else if is_uuid(text) && text.contains(|c: char| c.is_ascii_uppercase()) {
        format!("must be lowercase: {}.", text.to_ascii_lowercase())
    } else {
        return None;
    };
    Some(problem)
}

/// A number counts as the double that the API reads: too small a one is 0, too large a one none.
fn check_bound(
    wanted: &str,
    is_wanted: fn(&f64, &f64) -> bool,
    bound: i64,
    number: &Number,
    path: &Path,
) -> Option<String> {
    let double = number.to_f64();
    if !double.is_finite() {
        return Some(format!(
            "`{path}` is too large: {number} exceeds the range of a 64-bit floating-point number."
        ));
    }
    if is_wanted(&double, &Number::from(bound).to_f64()) {
        return None;
    }
    Some(format!("`{path}` must be {wanted} {bound}; it is {number}."))
}

/// Whether a text is a UUID in its 36-character form.
pub fn is_uuid(text: &str) -> bool {
    text.len() == 36
        && text.char_indices().all(|(index, c)| match index {
            8 | 13 | 18 | 23 => c == '-',
            _ => c.is_ascii_hexdigit(),
        })
}

fn alternatives(allowed: &[&str]) -> String {
    let quoted: Vec<_> = allowed.iter().map(|text| format!("\"{text}\"")).collect();
    match quoted.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} or {last}", rest.join(", ")),
        _ => quoted.concat(),
    }
}

fn invalid(detail: String, path: &Path) -> Diagnostic {
    Diagnostic::error(format!("Invalid value for `{path}`"), detail).at(path.clone())
}
