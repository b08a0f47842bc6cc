//! Requests as core would send them, with arbitrary parts.

use prost::Message;
use terraform_provider_openrouter::cty::{Type, json, msgpack};
use terraform_provider_openrouter::pb::tfplugin5::{
    DynamicValue, RawState, apply_resource_change, configure, import_resource_state,
    plan_resource_change, prepare_provider_config, read_data_source, read_resource,
    upgrade_resource_state, validate_data_source_config, validate_resource_type_config,
};

use crate::documents::{self, field};
use crate::mutate::{Format, damaged};
use crate::random::Random;
use crate::types::SCHEMAS;
use crate::values::{self, Content, text, value};

/// A message in a gRPC frame.
pub(crate) fn framed(message: &[u8]) -> Vec<u8> {
    let length = u32::try_from(message.len()).unwrap().to_be_bytes();
    [&[0], length.as_slice(), message].concat()
}

/// A request of this method, without its frame. The calls about kinds of things that this provider has not have nearly all
/// the same form; they get what is nearest.
pub(crate) fn request(random: &mut Random, method: &str) -> Vec<u8> {
    match method {
        "PrepareProviderConfig" => {
            let config = optional(random, |random| dynamic(random, &SCHEMAS.provider));
            prepare_provider_config::Request { config }.encode_to_vec()
        }
        "Configure" => {
            let config = optional(random, |random| dynamic(random, &SCHEMAS.provider));
            configure::Request { terraform_version: text(random), config, ..Default::default() }
                .encode_to_vec()
        }
        "ValidateResourceTypeConfig" => {
            let (type_name, ty) = named(random, &SCHEMAS.resources);
            let config = optional(random, |random| dynamic(random, ty));
            validate_resource_type_config::Request { type_name, config, ..Default::default() }
                .encode_to_vec()
        }
        "ValidateDataSourceConfig" => {
            let (type_name, ty) = named(random, &SCHEMAS.data_sources);
            let config = optional(random, |random| dynamic(random, ty));
            validate_data_source_config::Request { type_name, config }.encode_to_vec()
        }
        "ReadDataSource" => {
            let (type_name, ty) = named(random, &SCHEMAS.data_sources);
            let config = optional(random, |random| dynamic(random, ty));
            read_data_source::Request { type_name, config, ..Default::default() }.encode_to_vec()
        }
        "UpgradeResourceState" => upgrade(random).encode_to_vec(),
        "ReadResource" => read(random).encode_to_vec(),
        "PlanResourceChange" => plan(random).encode_to_vec(),
        "ApplyResourceChange" => apply(random).encode_to_vec(),
        "ImportResourceState" => {
            let (type_name, _) = named(random, &SCHEMAS.resources);
            import_resource_state::Request { type_name, id: text(random), ..Default::default() }
                .encode_to_vec()
        }
        _ => other(random),
    }
}

fn upgrade(random: &mut Random) -> upgrade_resource_state::Request {
    let (type_name, ty) = named(random, &SCHEMAS.resources);
    let raw_state = optional(random, |random| {
        let json = in_json(random, ty);
        let old = random.one_in(20);
        let flatmap = old.then(|| (text(random), text(random))).into_iter().collect();
        RawState { json, flatmap }
    });
    upgrade_resource_state::Request { type_name, version: random.bits().cast_signed(), raw_state }
}

fn read(random: &mut Random) -> read_resource::Request {
    let (type_name, ty) = named(random, &SCHEMAS.resources);
    read_resource::Request {
        type_name,
        current_state: optional(random, |random| dynamic(random, ty)),
        private: private(random),
        ..Default::default()
    }
}

fn plan(random: &mut Random) -> plan_resource_change::Request {
    let (type_name, ty) = named(random, &SCHEMAS.resources);
    plan_resource_change::Request {
        type_name,
        prior_state: optional(random, |random| dynamic(random, ty)),
        proposed_new_state: optional(random, |random| dynamic(random, ty)),
        config: optional(random, |random| dynamic(random, ty)),
        prior_private: private(random),
        ..Default::default()
    }
}

fn apply(random: &mut Random) -> apply_resource_change::Request {
    let (type_name, ty) = named(random, &SCHEMAS.resources);
    apply_resource_change::Request {
        type_name,
        prior_state: optional(random, |random| dynamic(random, ty)),
        planned_state: optional(random, |random| dynamic(random, ty)),
        config: optional(random, |random| dynamic(random, ty)),
        planned_private: private(random),
        ..Default::default()
    }
}

/// The elements of an attribute that has many.
const ELEMENTS: usize = 3_000;

/// Requests of this method with values that have very many elements, or very long texts.
pub(crate) fn large(method: &str) -> Vec<Vec<u8>> {
    let of = |long: usize, make: &dyn Fn(String, DynamicValue) -> Vec<u8>| {
        let mut requests = Vec::new();
        for (name, ty) in &SCHEMAS.resources {
            for value in values::wide(ty, ELEMENTS)
                .into_iter()
                .chain(values::long(ty).into_iter().take(long))
            {
                let value = DynamicValue {
                    msgpack: msgpack::encode(&value, ty).unwrap(),
                    json: Vec::new(),
                };
                requests.push(make((*name).to_owned(), value));
            }
        }
        requests
    };
    match method {
        "ValidateResourceTypeConfig" => of(usize::MAX, &|type_name, config| {
            let config = Some(config);
            validate_resource_type_config::Request { type_name, config, ..Default::default() }
                .encode_to_vec()
        }),
        "ReadResource" => of(1, &|type_name, state| {
            let current_state = Some(state);
            read_resource::Request { type_name, current_state, ..Default::default() }
                .encode_to_vec()
        }),
        "PlanResourceChange" => of(usize::MAX, &|type_name, state| {
            let (prior_state, config) = (Some(state.clone()), Some(state));
            plan_resource_change::Request { type_name, prior_state, config, ..Default::default() }
                .encode_to_vec()
        }),
        "ApplyResourceChange" => of(1, &|type_name, state| {
            let planned_state = Some(state);
            apply_resource_change::Request { type_name, planned_state, ..Default::default() }
                .encode_to_vec()
        }),
        _ => Vec::new(),
    }
}

/// A name in the first field and a value in the second, most often; else anything.
fn other(random: &mut Random) -> Vec<u8> {
    let ty = values::any_type(random, 0);
    let value = dynamic(random, &ty).encode_to_vec();
    let message = [field(1, text(random).as_bytes()), field(2, &value)].concat();
    if random.one_in(2) { message } else { damaged(random, message, &value, Format::Protobuf) }
}

/// Something, most often.
fn optional<T>(random: &mut Random, make: impl FnOnce(&mut Random) -> T) -> Option<T> {
    if random.one_in(8) { None } else { Some(make(random)) }
}

/// A type that there is, most often with its own name.
fn named(random: &mut Random, all: &'static [(&'static str, Type)]) -> (String, &'static Type) {
    let (name, ty) = random.choice(all);
    let name = if random.one_in(20) { text(random) } else { (*name).to_owned() };
    (name, ty)
}

/// A value in one of the two encodings, or both; damaged now and then.
fn dynamic(random: &mut Random, ty: &Type) -> DynamicValue {
    match random.below(8) {
        0 => DynamicValue { msgpack: Vec::new(), json: in_json(random, ty) },
        1 => DynamicValue { msgpack: in_msgpack(random, ty), json: in_json(random, ty) },
        2 => DynamicValue { msgpack: random.choice(&documents::MSGPACK).clone(), json: Vec::new() },
        _ => DynamicValue { msgpack: in_msgpack(random, ty), json: Vec::new() },
    }
}

fn in_msgpack(random: &mut Random, ty: &Type) -> Vec<u8> {
    let value = value(random, ty, Content::Msgpack);
    let bytes = msgpack::encode(&value, ty).unwrap_or_default();
    spoilt(random, bytes, Format::Msgpack)
}

fn in_json(random: &mut Random, ty: &Type) -> Vec<u8> {
    let value = value(random, ty, Content::Json);
    let bytes = json::encode(&value, ty).unwrap_or_default();
    spoilt(random, bytes, Format::Json)
}

fn spoilt(random: &mut Random, bytes: Vec<u8>, format: Format) -> Vec<u8> {
    if random.one_in(5) {
        let other = bytes.clone();
        damaged(random, bytes, &other, format)
    } else {
        bytes
    }
}

fn private(random: &mut Random) -> Vec<u8> {
    let ty = Type::object([("canonical", Type::map(Type::set(Type::String)))]);
    match random.below(4) {
        0 => Vec::new(),
        1 => random.bytes(20),
        _ => in_json(random, &ty),
    }
}
