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

const DESCRIPTION: &str = "Whether the pattern of a content filter matches somewhere in a text, as in JavaScript. It \
    needs Terraform 1.8 or OpenTofu 1.7, no configuration of the provider and no request. \
    `apply_content_filters` tells what OpenRouter does with the text.\n\n\
    As in JavaScript, matching is case-sensitive, `^` and `$` are the begin and end of the text, \
    and the dot matches no line break. A character outside the Basic Multilingual Plane, such as \
    an emoji, counts as two characters, unless JavaScript accepts the pattern only with the flag \
    `u` or `v`: which flag the API sets is not documented. Terraform normalises all texts to NFC, \
    pattern and text alike, before the provider gets them: a letter and its accent become one \
    character where there is one for both.\n\n\
    A pattern is an error if it is not a regular expression of JavaScript, or has lookaround, a \
    backreference or nested quantifiers: the API refuses all of these. Two things count here as \
    nested quantifiers. One is a group that repeats without limit (`*`, `+` or `{n,}`) and holds \
    something that repeats without limit, as in `(a+)+`. The other is a group that repeats without \
    limit and has alternatives of which one begins with another, as in `(a|a)*` and `(a|ab)*`. The \
    API's own rule for them is not public: it may refuse patterns that are accepted here.\n\n\
    A call that takes more than 200,000,000 steps (some seconds) is an error, and so is a pattern \
    with more than 250,000 instructions once its counted repetitions are written out, or with \
    groups nested deeper than 250 levels: OpenRouter may accept it all the same.";

/// The function.
pub(in crate::provider) struct ContentFilterMatches;

impl Function for ContentFilterMatches {
    fn signature(&self) -> Signature {
        let pattern = "The pattern of a content filter: a regular expression as JavaScript has them, \
                       without lookaround, backreferences and nested quantifiers, 1 to 100000 \
                       characters.";
        Signature {
            parameters: vec![Parameter::new("pattern", Type::String, pattern), text_parameter()],
            returns: Type::Bool,
            summary: "Whether the pattern of a content filter matches a text",
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
