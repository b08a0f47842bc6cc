//! `Stop` reaches what a connection is configured with, whichever of the two comes first. A function
//! that works for long holds back no other call.

use std::sync::{
    Mutex,
    atomic::{AtomicU32, Ordering},
    mpsc,
};

use async_trait::async_trait;
use tonic::Request;

use crate::{
    cty::{Type, Value},
    pb::tfplugin5::{self as pb, provider_server::Provider as _},
};

use super::{
    super::{
        function::{Function, FunctionError, Signature},
        provider::{NamedDataSource, NamedFunction, NamedResource},
        resource::{Reply, WithWarnings},
        schema::Schema,
    },
    *,
};

/// A provider that counts how often it was stopped.
#[derive(Default)]
struct Counting(AtomicU32, Vec<NamedFunction>);

/// A function that returns when it is told to.
struct Waiting(Mutex<mpsc::Receiver<()>>);

impl Function for Waiting {
    fn signature(&self) -> Signature {
        Signature { parameters: Vec::new(), returns: Type::Bool, summary: "", description: "" }
    }

    fn call(&self, _: &[Value]) -> Result<Value, FunctionError> {
        self.0.lock().unwrap().recv().unwrap();
        Ok(Value::Bool(true))
    }
}

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

    fn functions(&self) -> &[NamedFunction] {
        &self.1
    }
}

/// Makes these calls in turn on one connection, `true` for a stop and `false` for a configuration, and
/// counts after each how often the provider was stopped.
async fn stops_after(calls: [bool; 3]) -> Vec<u32> {
    let provider = Arc::new(Counting::default());
    let service = Service::new(Arc::clone(&provider), TaskTracker::new(), CancellationToken::new());
    let mut counts = Vec::new();
    for is_stop in calls {
        if is_stop {
            let response = service
                .stop(Request::new(pb::stop::Request::default()))
                .await
                .unwrap()
                .into_inner();
            assert_eq!(response.error, "");
        } else {
            let request = Request::new(pb::configure::Request::default());
            assert_eq!(service.configure(request).await.unwrap().into_inner().diagnostics, []);
        }
        counts.push(provider.0.load(Ordering::Relaxed));
    }
    counts
}

#[tokio::test]
async fn a_stop_ends_what_is_configured_and_what_will_be() {
    let (stop, configure) = (true, false);
    assert_eq!(stops_after([configure, stop, configure]).await, [0, 1, 2]);
    assert_eq!(stops_after([stop, configure, configure]).await, [0, 1, 2]);
}

/// On the only thread of the runtime.
#[tokio::test]
async fn a_function_that_works_for_long_holds_back_no_other_call() {
    let (finish, waiting) = mpsc::channel();
    let function: NamedFunction = ("wait", Box::new(Waiting(Mutex::new(waiting))));
    let provider = Arc::new(Counting(AtomicU32::default(), vec![function]));
    let service = Arc::new(Service::new(provider, TaskTracker::new(), CancellationToken::new()));
    let calling = Arc::clone(&service);
    let call = tokio::spawn(async move {
        let request = pb::call_function::Request { name: "wait".to_owned(), arguments: vec![] };
        calling.call_function(Request::new(request)).await.unwrap().into_inner()
    });
    tokio::task::yield_now().await;
    let request = Request::new(pb::get_functions::Request {});
    assert_eq!(service.get_functions(request).await.unwrap().into_inner().functions.len(), 1);
    finish.send(()).unwrap();
    assert!(call.await.unwrap().result.is_some());
}
