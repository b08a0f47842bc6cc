//! Two resources of one walk that want the same key or member under different guardrails: each apply would undo the other.
//!
//! Owns who is told, and how. An error only where nothing can be lost by it: core plans the configuration also before it
//! destroys, and tells nobody that it is about to, so a plan that refuses what contradicts the state would refuse the
//! destroy too. There it is a warning. In an apply it is an error again, for whoever has not been assigned by then.

use crate::{
    client::AssigneeKind,
    cty::{Path, Value},
    protocol::diagnostics::{Diagnostic, Diagnostics},
};

use super::{Api, Assignment, GUARDRAIL_ID, planned::Wish};

impl Assignment {
    /// Notes what a plan assigns, and gives the warning for what contradicts it.
    ///
    /// # Errors
    /// When another new resource wants something else, and nothing is in the state that could be destroyed.
    pub(super) async fn note_wish(
        &self,
        api: &Api,
        planned: &Value,
        is_new: bool,
    ) -> Result<Option<Diagnostic>, Diagnostics> {
        let guardrail_id = planned.attribute(GUARDRAIL_ID).as_str().map(str::to_owned);
        let wish = Wish { guardrail_id, is_new };
        let assignee = planned.attribute(self.assignee).as_str();
        for other in api.planned().planned(self.kind, assignee, wish.clone()) {
            if !self.may_exclude(api, &wish, &other).await {
                continue;
            }
            let is_certain = wish.guardrail_id.is_some() && other.guardrail_id.is_some();
            if is_certain && wish.is_new && other.is_new && !api.planned().has_state() {
                return Err(self.contradiction(planned, &other).into());
            }
            return Ok(Some(self.suspicion(planned, &other)));
        }
        Ok(None)
    }

    /// Refuses to apply what contradicts another resource of the same apply.
    pub(super) async fn refuse_contradiction(
        &self,
        api: &Api,
        state: &Value,
    ) -> Result<(), Diagnostics> {
        let (guardrail_id, assignee) = self.names(state);
        let wish = Wish { guardrail_id: Some(guardrail_id.to_owned()), is_new: true };
        let others = api.planned().others(&(self.kind, assignee.to_owned()), &wish);
        for other in others.into_iter().filter(|other| other.guardrail_id.is_some()) {
            if self.may_exclude(api, &wish, &other).await {
                return Err(self.contradiction(state, &other).into());
            }
        }
        Ok(())
    }

    /// Whether nobody can be under both guardrails, as far as is known: always for keys, for members if the two are of one
    /// workspace. A guardrail that is not made yet, or cannot be read, is taken to be of another workspace.
    async fn may_exclude(&self, api: &Api, one: &Wish, other: &Wish) -> bool {
        if self.kind == AssigneeKind::Key {
            return true;
        }
        let (Some(one), Some(other)) = (&one.guardrail_id, &other.guardrail_id) else {
            return false;
        };
        let one = self.readable_workspace_of(api, one).await;
        one.is_some() && one == self.readable_workspace_of(api, other).await
    }

    fn contradiction(&self, planned: &Value, other: &Wish) -> Diagnostic {
        let detail = format!(
            "{} Remove one of the two resources. (`terraform destroy -refresh=false` does not plan the configuration, and \
             so is not stopped by this.)",
            self.told(planned, other)
        );
        Diagnostic::error(self.title(), detail).at(Path::attribute(self.assignee))
    }

    fn suspicion(&self, planned: &Value, other: &Wish) -> Diagnostic {
        let detail = format!(
            "{} Each apply would undo the other. Unless both mean the same guardrail, remove one of the two resources before \
             you apply. (This is no error, because Terraform plans the configuration also before it destroys.)",
            self.told(planned, other)
        );
        Diagnostic::warning(self.title(), detail).at(Path::attribute(self.assignee))
    }

    fn title(&self) -> String {
        format!("One {} under two guardrails", self.noun)
    }

    fn told(&self, planned: &Value, other: &Wish) -> String {
        let name = |guardrail: Option<&str>| match guardrail {
            Some(id) => format!("guardrail {id}"),
            None => "a guardrail known after apply".to_owned(),
        };
        let here = name(planned.attribute(GUARDRAIL_ID).as_str());
        let there = name(other.guardrail_id.as_deref());
        let (noun, assignee) = (self.noun, self.names(planned).1);
        format!(
            "The {noun} {assignee} is put under {here} here, and under {there} by another resource of this configuration. It \
             can only be under one of them."
        )
    }
}
