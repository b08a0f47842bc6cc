//! Data sources that find one object by one of two attributes: what they accept, and the errors
//! where none or several are found.

use crate::{
    client::{Client, JsonObject},
    cty::{Path, Value},
    protocol::diagnostics::{Diagnostic, Diagnostics},
};

use super::{
    super::{assignment::WORKSPACE_ID, misplaced_key},
    printable::printable,
};

/// By which attributes an object is found.
pub(super) struct Lookup {
    /// What messages call it.
    pub(super) noun: &'static str,
    /// The attribute that the API identifies it by.
    pub(super) id: &'static str,
    /// The other one, which may need a workspace to look in.
    pub(super) name: &'static str,
    /// The attributes that must not hold an API key.
    pub(super) never_keys: &'static [&'static str],
}

impl Lookup {
    /// What is wrong with a configuration: exactly one of the two attributes finds the object.
    pub(super) fn check(&self, config: &Value) -> Diagnostics {
        let refused = misplaced_key::refuse_keys(config, self.never_keys);
        // A message with a path would make Terraform print the line with the key.
        if refused.iter().next().is_some() {
            return refused;
        }
        self.ambiguity(config).map(Diagnostics::from).unwrap_or_default()
    }

    fn ambiguity(&self, config: &Value) -> Option<Diagnostic> {
        let Self { noun, id, name, .. } = *self;
        let (by_id, by_name) = (config.attribute(id), config.attribute(name));
        let (attribute, wrong) = match (by_id.is_null(), by_name.is_null()) {
            (true, true) => (id, format!("Set either `{id}` or `{name}`, to select the {noun}.")),
            (false, false) if !by_id.is_unknown() && !by_name.is_unknown() => {
                (id, format!("Set either `{id}` or `{name}`, not both."))
            }
            (false, true) if !config.attribute(WORKSPACE_ID).is_null() => (
                WORKSPACE_ID,
                format!(
                    "`{WORKSPACE_ID}` can only be set together with `{name}`. By `{id}`, a {noun} \
                     is found in any workspace."
                ),
            ),
            _ => return None,
        };
        Some(
            Diagnostic::error("Invalid combination of arguments", wrong)
                .at(Path::attribute(attribute)),
        )
    }

    /// The one object that a search has found.
    ///
    /// # Errors
    /// When none was found, or several.
    pub(super) fn only_one(
        &self,
        client: &Client,
        mut found: Vec<JsonObject>,
        Searched { attribute, action, place, hint }: &Searched,
    ) -> Result<JsonObject, Diagnostics> {
        let Self { noun, id, .. } = self;
        let detail = match found.len() {
            1 => return Ok(found.remove(0)),
            0 => format!("{place} has no {noun} with this `{attribute}`. {hint}"),
            count => {
                let ids = found.iter().filter_map(|one| one.get(*id)?.as_str());
                let ids = ids.collect::<Vec<_>>().join(", ");
                format!(
                    "{place} has {count} {noun}s with this `{attribute}`. Select one by its \
                     `{id}`: {ids}."
                )
            }
        };
        let message = Diagnostic::error(format!("Could not {action}"), detail);
        Err(printable(client, message).at(Path::attribute(*attribute)).into())
    }
}

/// A search for one object, for messages.
pub(super) struct Searched {
    /// The attribute that says what is looked for.
    pub(super) attribute: &'static str,
    /// What was attempted: `read API key "ci" of the default workspace`.
    pub(super) action: String,
    /// Where, at the beginning of a sentence.
    pub(super) place: String,
    /// What to check where nothing was found.
    pub(super) hint: &'static str,
}
