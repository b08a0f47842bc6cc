//! Damage to valid bytes.

use crate::random::Random;

/// The longest result.
const MAX_LENGTH: usize = 1 << 17;

/// The format of the bytes, which decides what is inserted into them.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    /// msgpack: headers that declare more than there is, unknowns, doubles.
    Msgpack,
    /// JSON: brackets, numbers of absurd size, escapes.
    Json,
    /// Protocol buffers: tags, groups, varints.
    Protobuf,
}

/// Lengths of about 4 GiB in each kind of header, empty headers, nil, unknowns, numbers.
const MSGPACK: [&[u8]; 30] = [
    &[0xdd, 0xff, 0xff, 0xff, 0xff],
    &[0xdf, 0xff, 0xff, 0xff, 0xff],
    &[0xdb, 0xff, 0xff, 0xff, 0xff],
    &[0xc6, 0xff, 0xff, 0xff, 0xff],
    &[0xc9, 0xff, 0xff, 0xff, 0xff, 12],
    &[0xdd, 0x7f, 0xff, 0xff, 0xff],
    &[0xdf, 0x80, 0x00, 0x00, 0x00],
    &[0xdd, 0, 0, 0x20, 0],
    &[0xdc, 0x01, 0x00],
    &[0xdc, 0xff, 0xff],
    &[0xde, 0xff, 0xff],
    &[0xc8, 0x04, 0x00, 12],
    &[0xc7, 0x03, 12, 0x81, 1, 0xc2],
    &[0xc7, 0x08, 12, 0x81, 77, 0xc7, 3, 12, 0x81, 77, 0xc0],
    &[0x90],
    &[0x91],
    &[0x92],
    &[0x9f],
    &[0x80],
    &[0x81],
    &[0x81, 0xa0],
    &[0xc0],
    &[0xc1],
    &[0xd4, 0, 0],
    &[0xcb, 0x7f, 0xf8, 0, 0, 0, 0, 0, 0],
    &[0xcb, 0x7f, 0xef, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
    &[0xcf, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
    b"\xab1e999999999",
    b"\x92\xc4\x09\"dynamic\"",
    b"\x92\xc4\x12[\"list\",\"dynamic\"]",
];

const JSON: [&[u8]; 24] = [
    b"[",
    b"]",
    b"{",
    b"}",
    b"{\"\":",
    b"{\"type\":",
    b"{\"type\":\"dynamic\",\"value\":",
    b"[\"list\",",
    b"[\"object\",{\"\":",
    b"[\"tuple\",[",
    b",",
    b":",
    b"\"",
    b"null",
    b"true",
    b"1e999999999",
    b"-1e-999999999",
    b"1E+99999999999999999999999999",
    b"0.0000000000000000000000000000000000000000000000000000000000001",
    b"\\ud800",
    b"\\u0000",
    b"\xff",
    b"{\"$serde_json::private::Number\":\"1\"}",
    b"{\"$serde_json::private::Number\":",
];

const PROTOBUF: [&[u8]; 10] = [
    &[0x0a, 0xff, 0xff, 0xff, 0xff, 0x0f],
    &[0x12, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01],
    &[0x12, 0x00],
    &[0x0a, 0x00],
    &[0x0b],
    &[0x0c],
    &[0x00],
    &[0x08, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
    &[0xfa, 0xff, 0xff, 0xff, 0x0f, 0x00],
    &[0x12, 0x02, 0x0a, 0x00],
];

/// The bytes with damage in one to three places. Parts of `other` may be spliced in.
pub(crate) fn damaged(
    random: &mut Random,
    bytes: Vec<u8>,
    other: &[u8],
    format: Format,
) -> Vec<u8> {
    let times = 1 + random.below(3) * random.below(2);
    let mut bytes = (0..times).fold(bytes, |bytes, _| damaged_once(random, bytes, other, format));
    bytes.truncate(MAX_LENGTH);
    bytes
}

fn damaged_once(random: &mut Random, mut bytes: Vec<u8>, other: &[u8], format: Format) -> Vec<u8> {
    let at = random.below(bytes.len() + 1);
    let end = (at + random.length(200)).min(bytes.len());
    match random.below(10) {
        0 if at < bytes.len() => bytes[at] ^= 1 << random.below(8),
        1 if at < bytes.len() => bytes[at] = random.bits().to_le_bytes()[0],
        2 => bytes.truncate(at),
        3 => drop(bytes.drain(at..end)),
        4 => {
            let doubled = bytes[at..end].repeat(1 + random.length(2_000));
            insert(&mut bytes, at, &doubled);
        }
        5 => insert(&mut bytes, at, token(random, format)),
        6 => {
            let nested = token(random, format).repeat(random.length(MAX_LENGTH / 8));
            insert(&mut bytes, at, &nested);
        }
        7 => {
            let token = token(random, format);
            let end = (at + token.len()).min(bytes.len());
            bytes.splice(at..end, token.iter().copied());
        }
        8 => {
            let from = random.below(other.len() + 1);
            let until = from + random.below(other.len() - from + 1);
            bytes.splice(at..end, other[from..until].iter().copied());
        }
        _ => {
            let length = random.length(64);
            let noise = random.bytes(length);
            insert(&mut bytes, at, &noise);
        }
    }
    bytes
}

fn insert(bytes: &mut Vec<u8>, at: usize, inserted: &[u8]) {
    let inserted = &inserted[..inserted.len().min(MAX_LENGTH)];
    bytes.splice(at..at, inserted.iter().copied());
}

fn token(random: &mut Random, format: Format) -> &'static [u8] {
    match format {
        Format::Msgpack => random.choice::<&[u8]>(&MSGPACK),
        Format::Json => random.choice::<&[u8]>(&JSON),
        Format::Protobuf => random.choice::<&[u8]>(&PROTOBUF),
    }
}
