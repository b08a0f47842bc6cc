//! Guardrails: create, read, update, delete, list, and the default guardrail that every workspace has.
//!
//! A guardrail is a generic object whose fields the contract names; only fields with a rule of their own are known
//! here by name.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::{Guardrail, Page, Refusal, Store, Workspace, rules};
use crate::{contract, ids};

/// A guardrail as answers show it.
#[derive(Clone, Debug)]
pub(crate) struct View {
    /// Every field of the contract and every extra one, null where nothing is stored.
    pub(crate) fields: Value,
    /// Whether the contract may be broken on purpose, by an edit out of band.
    pub(crate) edited: bool,
}

impl Guardrail {
    pub(super) fn text(&self, field: &str) -> Option<&str> {
        self.fields.get(field).and_then(Value::as_str)
    }

    pub(super) fn workspace_id(&self) -> Option<&str> {
        self.text("workspace_id")
    }

    fn apply(&mut self, changes: Map<String, Value>) {
        for (name, value) in changes {
            if value.is_null() {
                self.fields.remove(&name);
            } else {
                self.fields.insert(name, value);
            }
        }
    }
}

impl Store {
    /// Creates a guardrail from a request body that the contract has accepted. Names may occur twice.
    pub(crate) fn create_guardrail(
        &mut self,
        mut body: Map<String, Value>,
    ) -> Result<View, Refusal> {
        let workspace = body.remove("workspace_id");
        let workspace_id = self.placement(workspace.as_ref().and_then(Value::as_str))?;
        let fields = rules::prepare(body, &self.catalogue)?;
        let mut guardrail = self.blank(&ids::fresh_uuid(), Some(&workspace_id));
        guardrail.apply(fields);
        rules::check_result(&guardrail.fields)?;
        Ok(self.keep(guardrail))
    }

    /// Creates a guardrail from the time before workspaces: its `workspace_id` is null.
    pub(crate) fn create_legacy_guardrail(
        &mut self,
        body: Map<String, Value>,
    ) -> Result<View, Refusal> {
        let fields = rules::prepare(body, &self.catalogue)?;
        let mut guardrail = self.blank(&ids::fresh_uuid(), None);
        guardrail.apply(fields);
        rules::check_result(&guardrail.fields)?;
        Ok(self.keep(guardrail))
    }

    pub(crate) fn guardrail(&self, id: &str) -> Result<View, Refusal> {
        let guardrail = self.guardrails.get(id).ok_or_else(|| Refusal::not_found("Guardrail"))?;
        Ok(self.view(guardrail))
    }

    /// The workspace of a guardrail, also of a default one that does not exist yet.
    pub(crate) fn workspace_of_guardrail(&self, id: &str) -> Option<String> {
        match self.guardrails.get(id) {
            Some(guardrail) => guardrail.workspace_id().map(str::to_owned),
            None => self.workspace_with_default(id).map(|workspace| workspace.id.clone()),
        }
    }

    /// Changes the fields that `patch` names and no others. The first update of a workspace's default guardrail
    /// brings it into existence.
    pub(crate) fn update_guardrail(
        &mut self,
        id: &str,
        patch: Map<String, Value>,
    ) -> Result<View, Refusal> {
        let mut guardrail = match self.guardrails.get(id) {
            Some(guardrail) => guardrail.clone(),
            None => self.unborn_default(id).ok_or_else(|| Refusal::not_found("Guardrail"))?,
        };
        if let Some(name) = patch.get("name").and_then(Value::as_str) {
            self.check_rename(id, guardrail.workspace_id(), name)?;
        }
        guardrail.apply(rules::prepare(patch, &self.catalogue)?);
        rules::check_result(&guardrail.fields)?;
        if self.guardrails.contains_key(id) {
            guardrail.fields.insert("updated_at".to_owned(), json!(self.clock.timestamp()));
        }
        Ok(self.keep(guardrail))
    }

    pub(crate) fn delete_guardrail(&mut self, id: &str) -> Result<(), Refusal> {
        if !self.guardrails.contains_key(id) {
            return Err(Refusal::not_found("Guardrail"));
        }
        if self.is_default(id) {
            return Err(Refusal::bad_request(
                "The default guardrail of a workspace cannot be deleted",
            ));
        }
        self.guardrails.remove(id);
        self.drop_rows_of(id);
        self.drop_from_policies(id);
        Ok(())
    }

    /// One page of the guardrails of a workspace, newest first, and how many there are in all.
    pub(crate) fn list_guardrails(&self, workspace_id: &str, page: Page) -> (Vec<View>, usize) {
        let mut found: Vec<&Guardrail> = self
            .guardrails
            .values()
            .filter(|guardrail| guardrail.workspace_id() == Some(workspace_id))
            .collect();
        found.sort_by_key(|guardrail| std::cmp::Reverse(guardrail.sequence));
        let total = found.len();
        (page.of(found.into_iter().map(|guardrail| self.view(guardrail))), total)
    }

    /// All guardrails of all workspaces, oldest first.
    pub(crate) fn all_guardrails(&self) -> Vec<View> {
        let mut all: Vec<&Guardrail> = self.guardrails.values().collect();
        all.sort_by_key(|guardrail| guardrail.sequence);
        all.into_iter().map(|guardrail| self.view(guardrail)).collect()
    }

    /// Sets fields past all rules and the contract; null removes a field. Answers about this guardrail are not
    /// checked any more.
    pub(crate) fn edit_guardrail(
        &mut self,
        id: &str,
        fields: Map<String, Value>,
    ) -> Result<View, Refusal> {
        let mut guardrail =
            self.guardrails.get(id).cloned().ok_or_else(|| Refusal::not_found("Guardrail"))?;
        guardrail.apply(fields);
        guardrail.edited = true;
        Ok(self.keep(guardrail))
    }

    /// Accepts a field of guardrails that the contract does not know, with any value.
    pub(crate) fn accept_field(&mut self, name: &str) -> Result<(), Refusal> {
        if contract::guardrail_fields().any(|known| known == name) {
            return Err(Refusal::bad_request(format!("The contract already has the field {name}")));
        }
        self.extra_fields.insert(name.to_owned());
        Ok(())
    }

    pub(crate) fn extra_fields(&self) -> &BTreeSet<String> {
        &self.extra_fields
    }

    /// Whether `id` is the default guardrail of a workspace, brought into existence or not.
    pub(super) fn is_default(&self, id: &str) -> bool {
        self.workspace_with_default(id).is_some()
    }

    fn workspace_with_default(&self, id: &str) -> Option<&Workspace> {
        self.workspaces.iter().find(|workspace| workspace.default_guardrail_id == id)
    }

    fn check_rename(
        &self,
        id: &str,
        workspace_id: Option<&str>,
        name: &str,
    ) -> Result<(), Refusal> {
        if self.is_default(id) {
            return Err(Refusal::bad_request(
                "The default guardrail of a workspace cannot be renamed",
            ));
        }
        let taken = self.guardrails.iter().any(|(other_id, other)| {
            other_id != id
                && other.workspace_id() == workspace_id
                && other.text("name") == Some(name)
        });
        if taken {
            return Err(Refusal::new(
                409,
                format!("A guardrail named \"{name}\" already exists in this workspace"),
            ));
        }
        Ok(())
    }

    fn unborn_default(&mut self, id: &str) -> Option<Guardrail> {
        let workspace_id = self.workspace_with_default(id)?.id.clone();
        let mut guardrail = self.blank(id, Some(&workspace_id));
        let name = format!("Workspace {workspace_id} Default");
        guardrail.fields.insert("name".to_owned(), json!(name));
        Some(guardrail)
    }

    /// A guardrail without settings. Requests always name one; only calls out of band may leave the name as it is here.
    fn blank(&mut self, id: &str, workspace_id: Option<&str>) -> Guardrail {
        let mut fields = Map::new();
        fields.insert("id".to_owned(), json!(id));
        fields.insert("name".to_owned(), json!("Unnamed"));
        fields.insert("include_byok_in_budgets".to_owned(), json!(false));
        fields.insert("created_at".to_owned(), json!(self.clock.timestamp()));
        if let Some(workspace_id) = workspace_id {
            fields.insert("workspace_id".to_owned(), json!(workspace_id));
        }
        Guardrail { sequence: self.sequence(), fields, edited: false }
    }

    fn view(&self, guardrail: &Guardrail) -> View {
        let mut fields = Map::new();
        for name in contract::guardrail_fields() {
            fields.insert(name.to_owned(), Value::Null);
        }
        for name in &self.extra_fields {
            fields.insert(name.clone(), Value::Null);
        }
        fields.extend(guardrail.fields.clone());
        View { fields: Value::Object(fields), edited: guardrail.edited }
    }

    fn keep(&mut self, guardrail: Guardrail) -> View {
        let view = self.view(&guardrail);
        if let Some(id) = guardrail.text("id") {
            self.guardrails.insert(id.to_owned(), guardrail);
        }
        view
    }
}
