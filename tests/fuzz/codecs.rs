//! The decoders of values and types. What they read from any bytes is a value of the type, and
//! survives msgpack.

use terraform_provider_openrouter::cty::{Error, Type, Value, json, msgpack};

use crate::bounds::{Bound, within};
use crate::documents;
use crate::mutate::{Format, damaged};
use crate::random::Random;
use crate::run::{Input, Outcome, Target};
use crate::types::TYPES;
use crate::values::{self, Content};

/// The elements of an attribute that has many.
const ELEMENTS: usize = 500;

type Decode = fn(&[u8], &Type) -> Result<Value, Error>;

/// An encoding of values, whose decoders get any bytes.
pub(crate) struct Codec {
    format: Format,
    bound: Bound,
    content: Content,
    decoders: &'static [Decode],
    encode: fn(&Value, &Type) -> Vec<u8>,
}

/// An entry of a map costs the most: three bytes become a tree of their own.
pub(crate) const MSGPACK: Codec = Codec {
    format: Format::Msgpack,
    bound: Bound { constant: 64 << 10, factor: 512 },
    content: Content::Msgpack,
    decoders: &[msgpack::decode],
    encode: |value, ty| msgpack::encode(value, ty).unwrap(),
};

/// In stored state, where attributes may be missing, `{},` becomes an object with all attributes of
/// the schema.
pub(crate) const JSON: Codec = Codec {
    format: Format::Json,
    bound: Bound { constant: 64 << 10, factor: 2048 },
    content: Content::Json,
    decoders: &[json::decode, json::decode_stored],
    encode: |value, _| values::to_json(value).to_string().into_bytes(),
};

impl Target for Codec {
    /// The type's index in [`TYPES`].
    type Subject = usize;

    fn describe(&self, subject: usize) -> String {
        format!("read as {}", TYPES[subject].0)
    }

    fn handwritten(&self) -> Vec<Input<usize>> {
        let documents =
            if self.format == Format::Msgpack { &documents::MSGPACK } else { &documents::JSON };
        let of_all = |document: &'static Vec<u8>| {
            (0..TYPES.len()).map(|subject| Input { subject, bytes: document.clone() })
        };
        let mut inputs: Vec<_> = documents.iter().flat_map(of_all).collect();
        for (subject, (_, ty)) in TYPES.iter().enumerate() {
            for value in values::wide(ty, ELEMENTS) {
                inputs.push(Input { subject, bytes: (self.encode)(&value, ty) });
            }
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

    fn check(&mut self, input: &Input<usize>) -> Result<Outcome, String> {
        let ty = &TYPES[input.subject].1;
        let mut outcome = Outcome::Rejected;
        for decode in self.decoders {
            if let Ok(value) = within(self.bound, input.bytes.len(), || decode(&input.bytes, ty))? {
                outcome = Outcome::Accepted;
                survives(&value, ty)?;
            }
        }
        Ok(outcome)
    }
}

impl Codec {
    fn encoded(&self, random: &mut Random, subject: usize) -> Vec<u8> {
        let ty = &TYPES[subject].1;
        (self.encode)(&values::value(random, ty, self.content), ty)
    }

    /// Encodes and decodes a value, which must come out equal.
    fn round_trip(&self, value: &Value, ty: &Type) -> Result<(), String> {
        for decode in self.decoders {
            match decode(&(self.encode)(value, ty), ty) {
                Ok(read) if read == *value => {}
                Ok(read) => return Err(format!("{value:?} became {read:?}")),
                Err(error) => return Err(format!("{value:?} cannot be read: {error}")),
            }
        }
        Ok(())
    }
}

/// Checks that a value that was read is the same after it was written and read in msgpack, and is
/// written the same.
fn survives(value: &Value, ty: &Type) -> Result<(), String> {
    let bytes = msgpack::encode(value, ty).map_err(|error| format!("{value:?}: {error}"))?;
    let again = msgpack::decode(&bytes, ty).map_err(|error| format!("{value:?}: {error}"))?;
    if again != *value {
        return Err(format!("{value:?} became {again:?}"));
    }
    if msgpack::encode(&again, ty).ok() != Some(bytes) {
        return Err(format!("{value:?} is written in two ways"));
    }
    Ok(())
}

/// Arbitrary values, which must survive both encodings. The bytes of an input are the seed of a
/// value.
pub(crate) struct Values;

impl Target for Values {
    /// The type's index in [`TYPES`].
    type Subject = usize;

    fn describe(&self, subject: usize) -> String {
        format!("the seed of a value of {}", TYPES[subject].0)
    }

    fn handwritten(&self) -> Vec<Input<usize>> {
        Vec::new()
    }

    fn arbitrary(&self, random: &mut Random) -> Input<usize> {
        let subject = random.below(TYPES.len());
        Input { subject, bytes: random.bits().to_be_bytes().to_vec() }
    }

    fn check(&mut self, input: &Input<usize>) -> Result<Outcome, String> {
        let ty = &TYPES[input.subject].1;
        let seed = input.bytes.iter().fold(0, |seed, byte| seed << 8 | u64::from(*byte));
        for codec in [JSON, MSGPACK] {
            let value = values::value(&mut Random::new(seed), ty, codec.content);
            codec.round_trip(&value, ty)?;
        }
        Ok(Outcome::Accepted)
    }
}

/// The JSON form of types. Its parser gets any bytes.
pub(crate) struct Types;

/// `"list",` is the shortest part of a type that becomes something larger.
const TYPE_BOUND: Bound = Bound { constant: 64 << 10, factor: 256 };

impl Target for Types {
    type Subject = ();

    fn describe(&self, (): ()) -> String {
        "read as a type".to_owned()
    }

    fn handwritten(&self) -> Vec<Input<()>> {
        documents::JSON.iter().map(|bytes| Input { subject: (), bytes: bytes.clone() }).collect()
    }

    fn arbitrary(&self, random: &mut Random) -> Input<()> {
        let bytes = values::any_type(random, 0).to_json().to_string().into_bytes();
        let other = random.choice(&TYPES).1.to_json().to_string();
        Input { subject: (), bytes: damaged(random, bytes, other.as_bytes(), Format::Json) }
    }

    fn check(&mut self, input: &Input<()>) -> Result<Outcome, String> {
        let Ok(ty) = within(TYPE_BOUND, input.bytes.len(), || Type::from_json(&input.bytes))?
        else {
            return Ok(Outcome::Rejected);
        };
        match Type::from_json(ty.to_json().to_string().as_bytes()) {
            Ok(again) if again == ty => Ok(Outcome::Accepted),
            again => Err(format!("{ty:?} became {again:?}")),
        }
    }
}
