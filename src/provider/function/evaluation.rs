//! What both functions need: validation of arguments by the field table, and patterns under a limit of
//! work.

use crate::{
    cty::{Type, Value},
    protocol::{
        diagnostics::Severity,
        function::{FunctionError, Parameter},
    },
    table::{field::Field, validate::validate},
};

use super::super::javascript_regex::{
    CompiledPattern, Exhausted, Steps, Unsupported, check_quantifiers,
};

/// How much work a call may be: some seconds.
pub(super) const MAX_STEPS: u64 = 200_000_000;

/// The text that is scanned.
pub(super) const fn text_parameter() -> Parameter {
    let description = "The text to scan. Must not be null. If it is not known yet, neither is the \
                       result.";
    Parameter::new("text", Type::String, description)
}

/// Checks an argument as the attribute of that field is checked.
pub(super) fn check(index: usize, field: Field, argument: &Value) -> Result<(), FunctionError> {
    let config = Value::object([(field.name, argument.clone())]);
    let errors: Vec<_> = validate(&[field], &config)
        .into_iter()
        .filter(|diagnostic| diagnostic.severity == Severity::Error)
        .map(|diagnostic| diagnostic.detail)
        .collect();
    if errors.is_empty() {
        return Ok(());
    }
    Err(FunctionError::at(index, errors.join("\n")))
}

/// The error for a call with another number of arguments than the two that core has to give.
pub(super) fn wrong_count(arguments: &[Value]) -> FunctionError {
    let text = format!(
        "Terraform passed {} arguments to the function, but it takes 2. Please report this.",
        arguments.len()
    );
    FunctionError { text, argument: None }
}

/// Compiles the pattern at `path` of an argument.
pub(super) fn compile(
    index: usize,
    path: &str,
    pattern: &str,
) -> Result<CompiledPattern, FunctionError> {
    check_quantifiers(pattern)
        .map_err(|problem| FunctionError::at(index, format!("`{path}` {problem}")))?;
    CompiledPattern::new(pattern).map_err(|unsupported: Unsupported| {
        let text = format!(
            "`{path}` cannot be evaluated by the provider: {}. OpenRouter may still accept it.",
            unsupported.reason()
        );
        FunctionError::at(index, text)
    })
}

/// The error for a call that takes too many steps. `subject` is what takes them, with its verb.
pub(super) fn exhausted(index: usize, subject: &str) -> impl Fn(Exhausted) -> FunctionError {
    move |Exhausted| {
        let text = format!(
            "{subject} too much work on this text: the provider stops after {MAX_STEPS} steps in \
             one call, or if labels make the text too long. Simplify the pattern, or use a shorter \
             text."
        );
        FunctionError::at(index, text)
    }
}

/// What a call may do.
pub(super) const fn steps() -> Steps {
    Steps::new(MAX_STEPS)
}
