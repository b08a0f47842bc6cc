//! The mock as a value: started, inspected and steered from a test, stopped when it is dropped.

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use serde_json::{Map, Value};
use tokio::sync::mpsc;

use crate::admin;
use crate::clock::Clock;
use crate::faults::Fault;
use crate::gate::Gate;
use crate::log::RequestLog;
use crate::routes::{BASE_PATH, Credentials};
use crate::server::{self, Order};
use crate::site::Site;
use crate::store::{Gap, Kept, PolicyType, Refusal, Seed, Store, Subject, View};

/// How a mock begins.
#[derive(Clone)]
pub struct Options {
    /// The address to listen on; port 0 takes a free one.
    pub listen: SocketAddr,
    /// The key that may do everything.
    pub management_key: String,
    /// A key that exists but has no management rights.
    pub inference_key: String,
    /// The time every request to the API takes, beside that of its work.
    pub latency: Duration,
    /// The number of keys in the default workspace.
    pub seed_keys: usize,
    /// The number of members in both workspaces.
    pub seed_members: usize,
    /// The number of models beside the fixed ones.
    pub seed_models: usize,
    /// The file that keeps the state.
    pub data: Option<PathBuf>,
    /// How many milliseconds the API's clock is ahead of ours.
    pub clock_offset_ms: i64,
    /// Whether every answer repeats the API key of its request: in the headers `x-received-authorization` and
    /// `x-received-key` (percent-encoded), and that of an error also in `error.metadata`: as it came, percent-encoded,
    /// and on a line of its own. So a whole run can be searched for the key.
    pub echo_key: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            management_key: "sk-or-mgmt-mock".to_owned(),
            inference_key: "sk-or-v1-mock-inference".to_owned(),
            latency: Duration::ZERO,
            seed_keys: 10,
            seed_members: 10,
            seed_models: 0,
            data: None,
            clock_offset_ms: 0,
            echo_key: false,
        }
    }
}

impl fmt::Debug for Options {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Options")
            .field("listen", &self.listen)
            .field("latency", &self.latency)
            .field("seed_keys", &self.seed_keys)
            .field("seed_members", &self.seed_members)
            .field("seed_models", &self.seed_models)
            .field("data", &self.data)
            .field("echo_key", &self.echo_key)
            .field("clock_offset_ms", &self.clock_offset_ms)
            .finish_non_exhaustive()
    }
}

/// A running mock, on a thread of its own. Dropping it stops the thread and frees the port.
pub struct Mock {
    site: Arc<Site>,
    address: SocketAddr,
    base_url: String,
    /// Without it the server stops.
    orders: Option<mpsc::UnboundedSender<Order>>,
    thread: Option<JoinHandle<()>>,
}

impl Mock {
    /// Starts a mock that accepts connections when this returns. Fails where the address cannot be had or the data
    /// file cannot be read.
    pub fn start(options: Options) -> io::Result<Self> {
        let clock = Clock::shifted(options.clock_offset_ms);
        let seed = Seed {
            keys: options.seed_keys,
            members: options.seed_members,
            models: options.seed_models,
        };
        let kept = Kept::open(options.data, seed, clock)?;
        let credentials = Credentials::new(options.management_key, options.inference_key);
        let site =
            Arc::new(Site::new(credentials, clock, seed, kept, options.latency, options.echo_key));
        let gate = Gate::new(options.listen)?;
        let address = gate.address();
        let (orders, received) = mpsc::unbounded_channel();
        let thread = spawn(gate, site.clone(), received)?;
        let base_url = format!("http://{address}{BASE_PATH}");
        Ok(Self { site, address, base_url, orders: Some(orders), thread: Some(thread) })
    }

    /// The URL that a provider's `server_url` takes, without a slash at the end.
    pub fn base_url(&self) -> &str {
        &self.base_url
    }

    /// The address the mock listens on.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The key that may do everything.
    pub fn management_key(&self) -> &str {
        &self.site.credentials.management_key
    }

    /// A key that is answered with 403.
    pub fn inference_key(&self) -> &str {
        &self.site.credentials.inference_key
    }

    /// Restricts the management key to a workspace, named by its id or slug, or to none. From then on requests about
    /// another workspace are answered with 403, also those that mean the default workspace because they name none,
    /// and no other workspace is listed. Lasts beyond resets. Fails on a workspace that does not exist.
    pub fn restrict_key(&self, workspace: Option<&str>) -> Result<(), Refusal> {
        self.site.restrict_key(workspace)
    }

    /// Adds a fault and returns its number, which the log repeats. Fails on an invalid `path_regex`.
    pub fn add_fault(&self, fault: Fault) -> Result<u64, String> {
        self.site.faults().add(fault)
    }

    /// Removes all faults.
    pub fn clear_faults(&self) {
        self.site.faults().clear();
    }

    /// How often each fault has hit, by its number.
    pub fn fault_hits(&self) -> BTreeMap<u64, u32> {
        self.site.faults().hits()
    }

    /// Changes the time that requests take from now on.
    pub fn set_latency(&self, latency: Duration) {
        self.site.set_latency(latency);
    }

    /// Refuses new connections and closes those that are open; requests under way meet a client that has gone. The
    /// port stays taken. All that is so when this returns, until [`Mock::accept_connections`].
    pub fn refuse_connections(&self) {
        // Only accepting can fail.
        let _ = self.order(false);
    }

    /// Accepts connections again, when this returns. Fails where the port cannot be had any more, which cannot be on
    /// Linux unless somebody asked for this very port.
    pub fn accept_connections(&self) -> io::Result<()> {
        self.order(true)
    }

    /// The requests so far.
    pub fn log(&self) -> RequestLog {
        self.site.log().clone()
    }

    /// The number of requests with that method and template, such as `GET` and `/guardrails/{id}`.
    pub fn count(&self, method: &str, template: &str) -> u64 {
        self.site.log().count(method, template)
    }

    /// How many TCP connections were accepted since the last reset.
    pub fn connections(&self) -> u64 {
        self.site.log().connections
    }

    /// How many requests were under way at the same time, at most, since the last reset: from the arrival of the last
    /// byte until the answer is ready or the client has gone.
    pub fn max_in_flight(&self) -> u64 {
        self.site.log().max_in_flight
    }

    /// Forgets requests, faults and gaps.
    pub fn reset(&self) {
        self.site.reset(false).unwrap_or_default();
    }

    /// Forgets requests, faults and gaps, and returns the state to its beginning.
    pub fn reset_state(&self) -> Result<(), Refusal> {
        self.site.reset(true)
    }

    /// Waits until `condition` holds, which is asked again after each request and each change of the state. Answers
    /// whether it came to hold within `timeout`.
    pub fn wait_until(&self, timeout: Duration, mut condition: impl FnMut(&Self) -> bool) -> bool {
        self.site.wait_until(timeout, || condition(self))
    }

    /// The same document as `GET /_mock/state`.
    pub fn state(&self) -> Value {
        admin::state(&self.site)
    }

    /// All guardrails of all workspaces as the API would answer them, oldest first.
    pub fn guardrails(&self) -> Vec<Value> {
        self.site.read(|store| store.all_guardrails().into_iter().map(|view| view.fields).collect())
    }

    /// The guardrail with that id as the API would answer it.
    pub fn guardrail(&self, id: &str) -> Option<Value> {
        self.site.read(|store| store.guardrail(id).ok().map(|view| view.fields))
    }

    /// Creates a guardrail out of band, by the API's rules but without the contract's.
    pub fn create_guardrail(&self, body: Value) -> Result<Value, Refusal> {
        self.change(body, Store::create_guardrail)
    }

    /// Creates a guardrail whose `workspace_id` is null.
    pub fn create_legacy_guardrail(&self, body: Value) -> Result<Value, Refusal> {
        self.change(body, Store::create_legacy_guardrail)
    }

    /// Changes a guardrail out of band, by the API's rules but without the contract's.
    pub fn patch_guardrail(&self, id: &str, patch: Value) -> Result<Value, Refusal> {
        self.change(patch, |store, patch| store.update_guardrail(id, patch))
    }

    /// Sets fields of a guardrail past all rules, null removing one: fields, slugs and enumeration values that the
    /// contract does not know. Answers about this guardrail are no longer checked against it.
    pub fn edit_guardrail(&self, id: &str, fields: Value) -> Result<Value, Refusal> {
        self.change(fields, |store, fields| store.edit_guardrail(id, fields))
    }

    /// Deletes a guardrail out of band, with its assignments.
    pub fn delete_guardrail(&self, id: &str) -> Result<(), Refusal> {
        self.site.write(|store| store.delete_guardrail(id))
    }

    /// Accepts a field of guardrails that the contract does not know, as if the API had gained it: requests may set it
    /// to any JSON value, null clears it, and answers have it, as null where it is not set. [`Mock::patch_guardrail`]
    /// changes it out of band. Everything else stays checked against the contract. Lasts beyond resets, and is kept in
    /// the data file. Fails on a name that the contract knows.
    pub fn accept_field(&self, name: &str) -> Result<(), Refusal> {
        self.site.write(|store| store.accept_field(name))
    }

    /// Lets a policy of that name replace a part of a guardrail, as if somebody had edited the policy, and returns the
    /// policy's id. Its config is what the guardrail says now; later changes of either do not reach the other. A
    /// policy that already replaces this part of other guardrails of the workspace under that name takes this one in
    /// too. Fails where the guardrail does not set the part or another policy has replaced it.
    pub fn replace_with_policy(
        &self,
        guardrail_id: &str,
        policy_type: PolicyType,
        name: &str,
    ) -> Result<String, Refusal> {
        self.site.write(|store| store.replace_with_policy(guardrail_id, policy_type, name))
    }

    /// Undoes [`Mock::replace_with_policy`] for one guardrail, whose policy is in step with it again.
    pub fn restore_from_policy(
        &self,
        guardrail_id: &str,
        policy_type: PolicyType,
    ) -> Result<(), Refusal> {
        self.site.write(|store| store.restore_from_policy(guardrail_id, policy_type))
    }

    /// Assigns keys out of band and answers how many exist.
    pub fn assign_keys(&self, guardrail_id: &str, hashes: &[String]) -> Result<usize, Refusal> {
        self.site.write(|store| store.assign_keys(guardrail_id, hashes))
    }

    /// Unassigns keys out of band and answers how many were assigned.
    pub fn unassign_keys(&self, guardrail_id: &str, hashes: &[String]) -> Result<usize, Refusal> {
        self.site.write(|store| store.unassign_keys(guardrail_id, hashes))
    }

    /// Assigns members out of band and answers how many.
    pub fn assign_members(
        &self,
        guardrail_id: &str,
        user_ids: &[String],
    ) -> Result<usize, Refusal> {
        self.site.write(|store| store.assign_members(guardrail_id, user_ids))
    }

    /// Unassigns members out of band and answers how many were assigned.
    pub fn unassign_members(
        &self,
        guardrail_id: &str,
        user_ids: &[String],
    ) -> Result<usize, Refusal> {
        self.site.write(|store| store.unassign_members(guardrail_id, user_ids))
    }

    /// The guardrail id of every key that has one, by key hash. Rows of deleted keys are among them.
    pub fn key_assignments(&self) -> BTreeMap<String, String> {
        self.holders(|subject| match subject {
            Subject::Key(hash) => Some(hash.clone()),
            Subject::Member { .. } => None,
        })
    }

    /// The guardrail id of every member that has one, by `<workspace id>/<user id>`.
    pub fn member_assignments(&self) -> BTreeMap<String, String> {
        self.holders(|subject| match subject {
            Subject::Key(_) => None,
            Subject::Member { workspace_id, user_id } => Some(format!("{workspace_id}/{user_id}")),
        })
    }

    /// Every interval in which a key or member that had a guardrail had none.
    pub fn gaps(&self) -> Vec<Gap> {
        self.site.read(Store::gaps)
    }

    /// The id of the default workspace.
    pub fn default_workspace_id(&self) -> String {
        crate::ids::uuid_of("workspace/default")
    }

    /// The id of the workspace "production".
    pub fn production_workspace_id(&self) -> String {
        crate::ids::uuid_of("workspace/production")
    }

    /// The id of a workspace's default guardrail, whether it exists yet or not.
    pub fn default_guardrail_id(&self, workspace_id: &str) -> Option<String> {
        self.site.read(|store| {
            store.workspace(workspace_id).ok().map(|found| found.default_guardrail_id.clone())
        })
    }

    /// Sets fields of a workspace: `name`, `slug` or `description`.
    pub fn edit_workspace(&self, id: &str, fields: Value) -> Result<(), Refusal> {
        self.edit(fields, |store, fields| store.edit_workspace(id, fields))
    }

    /// Deletes a workspace with all that is in it.
    pub fn delete_workspace(&self, id: &str) -> Result<(), Refusal> {
        self.site.write(|store| store.delete_workspace(id))
    }

    /// The hashes of the keys of a workspace, oldest first. In the default workspace those are the seeded ones, then
    /// a disabled and an expired one.
    pub fn key_hashes(&self, workspace_id: &str) -> Vec<String> {
        self.site.read(|store| {
            store.keys_in(workspace_id).into_iter().map(|(hash, _)| hash.clone()).collect()
        })
    }

    /// Adds a key and returns its hash, which follows from the name.
    pub fn add_key(&self, name: &str, workspace_id: &str) -> Result<String, Refusal> {
        self.site.write(|store| Ok(store.add_key(name, workspace_id)))
    }

    /// Sets fields of a key, such as `creator_user_id`, `limit`, `disabled` or `name`, and `null` clears one. What a key
    /// has spent cannot be set: it grows with each request that tells it. Fails on a field that the mock does not keep.
    pub fn edit_key(&self, hash: &str, fields: Value) -> Result<(), Refusal> {
        self.edit(fields, |store, fields| store.edit_key(hash, fields))
    }

    /// Deletes a key. Its assignment stays as a row that counts but is not listed.
    pub fn delete_key(&self, hash: &str) -> Result<(), Refusal> {
        self.site.write(|store| store.delete_key(hash))
    }

    /// The ids of the members who are in both workspaces, oldest first.
    pub fn member_ids(&self) -> Vec<String> {
        self.site.read(|store| store.member_ids(true))
    }

    /// The ids of the members who are in the organization and its default workspace only.
    pub fn organization_only_member_ids(&self) -> Vec<String> {
        self.site.read(|store| store.member_ids(false))
    }

    /// Adds a member to the organization and to the workspaces named, beside the default one.
    pub fn add_member(&self, user_id: &str, workspace_ids: &[String]) -> Result<(), Refusal> {
        self.site.write(|store| {
            store.add_member(user_id, workspace_ids);
            Ok(())
        })
    }

    /// Sets fields of a member: `email`, `first_name`, `last_name` or `role`.
    pub fn edit_member(&self, user_id: &str, fields: Value) -> Result<(), Refusal> {
        self.edit(fields, |store, fields| store.edit_member(user_id, fields))
    }

    /// Removes a member from the organization, with what the member held.
    pub fn remove_member(&self, user_id: &str) -> Result<(), Refusal> {
        self.site.write(|store| store.remove_member(user_id))
    }

    /// Gives the server an order and waits until it is carried out.
    fn order(&self, accept: bool) -> io::Result<()> {
        let (done, result) = std::sync::mpsc::channel();
        let sent = self.orders.as_ref().map(|orders| orders.send(Order { accept, done }));
        let stopped = || io::Error::other("the mock has stopped");
        sent.and_then(Result::ok).ok_or_else(stopped)?;
        result.recv().map_err(|_| stopped())?
    }

    fn holders(&self, name: impl Fn(&Subject) -> Option<String>) -> BTreeMap<String, String> {
        self.site.read(|store| {
            let named =
                store.holders().filter_map(|(subject, id)| Some((name(subject)?, id.to_owned())));
            named.collect()
        })
    }

    fn change(
        &self,
        body: Value,
        change: impl FnOnce(&mut Store, Map<String, Value>) -> Result<View, Refusal>,
    ) -> Result<Value, Refusal> {
        Ok(self.edit(body, change)?.fields)
    }

    fn edit<T>(
        &self,
        fields: Value,
        edit: impl FnOnce(&mut Store, Map<String, Value>) -> Result<T, Refusal>,
    ) -> Result<T, Refusal> {
        let mut fields = fields;
        crate::json::round_numbers(&mut fields).map_err(Refusal::bad_request)?;
        let Value::Object(fields) = fields else {
            return Err(Refusal::bad_request("not an object"));
        };
        self.site.write(|store| edit(store, fields))
    }
}

impl fmt::Debug for Mock {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Mock").field("base_url", &self.base_url).finish_non_exhaustive()
    }
}

impl Drop for Mock {
    fn drop(&mut self) {
        self.orders.take();
        if let Some(thread) = self.thread.take() {
            // A panic in the thread has been printed where it happened.
            let _ = thread.join();
        }
    }
}

/// Runs the server until the sender of `orders` goes. Leaving the runtime ends all tasks, and with them all
/// connections.
fn spawn(
    mut gate: Gate,
    site: Arc<Site>,
    orders: mpsc::UnboundedReceiver<Order>,
) -> io::Result<JoinHandle<()>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    {
        let _context = runtime.enter();
        gate.open()?;
    }
    std::thread::Builder::new()
        .name("mock-openrouter".to_owned())
        .spawn(move || runtime.block_on(server::serve(gate, site, orders)))
}
