//! The attributes of `openrouter_effective_guardrail`, made from the settings of guardrails and the
//! rules by which they combine.

use std::sync::LazyLock;

use crate::table::field::{Check, Field, FieldType};

use super::{
    super::super::{
        assignment::{GUARDRAIL_ID, WORKSPACE_ID},
        guardrail::SETTINGS,
    },
    BUDGETS, KEY_HASH, LAYER, LAYERS, NAME, USER_ID,
    combine::{Combination, combination},
};

/// All attributes.
pub(super) static FIELDS: LazyLock<Vec<Field>> = LazyLock::new(|| {
    let mut fields = vec![
        Field::optional(KEY_HASH, FieldType::String)
            .checks(&[Check::Id])
            .doc("The hash of an API key. Either this or `user_id` is set."),
        Field::optional(USER_ID, FieldType::String).or_computed().checks(&[Check::Id]).doc(
            "The user id of a member, set together with `workspace_id`. With `key_hash`, it is \
             the member who created the key; null where the API does not tell, and then there is \
             no layer `member`.",
        ),
        Field::optional(WORKSPACE_ID, FieldType::String).or_computed().checks(&[Check::Id]).doc(
            "The id of the workspace of the member's requests. With `key_hash`, it is the key's.",
        ),
        Field::computed(LAYERS, FieldType::ObjectList(OF_A_LAYER.as_slice())).doc(
            "The guardrails that apply, in the order `workspace_default`, `member`, `key`, with \
             what is not combined: settings of which OpenRouter does not say how they combine, \
             and the layer's own filters, with their labels and scopes.",
        ),
    ];
    fields.extend(SETTINGS.iter().filter_map(combined_field));
    fields.push(Field::computed(BUDGETS, FieldType::ObjectList(OF_A_BUDGET.as_slice())).doc(
        "The budgets of the layers. Each is checked by itself: the first one that is used up \
             blocks the request.",
    ));
    fields
});

/// The attributes of a layer.
static OF_A_LAYER: LazyLock<Vec<Field>> = LazyLock::new(|| {
    let own = SETTINGS.iter().filter(|setting| is_shown_by_layer(setting));
    let guardrail = Field::computed(NAME, FieldType::String).doc("The name of the guardrail.");
    [LAYER_FIELD, GUARDRAIL_FIELD, guardrail].into_iter().chain(own.map(computed)).collect()
});

/// The attributes of a budget.
static OF_A_BUDGET: LazyLock<Vec<Field>> = LazyLock::new(|| {
    let of_budget = SETTINGS.iter().filter(|setting| is_of_budget(setting));
    [LAYER_FIELD, GUARDRAIL_FIELD].into_iter().chain(of_budget.map(computed)).collect()
});

const LAYER_FIELD: Field = Field::computed(LAYER, FieldType::String)
    .doc("Why the guardrail applies: `workspace_default`, `member` or `key`.");
const GUARDRAIL_FIELD: Field =
    Field::computed(GUARDRAIL_ID, FieldType::String).doc("The id of the guardrail.");

const ACTION: Field = Field::computed("action", FieldType::String).doc(
    "The strictest action of the layers: `block` before `redact` before `flag`. Null where layers \
     differ and one has an action that this version does not know.",
);
const PATTERN_FILTER: &[Field] =
    &[Field::computed("pattern", FieldType::String).doc("The regular expression."), ACTION];
const BUILTIN_FILTER: &[Field] =
    &[Field::computed("slug", FieldType::String).doc("Which filter it is."), ACTION];

/// Whether a layer shows its own value of a setting. It does of filters too: which label replaces a
/// match, and which messages are scanned, is not stated where layers differ.
pub(super) fn is_shown_by_layer(setting: &Field) -> bool {
    matches!(combination(setting), Combination::Unstated | Combination::Strictest(_))
}

pub(super) fn is_of_budget(setting: &Field) -> bool {
    combination(setting) == Combination::Budget
}

fn computed(setting: &Field) -> Field {
    Field::computed(setting.name, setting.kind).doc(setting.doc)
}

fn combined_field(setting: &Field) -> Option<Field> {
    let (kind, doc) = match combination(setting) {
        Combination::Intersection => (
            setting.kind,
            "What all layers with such a list allow. Null where no layer has one, which is no \
             restriction; empty where the lists have nothing in common, so that nothing is \
             allowed at all, about which a warning tells too.",
        ),
        Combination::Union => (setting.kind, "What at least one layer ignores."),
        Combination::Any => (setting.kind, setting.doc),
        Combination::Strictest(key) => {
            let members = if key == "slug" { BUILTIN_FILTER } else { PATTERN_FILTER };
            (
                FieldType::ObjectList(members),
                "The filters of all layers, each once, without labels.",
            )
        }
        Combination::Budget | Combination::None | Combination::Unstated => return None,
    };
    Some(Field::computed(setting.name, kind).doc(doc))
}
