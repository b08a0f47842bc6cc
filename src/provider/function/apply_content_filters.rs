//! `apply_content_filters(filters, text)`: what the filters of a guardrail do with a text.

use crate::{
    cty::{Type, Value},
    protocol::function::{Function, FunctionError, Parameter, Signature},
    table::field::{Field, FieldType},
};

use super::{
    super::guardrail::CONTENT_FILTER,
    evaluation::{check, compile, exhausted, steps, text_parameter, wrong_count},
};

/// Where the filters are among the arguments.
const FILTERS: usize = 0;

/// The filters, as a guardrail's `content_filters` are declared.
const FIELD: Field = Field::optional("filters", FieldType::ObjectList(CONTENT_FILTER));

/// The subject of the error when the filters of a call have used up its steps.
const WORK: &str = "The filters together take";

/// What replaces a redacted match without a label.
const REDACTED: &str = "[REDACTED]";

const FILTERS_DOC: &str = "The filters: a guardrail's `content_filters`, or a list of objects with \
    `pattern`, `action` and, optionally, `label`. Null and an empty list mean no filters. Patterns \
    that [`content_filter_matches`](content_filter_matches.md) does not accept are errors, and so \
    are other values that the API would reject.";

const DESCRIPTION: &str = "Applies a guardrail's `content_filters` to a text, and returns what \
    OpenRouter would do with it. Built-in filters are not included. The function makes no requests \
    and needs no provider configuration. Requires Terraform 1.8 or later, or OpenTofu 1.7 or \
    later.\n\n\
    The result is an object with these attributes:\n\n\
    - `action` (String) The strictest action among the filters that match: `block`, then `redact`, \
    then `flag`. If no filter matches, `pass`.\n\
    - `text` (String) The text with every match of the redacting filters replaced by the label of \
    the filter, or by `[REDACTED]` if it has no label. If `action` is `block`, null.\n\n\
    -> **Note:** OpenRouter does not document the following details; they are assumptions of the \
    provider. Redacting filters are applied in their order, each to the result of the one before. \
    Filters that block or flag are applied to the original text. A label is inserted literally, \
    and an empty label removes the match. If only one half of a surrogate pair is redacted, the \
    other half becomes U+FFFD.\n\n\
    The combined `content_filters` of `openrouter_effective_guardrail` have no labels, so their \
    matches become `[REDACTED]`. The filters of its single `layers` have their labels.\n\n\
    For the way in which patterns match, the patterns that are errors, and the effect of \
    Terraform's Unicode normalisation, see [`content_filter_matches`](content_filter_matches.md). \
    The same limits apply here; all filters of a call share the limit of steps. A text that labels \
    make longer than 16,777,216 characters is an error.";

/// The function.
pub(in crate::provider) struct ApplyContentFilters;

/// What happens to a request, from the mildest to the strictest.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Action {
    Pass,
    Flag,
    Redact,
    Block,
}

impl Function for ApplyContentFilters {
    fn signature(&self) -> Signature {
        Signature {
            parameters: vec![
                Parameter::new(FIELD.name, FIELD.ty(), FILTERS_DOC).or_null(),
                text_parameter(),
            ],
            returns: Type::object([("action", Type::String), ("text", Type::String)]),
            summary: "Applies content filters to a text",
            description: DESCRIPTION,
        }
    }

    fn call(&self, arguments: &[Value]) -> Result<Value, FunctionError> {
        let [filters, text] = arguments else { return Err(wrong_count(arguments)) };
        check(FILTERS, FIELD, filters)?;
        apply(filters.elements().unwrap_or_default(), text.as_str().unwrap_or_default())
    }
}

/// Redacts in the order of the filters, each in what those before it have left. Whether a filter blocks
/// or flags is decided on the whole text.
fn apply(filters: &[Value], text: &str) -> Result<Value, FunctionError> {
    let (mut strictest, mut redacted) = (Action::Pass, text.to_owned());
    let mut steps = steps();
    for (index, filter) in filters.iter().enumerate() {
        let path = format!("{}[{index}].pattern", FIELD.name);
        let pattern = filter.attribute("pattern").as_str().unwrap_or_default();
        let pattern = compile(FILTERS, &path, pattern)?;
        let action = Action::of(filter);
        let is_match = if action == Action::Redact {
            let label = filter.attribute("label").as_str().unwrap_or(REDACTED);
            let replaced = pattern.replace_all(&redacted, label, &mut steps);
            match replaced.map_err(exhausted(FILTERS, WORK))? {
                Some(replaced) => {
                    redacted = replaced;
                    true
                }
                None => false,
            }
        } else {
            pattern.is_match(text, &mut steps).map_err(exhausted(FILTERS, WORK))?
        };
        if is_match {
            strictest = strictest.max(action);
        }
    }
    let text = if strictest == Action::Block { Value::Null } else { Value::from(redacted) };
    Ok(Value::object([("action", Value::from(strictest.name())), ("text", text)]))
}

impl Action {
    fn of(filter: &Value) -> Self {
        match filter.attribute("action").as_str() {
            Some("block") => Self::Block,
            Some("redact") => Self::Redact,
            _ => Self::Flag,
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Flag => "flag",
            Self::Redact => "redact",
            Self::Block => "block",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filter(action: &str, pattern: &str, label: Option<&str>) -> Value {
        let label = label.map_or(Value::Null, Value::from);
        Value::object([("action", action.into()), ("pattern", pattern.into()), ("label", label)])
    }

    #[track_caller]
    fn check_result(filters: &[Value], text: &str, action: &str, left: Option<&str>) {
        let arguments = [Value::List(filters.to_vec()), Value::from(text)];
        let left = left.map_or(Value::Null, Value::from);
        let expected = Value::object([("action", Value::from(action)), ("text", left)]);
        assert_eq!(ApplyContentFilters.call(&arguments), Ok(expected));
    }

    #[track_caller]
    fn refused(filters: Value) -> String {
        let error = ApplyContentFilters.call(&[filters, Value::from("text")]).unwrap_err();
        assert_eq!(error.argument, Some(0));
        error.text
    }

    #[test]
    fn the_strictest_action_wins_in_any_order() {
        let mut filters =
            [filter("flag", "a", None), filter("redact", "b", None), filter("block", "c", None)];
        for _ in 0..2 {
            check_result(&filters, "x", "pass", Some("x"));
            check_result(&filters, "a", "flag", Some("a"));
            check_result(&filters, "ab", "redact", Some("a[REDACTED]"));
            check_result(&filters, "abc", "block", None);
            filters.reverse();
        }
        check_result(&[], "abc", "pass", Some("abc"));
    }

    #[test]
    fn filters_redact_in_order_and_others_see_the_text_as_it_is_given() {
        let filters = [
            filter("redact", "ab", Some("[b]")),
            filter("redact", "b", Some("$&")),
            filter("flag", "\\[", None),
        ];
        check_result(&filters, "ab", "redact", Some("[$&]"));
        check_result(&[filter("redact", "b", Some(""))], "abc", "redact", Some("ac"));
        check_result(&[filter("redact", "x*", None)], "a", "redact", Some("[REDACTED]a[REDACTED]"));
        check_result(
            &[filter("block", "ab", None), filter("redact", "a", None)],
            "ab",
            "block",
            None,
        );
        check_result(&filters[2..], "ab", "pass", Some("ab"));
    }

    #[test]
    fn no_filters_at_all_let_everything_pass() {
        let result = ApplyContentFilters.call(&[Value::Null, Value::from("x")]).unwrap();
        assert_eq!(result.attribute("action").as_str(), Some("pass"));
    }

    #[test]
    fn the_limit_of_work_is_that_of_all_filters() {
        let filters = Value::List(vec![filter("redact", "z*", Some(&"x".repeat(100)))]);
        let text = Value::from("a".repeat(170_000));
        let error = ApplyContentFilters.call(&[filters, text]).unwrap_err();
        assert!(
            error.text.starts_with("The filters together take too much work"),
            "{}",
            error.text
        );
        let error = ApplyContentFilters.call(&[]).unwrap_err();
        assert_eq!(error.argument, None);
        assert!(
            error.text.contains("passed 0 arguments to the function, but it takes 2"),
            "{}",
            error.text
        );
    }

    #[test]
    fn an_error_names_the_filter() {
        let good = filter("flag", "a", None);
        for (bad, problem) in [
            (filter("drop", "a", None), "`filters[1].action` cannot be \"drop\""),
            (filter("flag", "", None), "`filters[1].pattern` must have 1 to 100000 characters"),
            (filter("flag", "(?=a)", None), "`filters[1].pattern` is not a regular expression"),
            (filter("flag", "a", Some(&"x".repeat(101))), "`filters[1].label` must have 0 to 100"),
            (
                filter("flag", "(a+)+", None),
                "`filters[1].pattern` is not a regular expression the API accepts: it has nested",
            ),
            (filter("flag", "(a{999}){999}", None), "`filters[1].pattern` cannot be evaluated"),
        ] {
            let text = refused(Value::List(vec![good.clone(), bad]));
            assert!(text.starts_with(problem) && text.ends_with('.'), "{text}");
        }
    }
}
