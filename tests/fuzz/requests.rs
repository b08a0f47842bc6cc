//! Requests as core would send them, with arbitrary parts.

use prost::Message;
use terraform_provider_openrouter::cty::{Type, msgpack};
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

/// A request of this method, without its frame. The methods that the provider does not implement
/// have nearly the same form; they get the nearest.
pub(crate) fn request(random: &mut Random, method: &str) -> Vec<u8> {
    let (type_name, ty) = named(random, &SCHEMAS.resources);
    match method {
        "PrepareProviderConfig" => {
            let config = optional(random, &SCHEMAS.provider);
            prepare_provider_config::Request { config }.encode_to_vec()
        }
        "Configure" => {
            let (terraform_version, config) = (text(random), optional(random, &SCHEMAS.provider));
            configure::Request { terraform_version, config, ..Default::default() }.encode_to_vec()
        }
        "ValidateResourceTypeConfig" => validate(type_name, optional(random, ty)),
        "ValidateDataSourceConfig" => {
            let (type_name, ty) = named(random, &SCHEMAS.data_sources);
            let config = optional(random, ty);
            validate_data_source_config::Request { type_name, config }.encode_to_vec()
        }
        "ReadDataSource" => {
            let (type_name, ty) = named(random, &SCHEMAS.data_sources);
            let config = optional(random, ty);
            read_data_source::Request { type_name, config, ..Default::default() }.encode_to_vec()
        }
        "UpgradeResourceState" => {
            let version = random.bits().cast_signed();
            let raw_state = (!random.one_in(8)).then(|| raw_state(random, ty));
            upgrade_resource_state::Request { type_name, version, raw_state }.encode_to_vec()
        }
        "ReadResource" => read(type_name, optional(random, ty), private(random)),
        "PlanResourceChange" => plan_resource_change::Request {
            type_name,
            prior_state: optional(random, ty),
            proposed_new_state: optional(random, ty),
            config: optional(random, ty),
            prior_private: private(random),
            ..Default::default()
        }
        .encode_to_vec(),
        "ApplyResourceChange" => apply_resource_change::Request {
            type_name,
            prior_state: optional(random, ty),
            planned_state: optional(random, ty),
            config: optional(random, ty),
            planned_private: private(random),
            ..Default::default()
        }
        .encode_to_vec(),
        "ImportResourceState" => {
            let id = text(random);
            import_resource_state::Request { type_name, id, ..Default::default() }.encode_to_vec()
        }
        _ => other(random),
    }
}

fn validate(type_name: String, config: Option<DynamicValue>) -> Vec<u8> {
    validate_resource_type_config::Request { type_name, config, ..Default::default() }
        .encode_to_vec()
}

fn read(type_name: String, current_state: Option<DynamicValue>, private: Vec<u8>) -> Vec<u8> {
    read_resource::Request { type_name, current_state, private, ..Default::default() }
        .encode_to_vec()
}

fn raw_state(random: &mut Random, ty: &Type) -> RawState {
    let is_flat = random.one_in(20);
    let flatmap = is_flat.then(|| (text(random), text(random))).into_iter().collect();
    RawState { json: in_json(random, ty), flatmap }
}

/// The elements of an attribute that has many.
const ELEMENTS: usize = 3_000;

/// Requests of this method with values that have very many elements, or very long texts.
pub(crate) fn large(method: &str) -> Vec<Vec<u8>> {
    // Texts are only looked into when a configuration is checked.
    let texts = match method {
        "ValidateResourceTypeConfig" | "PlanResourceChange" => usize::MAX,
        "ReadResource" | "ApplyResourceChange" => 1,
        _ => return Vec::new(),
    };
    let mut requests = Vec::new();
    for (name, ty) in &SCHEMAS.resources {
        let long = values::long(ty).into_iter().take(texts);
        for value in values::wide(ty, ELEMENTS).into_iter().chain(long) {
            let msgpack = msgpack::encode(&value, ty).unwrap();
            let value = DynamicValue { msgpack, json: Vec::new() };
            requests.push(large_request(method, (*name).to_owned(), value));
        }
    }
    requests
}

fn large_request(method: &str, type_name: String, value: DynamicValue) -> Vec<u8> {
    match method {
        "ValidateResourceTypeConfig" => validate(type_name, Some(value)),
        "ReadResource" => read(type_name, Some(value), Vec::new()),
        "PlanResourceChange" => {
            let (prior_state, config) = (Some(value.clone()), Some(value));
            plan_resource_change::Request { type_name, prior_state, config, ..Default::default() }
                .encode_to_vec()
        }
        _ => {
            let planned_state = Some(value);
            apply_resource_change::Request { type_name, planned_state, ..Default::default() }
                .encode_to_vec()
        }
    }
}

/// A name in the first field and a value in the second; damaged half the time.
fn other(random: &mut Random) -> Vec<u8> {
    let ty = values::any_type(random, 0);
    let value = dynamic(random, &ty).encode_to_vec();
    let message = [field(1, text(random).as_bytes()), field(2, &value)].concat();
    if random.one_in(2) { message } else { damaged(random, message, &value, Format::Protobuf) }
}

/// A value, or nothing once in a while.
fn optional(random: &mut Random, ty: &Type) -> Option<DynamicValue> {
    if random.one_in(8) { None } else { Some(dynamic(random, ty)) }
}

/// A type of the schemas, nearly always with its own name.
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
    let bytes = msgpack::encode(&value, ty).unwrap();
    sometimes_damaged(random, bytes, Format::Msgpack)
}

fn in_json(random: &mut Random, ty: &Type) -> Vec<u8> {
    let value = value(random, ty, Content::Json);
    let bytes = values::to_json(&value).to_string().into_bytes();
    sometimes_damaged(random, bytes, Format::Json)
}

fn sometimes_damaged(random: &mut Random, bytes: Vec<u8>, format: Format) -> Vec<u8> {
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
