//! What is known about an unknown value: the payload of its extension, a map with small integers for keys.

use rmp::{decode as read, encode as write};

use super::MAX_REFINEMENT;
use super::decode::Decoder;
use super::encode::{Written, write_number};
use crate::cty::error::Error;
use crate::cty::ty::Type;
use crate::cty::value::{Bound, Refinement};

const NULLNESS: i64 = 1;
const PREFIX: i64 = 2;
const MIN: i64 = 3;
const MAX: i64 = 4;
const MIN_LENGTH: i64 = 5;
const MAX_LENGTH: i64 = 6;

/// Reads a payload; keys that are not known, or do not fit the type, are passed over. `None` when nothing remains or
/// the payload is malformed: a refinement is only ever a hint, and the value is unknown either way.
pub(super) fn decode(payload: &[u8], ty: &Type) -> Option<Refinement> {
    let refinement = decode_map(payload).ok()?.fitting(ty);
    (refinement != Refinement::default()).then_some(refinement)
}

fn decode_map(payload: &[u8]) -> Result<Refinement, Error> {
    let mut decoder = Decoder { input: payload };
    let mut refinement = Refinement::default();
    for _ in 0..read::read_map_len(&mut decoder.input).map_err(|_| malformed())? {
        match read::read_int(&mut decoder.input).map_err(|_| malformed())? {
            NULLNESS => refinement.not_null = !decoder.bool()?,
            PREFIX => refinement.prefix = Some(decoder.text(&Type::String)?.to_owned()),
            MIN => refinement.min = Some(decode_bound(&mut decoder)?),
            MAX => refinement.max = Some(decode_bound(&mut decoder)?),
            MIN_LENGTH => refinement.min_length = Some(decode_length(&mut decoder)?),
            MAX_LENGTH => refinement.max_length = Some(decode_length(&mut decoder)?),
            _ => decoder.skip()?,
        }
    }
    Ok(refinement)
}

fn decode_bound(decoder: &mut Decoder<'_>) -> Result<Bound, Error> {
    match decoder.array_length(&Type::Number)? {
        2 => Ok(Bound { value: decoder.number()?, inclusive: decoder.bool()? }),
        _ => Err(malformed()),
    }
}

fn decode_length(decoder: &mut Decoder<'_>) -> Result<u64, Error> {
    let length: i64 = read::read_int(&mut decoder.input).map_err(|_| malformed())?;
    u64::try_from(length).map_err(|_| malformed())
}

/// The payload; `None` when there is nothing to say, or it would be longer than core reads. Only what fits the type
/// may be in it: core refuses the value otherwise.
pub(super) fn encode(refinement: &Refinement) -> Result<Option<Vec<u8>>, Error> {
    let mut entries = Vec::new();
    let mut count = 0;
    if refinement.not_null {
        count += write_key(&mut entries, NULLNESS)?;
        write::write_bool(&mut entries, false).written()?;
    }
    if let Some(prefix) = &refinement.prefix {
        count += write_key(&mut entries, PREFIX)?;
        write::write_str(&mut entries, prefix).written()?;
    }
    for (key, bound) in [(MIN, &refinement.min), (MAX, &refinement.max)] {
        if let Some(bound) = bound {
            count += write_key(&mut entries, key)?;
            write::write_array_len(&mut entries, 2).written()?;
            write_number(&mut entries, &bound.value)?;
            write::write_bool(&mut entries, bound.inclusive).written()?;
        }
    }
    for (key, length) in [(MIN_LENGTH, refinement.min_length), (MAX_LENGTH, refinement.max_length)]
    {
        // Core reads a signed integer; a longer length limits nothing.
        if let Some(length) = length.and_then(|length| i64::try_from(length).ok()) {
            count += write_key(&mut entries, key)?;
            write::write_sint(&mut entries, length).written()?;
        }
    }
    let mut payload = Vec::with_capacity(1 + entries.len());
    write::write_map_len(&mut payload, count).written()?;
    payload.append(&mut entries);
    Ok((count > 0 && payload.len() <= MAX_REFINEMENT).then_some(payload))
}

fn write_key(out: &mut Vec<u8>, key: i64) -> Result<u32, Error> {
    write::write_sint(out, key).written().map(|()| 1)
}

fn malformed() -> Error {
    Error::here("the description of an unknown value is malformed")
}
