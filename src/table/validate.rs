//! Validation of configurations against a field table.
//!
//! Every message is at the attribute it is about and says what is allowed. Unknown values pass: they are checked again
//! once they are known. Terraform core checks types and the presence of required arguments, but accepts null for a
//! required attribute and any value for a read-only one; those checks are here as well.

use crate::{
    cty::{Number, Path, Value},
    protocol::diagnostics::{Diagnostic, Diagnostics},
};

use super::field::{Check, Field, Kind, Mode};

/// Checks a whole configuration object, and adds what rules beyond the table have found. Where one of these names no
/// attribute, it stands alone: its value must not be shown, and Terraform would print the line that the table points at.
pub fn validate_with(fields: &[Field], config: &Value, own: Diagnostics) -> Diagnostics {
    if own.iter().any(|diagnostic| diagnostic.path.is_none()) {
        return own;
    }
    let mut diagnostics = validate(fields, config);
    diagnostics.extend(own);
    diagnostics
}

/// Checks a whole configuration object.
pub fn validate(fields: &[Field], config: &Value) -> Diagnostics {
    let mut diagnostics = Diagnostics::default();
    validate_object(fields, config, &Path::root(), &mut diagnostics);
    diagnostics
}

fn validate_object(fields: &[Field], object: &Value, path: &Path, diagnostics: &mut Diagnostics) {
    for field in fields {
        let value = object.attribute(field.name);
        let path = path.child_attribute(field.name);
        diagnostics.extend(presence(field, value, &path));
        for check in field.checks {
            diagnostics.extend(relation(check, value, object, &path));
        }
        if !value.is_null() && !value.is_unknown() {
            validate_value(field, value, &path, diagnostics);
        }
    }
}

fn validate_value(field: &Field, value: &Value, path: &Path, diagnostics: &mut Diagnostics) {
    for check in field.checks {
        diagnostics.extend(collection(check, value, path));
        diagnostics.extend(scalars(field, value).filter_map(|value| scalar(check, value, path)));
    }
    if let Kind::Object(members) = field.kind {
        validate_object(members, value, path, diagnostics);
    }
    let Some(elements) = value.elements() else { return };
    for (index, element) in elements.iter().enumerate() {
        let place = if let Value::Set(_) = value { path.clone() } else { path.child_index(index) };
        if element.is_null() {
            let detail = format!("An element of `{path}` is null. Remove it, or give it a value.");
            diagnostics.push(invalid(detail, &place));
        } else if element.as_str() == Some("") {
            diagnostics
                .push(invalid(format!("An element of `{path}` is empty. Remove it."), &place));
        } else if let (Kind::ObjectList(members), false) = (field.kind, element.is_unknown()) {
            validate_object(members, element, &place, diagnostics);
        }
    }
}

fn presence(field: &Field, value: &Value, path: &Path) -> Option<Diagnostic> {
    let name = path;
    if matches!(field.mode, Mode::Required) && value.is_null() {
        let detail = format!("`{name}` is required, but its value is null.");
        return Some(Diagnostic::error("Missing required attribute", detail).at(path.clone()));
    }
    if !field.is_configurable() && !value.is_null() {
        let detail = format!(
            "`{name}` is decided by the service and cannot be set. Remove it from the configuration."
        );
        return Some(Diagnostic::error("Read-only attribute", detail).at(path.clone()));
    }
    let reason = field.deprecated.filter(|_| !value.is_null() && !value.is_unknown())?;
    // Terraform shows only the first of several warnings with one title.
    let summary = format!("Deprecated attribute `{}`", field.name);
    Some(Diagnostic::warning(summary, format!("`{name}`: {reason}")).at(path.clone()))
}

/// Rules about a field and its siblings.
fn relation(check: &Check, value: &Value, object: &Value, path: &Path) -> Option<Diagnostic> {
    let name = path;
    let detail = match *check {
        Check::RequiredWith(sibling) => {
            let missing =
                !value.is_null() && !value.is_unknown() && object.attribute(sibling).is_null();
            missing.then(|| {
                format!("`{name}` and `{sibling}` go together: set `{sibling}` too, or neither.")
            })
        }
        Check::OnlyIf { sibling, value: wanted } => {
            let other = object.attribute(sibling);
            let misplaced = !value.is_null()
                && !value.is_unknown()
                && !other.is_unknown()
                && other.as_str() != Some(wanted);
            misplaced
                .then(|| format!("`{name}` can only be set where `{sibling}` is \"{wanted}\"."))
        }
        _ => None,
    };
    detail.map(|detail| invalid(detail, path))
}

/// Rules about a collection as a whole.
fn collection(check: &Check, value: &Value, path: &Path) -> Option<Diagnostic> {
    let elements = value.elements()?;
    match *check {
        Check::NotEmpty if elements.is_empty() => {
            let detail = format!(
                "`{path}` must not be empty. To set no restriction, leave it out or set it to null."
            );
            Some(invalid(detail, path))
        }
        Check::UniqueBy(member) => {
            let mut seen = std::collections::BTreeSet::new();
            let (index, twice) = elements
                .iter()
                .enumerate()
                .filter_map(|(index, element)| Some((index, element.attribute(member).as_str()?)))
                .find(|(_, text)| !seen.insert(*text))?;
            let place = path.child_index(index).child_attribute(member);
            let detail =
                format!("`{place}` is \"{twice}\" again; each {member} may be given only once.");
            Some(invalid(detail, &place))
        }
        _ => None,
    }
}

/// The values that rules about text and numbers apply to: the value itself, or each string of a set.
fn scalars<'a>(field: &Field, value: &'a Value) -> impl Iterator<Item = &'a Value> {
    let elements = if let Kind::StringSet = field.kind {
        value.elements()
    } else {
        Some(std::slice::from_ref(value))
    };
    elements.unwrap_or_default().iter()
}

fn scalar(check: &Check, value: &Value, path: &Path) -> Option<Diagnostic> {
    let name = path;
    let detail = match (*check, value) {
        (Check::Length { min, max }, Value::String(text)) => {
            let length = text.chars().count();
            (length < min || length > max)
                .then(|| format!("`{name}` must have {min} to {max} characters; it has {length}."))
        }
        (Check::OneOf(allowed), Value::String(text)) => {
            (!allowed.contains(&text.as_str())).then(|| {
                format!("`{name}` cannot be \"{text}\". It can be {}.", alternatives(allowed))
            })
        }
        (Check::GreaterThan(bound), Value::Number(number)) => {
            too_small("greater than", f64::gt, bound, number, path)
        }
        (Check::AtLeast(bound), Value::Number(number)) => {
            too_small("at least", f64::ge, bound, number, path)
        }
        (Check::Integer, Value::Number(number)) => number
            .to_i64()
            .is_none()
            .then(|| format!("`{name}` must be a whole number below 2^63; it is {number}.")),
        (Check::Text(check), Value::String(text)) => {
            check(text).err().map(|complaint| format!("`{name}` {complaint}"))
        }
        (Check::Id, Value::String(text)) => {
            misshapen_id(text).map(|wanted| format!("`{name}` {wanted}"))
        }
        _ => None,
    };
    detail.map(|detail| invalid(detail, path))
}

/// What is wrong with an id, continuing its name. Without the value: what stands where an id should may be a secret.
fn misshapen_id(text: &str) -> Option<&'static str> {
    if text.is_empty() {
        return Some("is empty. Give it an id, or leave it out.");
    }
    if text.contains(|c: char| c.is_whitespace() || c.is_control() || c == '/') {
        return Some("is not an id: it contains a slash or white space.");
    }
    let is_capital = is_uuid(text) && text.contains(|c: char| c.is_ascii_uppercase());
    is_capital.then_some("must be in small letters, such as 0df9e665-d932-5740-b2c7-b52af166bc11.")
}

/// A number counts as the double that it is at the service: too small a one is 0 there, and too large a one nothing.
fn too_small(
    wanted: &str,
    is_wanted: fn(&f64, &f64) -> bool,
    bound: i64,
    number: &Number,
    path: &Path,
) -> Option<String> {
    let double = number.to_f64();
    if !double.is_finite() {
        return Some(format!("`{path}` is too large: {number} is more than a double can hold."));
    }
    let is_right = is_wanted(&double, &Number::from(bound).to_f64());
    (!is_right).then(|| format!("`{path}` must be {wanted} {bound}; it is {number}."))
}

/// Whether a text is a UUID in its 36-character form.
pub fn is_uuid(text: &str) -> bool {
    let group = |(part, length): (&str, usize)| {
        part.len() == length && part.bytes().all(|byte| byte.is_ascii_hexdigit())
    };
    text.split('-').count() == 5 && text.split('-').zip([8, 4, 4, 4, 12]).all(group)
}

fn alternatives(allowed: &[&str]) -> String {
    let quoted: Vec<_> = allowed.iter().map(|text| format!("\"{text}\"")).collect();
    match quoted.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, rest)) => format!("{} or {last}", rest.join(", ")),
        None => String::new(),
    }
}

fn invalid(detail: String, path: &Path) -> Diagnostic {
    Diagnostic::error(format!("Invalid value for `{path}`"), detail).at(path.clone())
}
