//! Every call of the protocol: bodies of any bytes, and well-formed requests with any content.

use std::sync::LazyLock;

use crate::bounds::{Bound, within};
use crate::connection::{Connection, Response};
use crate::documents;
use crate::mutate::{Format, damaged};
use crate::random::Random;
use crate::requests::{self, framed, request};
use crate::run::{Input, Outcome, Target};

/// The constant covers the response with all schemas, and a failed attempt to reach the API.
const BOUND: Bound = Bound { constant: 512 << 10, factor: 512 };

/// tonic reserves the length that a frame declares, up to the limit for messages, before the
/// message arrives. The caller is Terraform, which has proved its identity, so there is no guard
/// against that.
const FRAMES_BOUND: Bound = Bound { constant: BOUND.constant + (256 << 20), ..BOUND };

/// After how many calls the connections are replaced. They keep what was planned on them.
const CALLS_PER_CONNECTION: u32 = 500;

/// The summary of the diagnostic that a panic becomes.
const CRASHED: &[u8] = b"Provider crashed";

/// No response with that diagnostic is longer.
const MAX_CRASHED: usize = 4 << 10;

/// The calls of the protocol, from its definition.
static METHODS: LazyLock<Vec<&str>> = LazyLock::new(|| {
    let lines = include_str!("../../proto/tfplugin5.proto").lines();
    let calls = lines.filter_map(|line| line.trim().strip_prefix("rpc ")?.split('(').next());
    calls.collect()
});

/// A call without its body.
#[derive(Clone, Copy)]
pub(crate) struct Call {
    method: &'static str,
    /// Whether the connection is configured.
    configured: bool,
    /// The size of the parts in which the body arrives.
    part: usize,
}

/// Calls with bodies from two sources.
struct Calls {
    handwritten: fn(&str) -> Vec<Vec<u8>>,
    arbitrary: fn(&mut Random, &str) -> Vec<u8>,
    unconfigured: Connection,
    configured: Connection,
    calls_left: u32,
    bound: Bound,
}

impl Calls {
    fn new(
        handwritten: fn(&str) -> Vec<Vec<u8>>,
        arbitrary: fn(&mut Random, &str) -> Vec<u8>,
        bound: Bound,
    ) -> Self {
        Self {
            handwritten,
            arbitrary,
            unconfigured: Connection::new(),
            configured: Connection::configured(),
            calls_left: CALLS_PER_CONNECTION,
            bound,
        }
    }

    /// Makes a call. One that sets a configuration gets a connection of its own, so that no other
    /// call is affected.
    fn call(&self, call: Call, bytes: &[u8]) -> Result<Response, String> {
        let parts = bytes.chunks(call.part).map(<[u8]>::to_vec).collect();
        match call {
            Call { method: "Configure", .. } => Connection::new().call(call.method, parts),
            Call { method, configured: true, .. } => self.configured.call(method, parts),
            Call { method, configured: false, .. } => self.unconfigured.call(method, parts),
        }
    }
}

/// Bodies of any bytes, in frames that are right or wrong.
pub(crate) fn frames() -> impl Target {
    Calls::new(
        hostile_frames,
        |random, method| {
            let message = match random.below(4) {
                0 => {
                    let length = random.length(2_000);
                    random.bytes(length)
                }
                1 => random.choice(&documents::PROTOBUF).clone(),
                _ => {
                    let (message, other) = (request(random, method), request(random, method));
                    damaged(random, message, &other, Format::Protobuf)
                }
            };
            misframed(random, &message)
        },
        FRAMES_BOUND,
    )
}

/// Well-formed requests with any content.
pub(crate) fn requests() -> impl Target {
    let large =
        |method: &str| requests::large(method).iter().map(|message| framed(message)).collect();
    Calls::new(large, |random, method| framed(&request(random, method)), BOUND)
}

/// Frames that declare up to 4 GiB, and the handwritten messages.
fn hostile_frames(_: &str) -> Vec<Vec<u8>> {
    let mut frames: Vec<_> = documents::PROTOBUF.iter().map(|message| framed(message)).collect();
    for length in [1_u32, 100, 4 << 20, 200 << 20, 256 << 20, (256 << 20) + 1, u32::MAX] {
        for content in [&[][..], &[0], &[0; 100]] {
            frames.push([&[0], length.to_be_bytes().as_slice(), content].concat());
            let second = [&[0; 5], [0].as_slice(), &length.to_be_bytes(), content].concat();
            frames.push(second);
        }
    }
    frames.extend([
        vec![],
        vec![0],
        vec![0; 4],
        vec![1, 0, 0, 0, 0],
        vec![2, 0, 0, 0, 1, 0],
        vec![0; 100],
    ]);
    frames
}

/// The message in a frame that is right, too long, too short, of an unknown kind, repeated, or
/// missing.
fn misframed(random: &mut Random, message: &[u8]) -> Vec<u8> {
    let mut frame = framed(message);
    match random.below(10) {
        0 => frame[1..5].copy_from_slice(&u32::MAX.to_be_bytes()),
        1 => frame[1] = random.bits().to_le_bytes()[0],
        2 => frame[4] = random.bits().to_le_bytes()[0],
        3 => frame[0] = random.bits().to_le_bytes()[0],
        4 => frame.extend_from_within(..),
        5 => frame.truncate(random.below(frame.len())),
        6 => drop(frame.drain(..5)),
        _ => {}
    }
    frame
}

impl Target for Calls {
    type Subject = Call;

    fn describe(&self, Call { method, configured, part }: Call) -> String {
        let connection = if configured { "a configured connection" } else { "a new connection" };
        format!("as the body of {method}, on {connection}, in parts of {part} bytes")
    }

    fn handwritten(&self) -> Vec<Input<Call>> {
        let mut inputs = Vec::new();
        for method in METHODS.iter().copied() {
            for (index, bytes) in (self.handwritten)(method).into_iter().enumerate() {
                let subject = Call { method, configured: index % 2 == 1, part: 1 << 14 };
                inputs.push(Input { subject, bytes });
            }
        }
        inputs
    }

    fn arbitrary(&self, random: &mut Random) -> Input<Call> {
        let method = *random.choice(&METHODS);
        let part = *random.choice(&[7, 1 << 14]);
        let subject = Call { method, configured: !random.one_in(3), part };
        Input { subject, bytes: (self.arbitrary)(random, method) }
    }

    fn check(&mut self, input: &Input<Call>) -> Result<Outcome, String> {
        if self.calls_left == 0 {
            (self.unconfigured, self.configured) = (Connection::new(), Connection::configured());
            self.calls_left = CALLS_PER_CONNECTION;
        }
        self.calls_left -= 1;
        let Response { status, body } =
            within(self.bound, input.bytes.len(), || self.call(input.subject, &input.bytes))??;
        if body.len() < MAX_CRASHED && body.windows(CRASHED.len()).any(|window| window == CRASHED) {
            return Err("the provider says that it crashed".to_owned());
        }
        Ok(if status == 0 { Outcome::Accepted } else { Outcome::Rejected })
    }
}
