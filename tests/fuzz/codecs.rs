//! The decoders of values and types. What they make of any bytes is a value of the type, and survives its own encoding.

use terraform_provider_openrouter::cty::{Error, Type, Value, json, msgpack};

use crate::bounds::{Bound, within};
use crate::documents;
use crate::mutate::{Format, damaged};
use crate::random::Random;
use crate::run::{Input, Seen, Target};
use crate::types::TYPES;
use crate::values::{self, Content};

/// In msgpack, an entry of a map costs the most: three bytes become a tree of their own.
const MSGPACK: Bound = Bound { constant: 64 << 10, factor: 512 };

/// In stored state, where attributes may be missing, `{},` becomes an object with all that the schema has.
const JSON: Bound = Bound { constant: 64 << 10, factor: 2048 };

/// In a type, `"list",` is the shortest that becomes something larger.
const TYPE: Bound = Bound { constant: 64 << 10, factor: 256 };

/// The elements of an attribute that has many.
const ELEMENTS: usize = 500;

type Decode = fn(&[u8], &Type) -> Result<Value, Error>;
type Encode = fn(&Value, &Type) -> Result<Vec<u8>, Error>;

/// An encoding of values, fuzzed.
struct Codec {
    format: Format,
    bound: Bound,
    content: Content,
    decoders: &'static [Decode],
    encode: Encode,
}

/// Values in msgpack.
pub(crate) fn msgpack() -> impl Target {
    Codec {
        format: Format::Msgpack,
        bound: MSGPACK,
        content: Content::Msgpack,
        decoders: &[msgpack::decode],
        encode: msgpack::encode,
    }
}

/// Values in JSON, read strictly and as stored state.
pub(crate) fn json() -> impl Target {
    Codec {
        format: Format::Json,
        bound: JSON,
        content: Content::Json,
        decoders: &[json::decode, json::decode_stored],
        encode: json::encode,
    }
}

impl Target for Codec {
    /// The type's place among [`TYPES`].
    type Subject = usize;

    fn describe(&self, subject: usize) -> String {
        format!("read as {}", TYPES[subject].0)
    }

    fn by_hand(&self) -> Vec<Input<usize>> {
        let documents =
            if self.format == Format::Msgpack { &documents::MSGPACK } else { &documents::JSON };
        let of_all = |document: &'static Vec<u8>| {
            (0..TYPES.len()).map(|subject| Input { subject, bytes: document.clone() })
        };
        let mut inputs: Vec<_> = documents.iter().flat_map(of_all).collect();
        for (subject, (_, ty)) in TYPES.iter().enumerate() {
            let wide = values::wide(ty, ELEMENTS)
                .into_iter()
                .map(|value| (self.encode)(&value, ty).unwrap());
            inputs.extend(wide.map(|bytes| Input { subject, bytes }));
            if self.format == Format::Json {
                let sparse = documents::sparse(ty, ELEMENTS).into_iter();
                inputs.extend(sparse.map(|bytes| Input { subject, bytes }));
            }
        }
        inputs
    }

    fn arbitrary(&self, random: &mut Random) -> Input<usize> {
        let subject = random.below(TYPES.len());
        let bytes = if random.one_in(12) {
            let length = random.length(400);
            random.bytes(length)
        } else {
            let bytes = self.encoded(random, subject);
            let other = random.below(TYPES.len());
            let other = self.encoded(random, other);
            if random.one_in(8) { bytes } else { damaged(random, bytes, &other, self.format) }
        };
        Input { subject, bytes }
    }

    fn check(&mut self, input: &Input<usize>) -> Result<Seen, String> {
        let ty = &TYPES[input.subject].1;
        let mut seen = Seen::Refused;
        for decode in self.decoders {
            if let Ok(value) = within(self.bound, input.bytes.len(), || decode(&input.bytes, ty))? {
                seen = Seen::Taken;
                self.survives(*decode, &value, ty)?;
            }
        }
        Ok(seen)
    }
}

impl Codec {
    fn encoded(&self, random: &mut Random, subject: usize) -> Vec<u8> {
        let ty = &TYPES[subject].1;
        (self.encode)(&values::value(random, ty, self.content), ty).unwrap_or_default()
    }

    fn survives(&self, decode: Decode, value: &Value, ty: &Type) -> Result<(), String> {
        value.conforms(ty).map_err(|error| format!("what was read is not of the type: {error}"))?;
        let bytes = (self.encode)(value, ty)
            .map_err(|error| format!("what was read cannot be written: {error}"))?;
        let again = decode(&bytes, ty)
            .map_err(|error| format!("what was written cannot be read: {error}"))?;
        if again != *value {
            return Err(format!("{value:?} became {again:?}"));
        }
        if (self.encode)(&again, ty).ok().as_ref() != Some(&bytes) {
            return Err(format!("{value:?} is written in two ways"));
        }
        Ok(())
    }
}

/// The JSON form of types.
struct Types;

/// The JSON form of types, fuzzed.
pub(crate) fn types() -> impl Target {
    Types
}

impl Target for Types {
    type Subject = ();

    fn describe(&self, (): ()) -> String {
        "read as a type".to_owned()
    }

    fn by_hand(&self) -> Vec<Input<()>> {
        documents::JSON.iter().map(|bytes| Input { subject: (), bytes: bytes.clone() }).collect()
    }

    fn arbitrary(&self, random: &mut Random) -> Input<()> {
        let bytes = values::any_type(random, 0).to_json().to_string().into_bytes();
        let other = random.choice(&TYPES).1.to_json().to_string();
        Input { subject: (), bytes: damaged(random, bytes, other.as_bytes(), Format::Json) }
    }

    fn check(&mut self, input: &Input<()>) -> Result<Seen, String> {
        let Ok(ty) = within(TYPE, input.bytes.len(), || Type::from_json(&input.bytes))? else {
            return Ok(Seen::Refused);
        };
        match Type::from_json(ty.to_json().to_string().as_bytes()) {
            Ok(again) if again == ty => Ok(Seen::Taken),
            again => Err(format!("{ty:?} became {again:?}")),
        }
    }
}
