//! The five operations on guardrails themselves.

use serde_json::json;

use super::{Answer, Call};
use crate::store::{Refusal, Store, View};

impl From<View> for Answer {
    fn from(view: View) -> Self {
        Self { body: json!({ "data": view.fields }), checked: !view.edited }
    }
}

pub(super) fn list(store: &mut Store, call: &Call) -> Result<Answer, Refusal> {
    let page = call.query.page()?;
    let workspace_id = store.placement(call.query.workspace_id()?)?;
    Ok(page_of_views(store.list_guardrails(&workspace_id, page)))
}

/// A page of a list, checked unless one of its rows breaks the contract on purpose.
pub(super) fn page_of_views((views, total): (Vec<View>, usize)) -> Answer {
    let checked = views.iter().all(|view| !view.edited);
    let data: Vec<_> = views.into_iter().map(|view| view.fields).collect();
    Answer { body: json!({ "data": data, "total_count": total }), checked }
}

pub(super) fn create(store: &mut Store, call: &Call) -> Result<Answer, Refusal> {
    Ok(store.create_guardrail(call.body.clone())?.into())
}

pub(super) fn get(store: &mut Store, call: &Call) -> Result<Answer, Refusal> {
    Ok(store.guardrail(&call.id)?.into())
}

pub(super) fn update(store: &mut Store, call: &Call) -> Result<Answer, Refusal> {
    Ok(store.update_guardrail(&call.id, call.body.clone())?.into())
}

pub(super) fn delete(store: &mut Store, call: &Call) -> Result<Answer, Refusal> {
    store.delete_guardrail(&call.id)?;
    Ok(json!({ "deleted": true }).into())
}
