//! `content_filter_matches(pattern, text)`: whether a pattern matches.

use crate::{
    cty::{Type, Value},
    protocol::function::{Function, FunctionError, Parameter, Signature},
};

use super::{
    super::guardrail::CONTENT_FILTER_PATTERN,
    evaluation::{check, compile, exhausted, steps, text_parameter, wrong_count},
};

/// Where the pattern is among the arguments.
const PATTERN: usize = 0;

const DESCRIPTION: &str = "Checks whether the pattern of a content filter matches anywhere in a \
    text, as in JavaScript. The function makes no requests and needs no provider configuration. \
    Requires Terraform 1.8 or later, or OpenTofu 1.7 or later. To see what OpenRouter does with \
    the text, use [`apply_content_filters`](apply_content_filters.md).\n\n\
    Matching follows JavaScript: it is case-sensitive, `^` and `$` match the beginning and end of \
    the text, and the dot does not match line breaks. OpenRouter does not document which flags it \
    sets; the function assumes none. A character outside the Basic Multilingual Plane, such as an \
    emoji, then counts as two characters, unless JavaScript accepts the pattern only with the flag \
    `u` or `v`.\n\n\
    Terraform normalises all strings to Unicode NFC before it passes them to a provider, the \
    pattern and the text alike: a letter followed by a combining accent becomes one character if \
    Unicode has one for both.\n\n\
    A pattern is an error if it is not a valid JavaScript regular expression, or if it contains \
    lookaround, backreferences or nested quantifiers, since the API rejects all of these. Two \
    things count as nested quantifiers:\n\n\
    - A group that repeats without limit (`*`, `+` or `{n,}`) and contains something that repeats \
    without limit, as in `(a+)+`.\n\
    - A group that repeats without limit and has alternatives of which one begins with another, as \
    in `(a|a)*` and `(a|ab)*`.\n\n\
    -> **Note:** The API's own rule for nested quantifiers is not public: it may reject patterns \
    that are accepted here.\n\n\
    The function has limits that OpenRouter may not have. It is an error if a call takes more than \
    200,000,000 steps (some seconds), if a pattern has more than 250,000 instructions once its \
    counted repetitions are expanded, or if its groups are nested deeper than 250 levels.";

/// The function.
pub(in crate::provider) struct ContentFilterMatches;

impl Function for ContentFilterMatches {
    fn signature(&self) -> Signature {
        let pattern = "The pattern of a content filter: a JavaScript regular expression without \
                       lookaround, backreferences and nested quantifiers, 1 to 100000 characters.";
        Signature {
            parameters: vec![Parameter::new("pattern", Type::String, pattern), text_parameter()],
            returns: Type::Bool,
            summary: "Checks whether the pattern of a content filter matches a text",
            description: DESCRIPTION,
        }
    }

    fn call(&self, arguments: &[Value]) -> Result<Value, FunctionError> {
        let [pattern, text] = arguments else { return Err(wrong_count(arguments)) };
        check(PATTERN, CONTENT_FILTER_PATTERN, pattern)?;
        let name = CONTENT_FILTER_PATTERN.name;
        let compiled = compile(PATTERN, name, pattern.as_str().unwrap_or_default())?;
        let text = text.as_str().unwrap_or_default();
        let is_match = compiled.is_match(text, &mut steps());
        is_match.map(Value::Bool).map_err(exhausted(PATTERN, "`pattern` takes"))
    }
}
