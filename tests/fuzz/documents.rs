//! Handwritten documents that are as bad as can be: in depth, in breadth, in the lengths they
//! declare.

use std::sync::LazyLock;

use terraform_provider_openrouter::cty::Type;

/// Deeper than any stack.
const DEPTH: usize = 100_000;

/// Wide enough to show work that grows with its square.
const WIDTH: usize = 3_000;

/// msgpack, for any type.
pub(crate) static MSGPACK: LazyLock<Vec<Vec<u8>>> = LazyLock::new(msgpack);

/// JSON, for any type.
pub(crate) static JSON: LazyLock<Vec<Vec<u8>>> = LazyLock::new(json);

/// JSON objects for this type, each with one attribute only, which is a list of empty objects.
/// Stored state may lack attributes, so every pair of braces becomes an object with all of them.
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
        documents.push(vec![header; DEPTH]);
    }
    for header in [0xdd_u8, 0xdf, 0xdb, 0xc6, 0xc9] {
        documents.push(vec![header, 0xff, 0xff, 0xff, 0xff]);
        documents.push([[header, 0xff, 0xff, 0xff, 0xff].as_slice(), &[0xc0; 100]].concat());
    }
    // Arrays in arrays, each of which declares all that is left.
    documents.push([[0xdc_u8, 0x01, 0x00].repeat(100), vec![0xc0; 256]].concat());
    documents.push([[0xdd_u8, 0, 1, 0, 0].repeat(100), vec![0xc0; 1 << 16]].concat());
    documents.push(b"\x81\xa0".repeat(DEPTH));
    documents.push(b"\x92\xc4\x09\"dynamic\"".repeat(DEPTH));
    documents.push(b"\x92\xc4\x12[\"list\",\"dynamic\"]\x91".repeat(DEPTH));
    documents.push(b"\x92\xc4\x11[\"set\",\"dynamic\"]\x91".repeat(60));
    documents.push([b"\x92\xc6\x00\x0d\xbb\xa0".as_slice(), &b"[\"list\",".repeat(DEPTH)].concat());
    documents.push([&[0xc8, 0x03, 0xe8, 12, 0x81, 1], [0x91; 998].as_slice()].concat());
    // For a set of sets, each level of which compares all that is below.
    documents.push([[0x91; 60].as_slice(), &[0xdd, 0, 0, 0x10, 0], &[0xc0; 0x1000]].concat());
    let wide = u32::try_from(WIDTH).unwrap().to_be_bytes();
    for element in
        [&[0xc0][..], &[0x90], &[0x80], &[0xa0], &[0xd4, 0, 0], &[0x81, 0xa0, 0xc0], &[0x91, 0x90]]
    {
        documents.push([&[0xdd], wide.as_slice(), &element.repeat(WIDTH)].concat());
    }
    let numbers = (0..WIDTH).map(|number| u16::try_from(number).unwrap().to_be_bytes());
    let numbers = numbers.flat_map(|[high, low]| [0xcd, high, low]).collect::<Vec<_>>();
    documents.push([&[0xdd], wide.as_slice(), &numbers].concat());
    // The largest double has 309 digits, and the smallest some 750.
    let doubles =
        [[0xcb, 0x7f, 0xef].as_slice(), &[0xff; 6], &[0xcb, 0, 0, 0, 0, 0, 0, 0, 1]].concat();
    documents.push([&[0xdd], wide.as_slice(), &doubles.repeat(WIDTH / 2)].concat());
    documents
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
        documents.push(opening.repeat(DEPTH).into_bytes());
        for depth in [30, 60, 63, 64, 120, 127, DEPTH] {
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
    documents.push("9".repeat(WIDTH).into_bytes());
    documents.push(format!("0.{}1", "0".repeat(WIDTH)).into_bytes());
    for element in ["0", "null", "[]", "{}", "\"\"", "{\"\":0}", "1e999999999", "[[]]"] {
        documents.push(format!("[{}{element}]", format!("{element},").repeat(WIDTH)).into_bytes());
    }
    let members: Vec<_> = (0..WIDTH).map(|index| format!("\"{index}\":0")).collect();
    documents.push(format!("{{{}}}", members.join(",")).into_bytes());
    documents.push(
        format!("{{\"type\":[\"object\",{{{}}}],\"value\":{{}}}}", members.join(",")).into_bytes(),
    );
    documents
}

fn protobuf() -> Vec<Vec<u8>> {
    let mut documents = vec![Vec::new()];
    // Groups in groups, and messages in messages.
    documents.push(vec![0x0b; DEPTH]);
    documents.push(vec![0x7b; DEPTH]);
    let nested = (0..300).fold(Vec::new(), |inner: Vec<u8>, _| field(2, &inner));
    documents.push(nested);
    documents.push(vec![0x12, 0xff, 0xff, 0xff, 0xff, 0x0f]);
    documents.push(vec![0xff; DEPTH]);
    documents.push(vec![0x08; DEPTH]);
    // Empty fields, each of which could become something large.
    for tag in [0x0a_u8, 0x12, 0x1a, 0x22, 0x2a, 0x32, 0x3a, 0x42] {
        documents.push([tag, 0x00].repeat(WIDTH));
        documents.push([tag, 0x02, 0x12, 0x00].repeat(WIDTH));
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
