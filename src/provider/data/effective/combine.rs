//! What several guardrails that apply to the same request come to, by OpenRouter's published rules.
//! Pure.
//!
//! A setting whose combination the rules do not state is not combined: the layers' own values are
//! shown, and so is a setting that the API gains until its rule is entered here.

use std::collections::{BTreeMap, BTreeSet};

use crate::{cty::Value, table::field::Field};

const ACTION: &str = "action";

/// What a filter does, from the strictest.
const ACTIONS: [&str; 3] = ["block", "redact", "flag"];

/// A guardrail that applies to a request.
pub(super) struct Layer {
    /// Why it applies: `workspace_default`, `member` or `key`.
    pub(super) name: &'static str,
    /// Its attributes.
    pub(super) guardrail: Value,
}

/// How the values of a setting combine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Combination {
    /// What all layers with a list have in theirs. A layer without a list restricts nothing.
    Intersection,
    /// What any layer has in its list.
    Union,
    /// True when any layer has true.
    Any,
    /// All filters; of those for the same pattern or kind of data, which this member tells, the
    /// strictest action.
    Strictest(&'static str),
    /// Each layer's is checked by itself.
    Budget,
    /// Only another way to set others.
    None,
    /// Not stated.
    Unstated,
}

/// The rule for a setting.
pub(super) fn combination(setting: &Field) -> Combination {
    match setting.name {
        "allowed_models" | "allowed_providers" | "allowed_data_regions" => {
            Combination::Intersection
        }
        "ignored_models" | "ignored_providers" => Combination::Union,
        "content_filters" => Combination::Strictest("pattern"),
        "content_filter_builtins" => Combination::Strictest("slug"),
        "limit_usd" | "reset_interval" | "include_byok_in_budgets" => Combination::Budget,
        "enforce_zdr" => Combination::None,
        name if name.starts_with("enforce_zdr_") => Combination::Any,
        _ => Combination::Unstated,
    }
}

/// The value that a setting comes to; none where that is not for one value to say.
pub(super) fn combined(setting: &Field, layers: &[Layer]) -> Option<Value> {
    let values: Vec<&Value> =
        layers.iter().map(|layer| layer.guardrail.attribute(setting.name)).collect();
    match combination(setting) {
        Combination::Intersection => Some(intersection(&values)),
        Combination::Union => Some(union(&values)),
        Combination::Any => {
            Some(Value::Bool(values.iter().any(|value| value.as_bool() == Some(true))))
        }
        Combination::Strictest(key) => Some(strictest(key, &values)),
        Combination::Budget | Combination::None | Combination::Unstated => None,
    }
}

/// Null where no value is a list with something in it.
fn intersection(lists: &[&Value]) -> Value {
    let mut lists = lists.iter().map(|list| texts(list)).filter(|list| !list.is_empty());
    let Some(first) = lists.next() else { return Value::Null };
    set(lists.fold(first, |common, list| &common & &list))
}

fn union(lists: &[&Value]) -> Value {
    set(lists.iter().flat_map(|list| texts(list)).collect())
}

fn texts(list: &Value) -> BTreeSet<&str> {
    list.elements().into_iter().flatten().filter_map(Value::as_str).collect()
}

fn set(texts: BTreeSet<&str>) -> Value {
    Value::Set(texts.into_iter().map(Value::from).collect())
}

/// Filters of the members `key` and `action`, in the order of `key`.
fn strictest(key: &str, lists: &[&Value]) -> Value {
    let mut actions: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for filter in lists.iter().filter_map(|list| list.elements()).flatten() {
        let member = |name| filter.attribute(name).as_str().unwrap_or_default();
        actions.entry(member(key)).or_default().insert(member(ACTION));
    }
    let filter = |(name, actions)| {
        Value::object([(key, Value::from(name)), (ACTION, strictest_of(&actions))])
    };
    Value::List(actions.into_iter().map(filter).collect())
}

/// Null where an action is among them that has no place in the order.
fn strictest_of(actions: &BTreeSet<&str>) -> Value {
    if let (1, Some(only)) = (actions.len(), actions.first()) {
        return Value::from(*only);
    }
    if !actions.iter().all(|action| ACTIONS.contains(action)) {
        return Value::Null;
    }
    ACTIONS.into_iter().find(|action| actions.contains(action)).map_or(Value::Null, Value::from)
}

/// Whether a setting's lists have nothing in common. Nothing is said of lists of which everything is
/// ignored: OpenRouter does not state what that comes to.
pub(super) fn allows_nothing(setting: &Field, layers: &[Layer]) -> bool {
    combination(setting) == Combination::Intersection
        && combined(setting, layers)
            .as_ref()
            .and_then(Value::elements)
            .is_some_and(<[Value]>::is_empty)
}
