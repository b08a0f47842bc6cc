//! Calls about list resources.

use std::sync::Arc;

use async_trait::async_trait;
use tokio::sync::mpsc;
use tonic::Status;

use crate::{
    cty::Type,
    pb::tfplugin5::{self as pb, list_resource::Event},
};

use super::{
    super::{
        convert::{self, decode, encode},
        diagnostics::Diagnostics,
        identity,
        list_resource::{ListResults, ListedObject},
        provider::Provider,
        rpc::Outcome,
    },
    Connection,
};

/// Sends the objects of a list to core, which cancels the call when it has enough.
struct EventSender<'a> {
    events: mpsc::Sender<Result<Event, Status>>,
    /// The type of the managed resource, and what identifies its objects.
    ty: &'a Type,
    identity: &'static [&'static str],
    includes_objects: bool,
    remaining: i64,
}

#[expect(clippy::unused_async, reason = "every call has one shape")]
impl<P: Provider> Connection<P> {
    pub(super) async fn validate_list_resource_config(
        self: Arc<Self>,
        request: pb::validate_list_resource_config::Request,
    ) -> Outcome<pb::validate_list_resource_config::Response> {
        let list = self.list(&request.type_name)?;
        let config = decode(request.config.as_ref(), &list.schema().object_type())?;
        let diagnostics = convert::diagnostics(list.validate(&config));
        Ok(pb::validate_list_resource_config::Response { diagnostics })
    }

    pub(super) async fn list_resource(
        self: Arc<Self>,
        request: pb::list_resource::Request,
        events: mpsc::Sender<Result<Event, Status>>,
    ) -> Outcome<()> {
        let list = self.list(&request.type_name)?;
        let (resource, ty) = self.resource(&request.type_name)?;
        let config = decode(request.config.as_ref(), &list.schema().object_type())?;
        let mut results = EventSender {
            events,
            ty,
            identity: resource.identity(),
            includes_objects: request.include_resource_object,
            remaining: if request.limit > 0 { request.limit } else { i64::MAX },
        };
        list.list(&*self.data()?, &config, &mut results).await
    }
}

/// A name without what would break the table that Terraform prints: line breaks and other control
/// characters, and marks of the direction of writing.
fn on_one_line(name: &str) -> String {
    let is_harmless = |c: char| {
        !c.is_control()
            && !matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    name.chars().map(|c| if is_harmless(c) { c } else { ' ' }).collect()
}

#[async_trait]
impl ListResults for EventSender<'_> {
    fn includes_objects(&self) -> bool {
        self.includes_objects
    }

    async fn add(&mut self, object: ListedObject) -> Result<bool, Diagnostics> {
        let ListedObject { display_name, value } = object;
        let identity = identity::of(self.identity, &value);
        let identity = encode(&identity, &identity::ty(self.identity))?;
        let resource_object =
            if self.includes_objects { Some(encode(&value, self.ty)?) } else { None };
        let event = Event {
            identity: Some(pb::ResourceIdentityData { identity_data: Some(identity) }),
            display_name: on_one_line(&display_name),
            resource_object,
            diagnostic: Vec::new(),
        };
        self.remaining -= 1;
        let is_read = self.events.send(Ok(event)).await.is_ok();
        Ok(is_read && self.remaining > 0)
    }
}
