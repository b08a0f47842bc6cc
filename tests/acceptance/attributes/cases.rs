//! Every attribute of the guardrail with values to try: what the configuration says, and what the API then holds.

use serde_json::{Map, Value};

const FLAGS: &[&str] = &[
    "enforce_zdr_anthropic",
    "enforce_zdr_google",
    "enforce_zdr_openai",
    "enforce_zdr_other",
    "enforce_zdr_xai",
];
const BUDGET: &[&str] = &["limit_usd", "reset_interval"];

/// An attribute and the values to try.
pub(super) struct Case {
    pub(super) attribute: &'static str,
    /// Two configured values, in HCL.
    pub(super) configured: [&'static str; 2],
    /// What the API holds for each, in JSON; the same text where it is not told apart.
    stored: [&'static str; 2],
    /// What someone else makes of the second value, in JSON.
    drift: &'static str,
    /// What the API holds once the attribute is taken away, in JSON.
    cleared: &'static str,
    /// Another attribute with its value that must be set beside this one.
    pub(super) beside: Option<(&'static str, &'static str)>,
    /// The API's fields that it sets; itself if none.
    sets: &'static [&'static str],
    /// The API's fields that a change of it sends; those that it sets if none.
    sends: &'static [&'static str],
}

impl Case {
    const fn new(
        attribute: &'static str,
        configured: [&'static str; 2],
        drift: &'static str,
    ) -> Self {
        let (beside, sets, sends): (_, &[_], &[_]) = (None, &[], &[]);
        Self {
            attribute,
            configured,
            stored: configured,
            drift,
            cleared: "null",
            beside,
            sets,
            sends,
        }
    }

    const fn stored(self, stored: [&'static str; 2]) -> Self {
        Self { stored, ..self }
    }

    const fn beside(self, attribute: &'static str, value: &'static str) -> Self {
        Self { beside: Some((attribute, value)), ..self }
    }

    const fn sending(self, sends: &'static [&'static str]) -> Self {
        Self { sends, ..self }
    }

    /// The API's fields that hold the attribute.
    pub(super) fn fields(&self) -> Vec<&'static str> {
        if self.sets.is_empty() { vec![self.attribute] } else { self.sets.to_vec() }
    }

    /// The API's fields that stand in the body of an update of this attribute alone.
    pub(super) fn sent(&self) -> Vec<&'static str> {
        if self.sends.is_empty() { self.fields() } else { self.sends.to_vec() }
    }

    /// What the API holds for the first or the second configured value.
    pub(super) fn held(&self, which: usize) -> Map<String, Value> {
        let mut held = self.each_field(self.stored[which]);
        held.extend(self.beside.map(|(name, value)| (name.to_owned(), json(value))));
        held
    }

    /// What someone else makes of it.
    pub(super) fn drifted(&self) -> Map<String, Value> {
        let mut drifted = self.each_field(self.drift);
        drifted.extend(self.beside.map(|(name, value)| (name.to_owned(), json(value))));
        drifted
    }

    /// What the API holds once attribute and company are taken away.
    pub(super) fn cleared(&self) -> Map<String, Value> {
        let mut cleared = self.each_field(self.cleared);
        cleared.extend(self.beside.map(|(name, _)| (name.to_owned(), Value::Null)));
        cleared
    }

    fn each_field(&self, value: &str) -> Map<String, Value> {
        self.fields().into_iter().map(|field| (field.to_owned(), json(value))).collect()
    }
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).expect("the table holds JSON")
}

const fn flag(attribute: &'static str) -> Case {
    Case::new(attribute, ["true", "false"], "true")
}

/// Everything that a configuration can set, but `workspace_id`, whose change is a replacement.
pub(super) const CASES: &[Case] = &[
    Case::new("name", [r#""one""#, r#""two""#], r#""three""#),
    Case::new("description", [r#""one""#, r#""two""#], r#""three""#),
    Case::new("limit_usd", ["10", "20.5"], "0.3").beside("reset_interval", r#""daily""#).sending(BUDGET),
    Case::new("reset_interval", [r#""daily""#, r#""weekly""#], r#""monthly""#)
        .beside("limit_usd", "10")
        .sending(BUDGET),
    Case { cleared: "false", ..Case::new("include_byok_in_budgets", ["false", "true"], "false") },
    Case::new(
        "allowed_models",
        [r#"["openai/gpt-5"]"#, r#"["openai/gpt-4o", "anthropic/claude-sonnet-4.5"]"#],
        r#"["x-ai/grok-4-07-09"]"#,
    )
    .stored([
        r#"["openai/gpt-5-2025-08-07"]"#,
        r#"["anthropic/claude-4.5-sonnet-20250929", "openai/gpt-4o"]"#,
    ]),
    Case::new(
        "ignored_models",
        [r#"["x-ai/grok-4"]"#, r#"["openai/gpt-4o"]"#],
        r#"["google/gemini-2.5-pro"]"#,
    )
    .stored([r#"["x-ai/grok-4-07-09"]"#, r#"["openai/gpt-4o"]"#]),
    Case::new("allowed_providers", [r#"["openai"]"#, r#"["anthropic", "openai"]"#], r#"["xai"]"#),
    Case::new("ignored_providers", [r#"["azure"]"#, r#"["xai"]"#], r#"["azure", "xai"]"#),
    flag("enforce_first_party_harness_models"),
    Case::new("allowed_data_regions", [r#"["us"]"#, r#"["europe", "global"]"#], r#"["global"]"#),
    Case::new(
        "content_filters",
        [
            r#"[{ action = "block", pattern = "a+" }]"#,
            r#"[{ action = "redact", pattern = "b", label = "[B]" }, { action = "flag", pattern = "a+" }]"#,
        ],
        r#"[{ "action": "flag", "pattern": "a+" }, { "action": "redact", "pattern": "b", "label": "[B]" }]"#,
    )
    .stored([
        r#"[{ "action": "block", "pattern": "a+", "label": null }]"#,
        r#"[{ "action": "redact", "pattern": "b", "label": "[B]" },
            { "action": "flag", "pattern": "a+", "label": null }]"#,
    ]),
    Case::new(
        "content_filter_builtins",
        [
            r#"[{ slug = "email", action = "redact" }]"#,
            r#"[{ slug = "email", action = "block" },
                { slug = "regex-prompt-injection", action = "flag", scan_scope = "user_only" }]"#,
        ],
        r#"[{ "slug": "email", "action": "block" }]"#,
    )
    .stored([
        r#"[{ "slug": "email", "action": "redact", "label": "[EMAIL]" }]"#,
        r#"[{ "slug": "regex-prompt-injection", "action": "flag", "scan_scope": "user_only" },
            { "slug": "email", "action": "block", "label": "[EMAIL]" }]"#,
    ]),
    Case { sets: FLAGS, ..Case::new("enforce_zdr", ["true", "false"], "true") },
    flag("enforce_zdr_anthropic").sending(FLAGS),
    flag("enforce_zdr_google").sending(FLAGS),
    flag("enforce_zdr_openai").sending(FLAGS),
    flag("enforce_zdr_other").sending(FLAGS),
    flag("enforce_zdr_xai").sending(FLAGS),
    flag("enable_free_model_publication"),
    flag("enable_free_model_training"),
    flag("enable_paid_model_training"),
    flag("allow_safety_retention_google"),
    flag("allow_safety_retention_other"),
];
