//! `Stop` reaches what a connection is configured with, whichever of the two comes first.

use std::sync::atomic::{AtomicU32, Ordering};

use async_trait::async_trait;
use tonic::Request;

use crate::{
    cty::Value,
    pb::tfplugin5::{self as pb, provider_server::Provider as _},
};

use super::{
    super::{
        provider::{NamedDataSource, NamedResource},
        resource::{Reply, WithWarnings},
        schema::Schema,
    },
    *,
};

/// A provider that counts how often it was stopped.
#[derive(Default)]
struct Counting(AtomicU32);

#[async_trait]
impl Provider for Counting {
    type Data = ();

    fn schema(&self) -> Schema {
        Schema { version: 0, description: "", attributes: Vec::new() }
    }

    fn validate(&self, _: &Value) -> Diagnostics {
        Diagnostics::default()
    }

    async fn configure(&self, _: &str, _: &Value) -> Reply<()> {
        Ok(WithWarnings::ok(()))
    }

    fn stop(&self, (): &()) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    fn resources(&self) -> &[NamedResource<()>] {
        &[]
    }

    fn data_sources(&self) -> &[NamedDataSource<()>] {
        &[]
    }
}

/// Makes these calls in turn on one connection, `true` for a stop and `false` for a configuration, and counts what the
/// provider was told after each.
async fn stops_after(calls: [bool; 3]) -> Vec<u32> {
    let provider = Arc::new(Counting::default());
    let service = Service::new(Arc::clone(&provider), TaskTracker::new(), CancellationToken::new());
    let mut told = Vec::new();
    for is_stop in calls {
        if is_stop {
            let answer = service
                .stop(Request::new(pb::stop::Request::default()))
                .await
                .unwrap()
                .into_inner();
            assert_eq!(answer.error, "");
        } else {
            let request = Request::new(pb::configure::Request::default());
            assert_eq!(service.configure(request).await.unwrap().into_inner().diagnostics, []);
        }
        told.push(provider.0.load(Ordering::Relaxed));
    }
    told
}

#[tokio::test]
async fn a_stop_ends_what_is_configured_and_what_will_be() {
    let (stop, configure) = (true, false);
    assert_eq!(stops_after([configure, stop, configure]).await, [0, 1, 2]);
    assert_eq!(stops_after([stop, configure, configure]).await, [0, 1, 2]);
}
