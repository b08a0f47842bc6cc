//! Documents made by hand to be as bad as can be: depth, announced lengths, breadth.

use std::sync::LazyLock;

use terraform_provider_openrouter::cty::Type;

/// Deeper than any stack.
const DEEP: usize = 100_000;

/// Wide enough that work that grows with the square of it is seen.
const WIDE: usize = 3_000;

/// msgpack, for any type.
pub(crate) static MSGPACK: LazyLock<Vec<Vec<u8>>> = LazyLock::new(msgpack);

/// JSON, for any type.
pub(crate) static JSON: LazyLock<Vec<Vec<u8>>> = LazyLock::new(json);

/// Objects in JSON for this type, each with one attribute only, which is a list of objects without any. Stored state may lack
/// attributes, so every pair of braces becomes an object with all of them.
pub(crate) fn sparse(ty: &Type, count: usize) -> Vec<Vec<u8>> {
    let attributes = ty.as_object().into_iter().flat_map(|object| object.attributes.keys());
    let list = format!("[{}{{}}]", "{},".repeat(count));
    attributes.map(|name| format!("{{\"{name}\":{list}}}").into_bytes()).collect()
}

/// Protocol buffers, for any message.
pub(crate) static PROTOBUF: LazyLock<Vec<Vec<u8>>> = LazyLock::new(protobuf);

fn msgpack() -> Vec<Vec<u8>> {
    let mut documents = vec![Vec::new()];
    for header in [0x91_u8, 0x81, 0x92, 0xdc, 0xdd, 0xde, 0xdf] {
        documents.push(vec![header; DEEP]);
    }
    for header in [0xdd_u8, 0xdf, 0xdb, 0xc6, 0xc9] {
        documents.push(vec![header, 0xff, 0xff, 0xff, 0xff]);
        documents.push([[header, 0xff, 0xff, 0xff, 0xff].as_slice(), &[0xc0; 100]].concat());
    }
    // Arrays in arrays, each of which announces all that is left.
    documents.push([[0xdc_u8, 0x01, 0x00].repeat(100), vec![0xc0; 256]].concat());
    documents.push([[0xdd_u8, 0, 1, 0, 0].repeat(100), vec![0xc0; 1 << 16]].concat());
    documents.push(b"\x81\xa0".repeat(DEEP));
    documents.push(b"\x92\xc4\x09\"dynamic\"".repeat(DEEP));
    documents.push(b"\x92\xc4\x12[\"list\",\"dynamic\"]\x91".repeat(DEEP));
    documents.push(b"\x92\xc4\x11[\"set\",\"dynamic\"]\x91".repeat(60));
    documents.push([b"\x92\xc6\x00\x0d\xbb\xa0".as_slice(), &b"[\"list\",".repeat(DEEP)].concat());
    documents.extend(refinements());
    // For a set of sets, each level of which compares all that is below.
    documents.push([[0x91; 60].as_slice(), &[0xdd, 0, 0, 0x10, 0], &[0xc0; 0x1000]].concat());
    let wide = u32::try_from(WIDE).unwrap().to_be_bytes();
    for element in
        [&[0xc0][..], &[0x90], &[0x80], &[0xa0], &[0xd4, 0, 0], &[0x81, 0xa0, 0xc0], &[0x91, 0x90]]
    {
        documents.push([&[0xdd], wide.as_slice(), &element.repeat(WIDE)].concat());
    }
    let numbers = (0..WIDE).map(|number| u16::try_from(number).unwrap().to_be_bytes());
    let numbers = numbers.flat_map(|[high, low]| [0xcd, high, low]).collect::<Vec<_>>();
    documents.push([&[0xdd], wide.as_slice(), &numbers].concat());
    // The largest double has 309 digits, and the smallest some 750.
    let doubles =
        [[0xcb, 0x7f, 0xef].as_slice(), &[0xff; 6], &[0xcb, 0, 0, 0, 0, 0, 0, 0, 1]].concat();
    documents.push([&[0xdd], wide.as_slice(), &doubles.repeat(WIDE / 2)].concat());
    documents
}

/// Unknowns with a description that nests descriptions, up to the longest that is read.
fn refinements() -> Vec<Vec<u8>> {
    let mut nested = vec![0x81, 77, 0xc0];
    while nested.len() < 1000 {
        let length = u16::try_from(nested.len()).unwrap().to_be_bytes();
        nested = [&[0x81, 77, 0xc8], length.as_slice(), &[12], &nested].concat();
    }
    let arrays = [&[0x81, 77], [0x91; 1000].as_slice(), &[0xc0]].concat();
    let announced = [0x81, 77, 0xdd, 0xff, 0xff, 0xff, 0xff].repeat(140);
    let payloads = [nested, arrays, announced, vec![0xdf, 0xff, 0xff, 0xff, 0xff]];
    let unknown = |payload: Vec<u8>| {
        let length = u16::try_from(payload.len()).unwrap().to_be_bytes();
        [&[0xc8], length.as_slice(), &[12], &payload].concat()
    };
    payloads.map(unknown).into()
}

fn json() -> Vec<Vec<u8>> {
    let mut documents = vec![Vec::new(), b"\xef\xbb\xbfnull".to_vec()];
    let nestings = [
        ("[", "]"),
        ("{\"\":", "}"),
        ("{\"type\":\"dynamic\",\"value\":", "}"),
        ("{\"type\":[\"list\",\"dynamic\"],\"value\":[", "]}"),
        ("[\"list\",", "]"),
        ("[\"object\",{\"\":", "}]"),
    ];
    for (opening, closing) in nestings {
        documents.push(opening.repeat(DEEP).into_bytes());
        for depth in [30, 60, 63, 64, 120, 127, DEEP] {
            documents.push(
                [opening.repeat(depth), "null".to_owned(), closing.repeat(depth)]
                    .concat()
                    .into_bytes(),
            );
        }
    }
    for number in ["1e999999999", "-1e-999999999", "1e99999999999999999999999", "0e999999999", "-0"]
    {
        documents.push(number.into());
    }
    documents.push("9".repeat(WIDE).into_bytes());
    documents.push(format!("0.{}1", "0".repeat(WIDE)).into_bytes());
    for element in ["0", "null", "[]", "{}", "\"\"", "{\"\":0}", "1e999999999", "[[]]"] {
        documents.push(format!("[{}{element}]", format!("{element},").repeat(WIDE)).into_bytes());
    }
    let members: Vec<_> = (0..WIDE).map(|index| format!("\"{index}\":0")).collect();
    documents.push(format!("{{{}}}", members.join(",")).into_bytes());
    documents.push(
        format!("{{\"type\":[\"object\",{{{}}}],\"value\":{{}}}}", members.join(",")).into_bytes(),
    );
    documents
}

fn protobuf() -> Vec<Vec<u8>> {
    let mut documents = vec![Vec::new()];
    // Groups in groups, and messages in messages.
    documents.push(vec![0x0b; DEEP]);
    documents.push(vec![0x7b; DEEP]);
    let nested = (0..300).fold(Vec::new(), |inner: Vec<u8>, _| field(2, &inner));
    documents.push(nested);
    documents.push(vec![0x12, 0xff, 0xff, 0xff, 0xff, 0x0f]);
    documents.push(vec![0xff; DEEP]);
    documents.push(vec![0x08; DEEP]);
    // Empty fields, each of which could become something large.
    for tag in [0x0a_u8, 0x12, 0x1a, 0x22, 0x2a, 0x32, 0x3a, 0x42] {
        documents.push([tag, 0x00].repeat(WIDE));
        documents.push([tag, 0x02, 0x12, 0x00].repeat(WIDE));
    }
    documents
}

/// One field of a message, of the kind that has a length.
pub(crate) fn field(number: u8, content: &[u8]) -> Vec<u8> {
    let mut bytes = vec![number << 3 | 2];
    let mut length = content.len();
    while length >= 0x80 {
        bytes.push(u8::try_from(length & 0x7f).unwrap() | 0x80);
        length >>= 7;
    }
    bytes.push(u8::try_from(length).unwrap());
    bytes.extend(content);
    bytes
}
