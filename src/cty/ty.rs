//! Terraform's types, and their JSON form: `"string"`, `["list", T]`, `["object", {…}, ["optional"]]`.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value as Json, json};

use super::{Error, MAX_DEPTH, json::check_name};

/// The type of a value or an attribute. Capsule types never cross the wire and are not here.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Type {
    /// True or false.
    Bool,
    /// A decimal number of any size.
    Number,
    /// Unicode text.
    String,
    /// Any type, decided by each value, which then carries it.
    Dynamic,
    /// Elements of one type, in order.
    List(Box<Type>),
    /// Distinct elements of one type, without order.
    Set(Box<Type>),
    /// Elements of one type by name.
    Map(Box<Type>),
    /// A fixed number of elements, each of its own type.
    Tuple(Vec<Type>),
    /// Named attributes, each of its own type.
    Object(ObjectType),
}

/// The attributes of an object type.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct ObjectType {
    /// The type of each attribute by name.
    pub attributes: BTreeMap<String, Type>,
    /// The attributes that a configuration may leave out. A value has them all the same, null where
    /// left out: the encodings of a value do not depend on this.
    pub optional: BTreeSet<String>,
}

impl Type {
    /// A list of `element`.
    pub fn list(element: Type) -> Self {
        Self::List(Box::new(element))
    }

    /// A set of `element`.
    pub fn set(element: Type) -> Self {
        Self::Set(Box::new(element))
    }

    /// A map of `element`.
    pub fn map(element: Type) -> Self {
        Self::Map(Box::new(element))
    }

    /// An object whose attributes are all required in a configuration.
    pub fn object(attributes: impl IntoIterator<Item = (impl Into<String>, Type)>) -> Self {
        let attributes = attributes.into_iter().map(|(name, ty)| (name.into(), ty)).collect();
        Self::Object(ObjectType { attributes, optional: BTreeSet::new() })
    }

    /// The object type, if it is one.
    pub fn as_object(&self) -> Option<&ObjectType> {
        if let Self::Object(object) = self { Some(object) } else { None }
    }

    /// The JSON form that schemas, stored state and dynamic values carry.
    pub fn to_json(&self) -> Json {
        match self {
            Self::Bool => json!("bool"),
            Self::Number => json!("number"),
            Self::String => json!("string"),
            Self::Dynamic => json!("dynamic"),
            Self::List(element) => with_argument("list", element.to_json()),
            Self::Set(element) => with_argument("set", element.to_json()),
            Self::Map(element) => with_argument("map", element.to_json()),
            Self::Tuple(elements) => {
                with_argument("tuple", elements.iter().map(Self::to_json).collect())
            }
            Self::Object(object) => object.to_json(),
        }
    }

    /// Reads the JSON form; at most [`MAX_DEPTH`] levels.
    pub fn from_json(bytes: &[u8]) -> Result<Self, Error> {
        let json = serde_json::from_slice(bytes).map_err(|_| not_a_type())?;
        Self::from_value(&json, 0)
    }

    pub(super) fn from_value(json: &Json, depth: usize) -> Result<Self, Error> {
        if depth >= MAX_DEPTH {
            return Err(Error::too_deep());
        }
        if let Json::Array(parts) = json {
            return Self::from_parts(parts, depth);
        }
        match json.as_str() {
            Some("bool") => Ok(Self::Bool),
            Some("number") => Ok(Self::Number),
            Some("string") => Ok(Self::String),
            Some("dynamic") => Ok(Self::Dynamic),
            _ => Err(not_a_type()),
        }
    }

    fn from_parts(parts: &[Json], depth: usize) -> Result<Self, Error> {
        let [Json::String(kind), argument, rest @ ..] = parts else {
            return Err(not_a_type());
        };
        let below = depth + 1;
        match (kind.as_str(), argument, rest) {
            ("list", element, []) => Ok(Self::list(Self::from_value(element, below)?)),
            ("set", element, []) => Ok(Self::set(Self::from_value(element, below)?)),
            ("map", element, []) => Ok(Self::map(Self::from_value(element, below)?)),
            ("tuple", Json::Array(elements), []) => {
                let elements = elements.iter().map(|element| Self::from_value(element, below));
                Ok(Self::Tuple(elements.collect::<Result<_, _>>()?))
            }
            ("object", Json::Object(attributes), []) => {
                Ok(Self::Object(ObjectType::from_members(attributes, &[], below)?))
            }
            ("object", Json::Object(attributes), [Json::Array(optional)]) => {
                Ok(Self::Object(ObjectType::from_members(attributes, optional, below)?))
            }
            _ => Err(not_a_type()),
        }
    }

    /// What a value of this type is called in an error.
    pub(super) fn noun(&self) -> &'static str {
        match self {
            Self::Bool => "a bool",
            Self::Number => "a number",
            Self::String => "a string",
            Self::Dynamic => "a value with its type",
            Self::List(_) => "a list",
            Self::Set(_) => "a set",
            Self::Map(_) => "a map",
            Self::Tuple(_) => "a tuple",
            Self::Object(_) => "an object",
        }
    }
}

impl ObjectType {
    fn to_json(&self) -> Json {
        let attributes: serde_json::Map<_, _> =
            self.attributes.iter().map(|(name, ty)| (name.clone(), ty.to_json())).collect();
        let mut parts = vec![Json::from("object"), Json::Object(attributes)];
        if !self.optional.is_empty() {
            parts.push(json!(self.optional));
        }
        Json::Array(parts)
    }

    fn from_members(
        members: &serde_json::Map<String, Json>,
        optional: &[Json],
        depth: usize,
    ) -> Result<Self, Error> {
        let mut object = Self::default();
        for (name, json) in members {
            check_name(name)?;
            let ty = Type::from_value(json, depth).map_err(|error| error.in_attribute(name))?;
            object.attributes.insert(name.clone(), ty);
        }
        for name in optional {
            let Some((name, _)) =
                name.as_str().and_then(|name| object.attributes.get_key_value(name))
            else {
                let message = "an optional attribute is not an attribute of its object type";
                return Err(Error::here(message));
            };
            object.optional.insert(name.clone());
        }
        Ok(object)
    }
}

/// Not with `json!`, which copies the argument, at each level again.
fn with_argument(kind: &str, argument: Json) -> Json {
    Json::Array(vec![Json::from(kind), argument])
}

fn not_a_type() -> Error {
    Error::here("this is not a type")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(json: &str, ty: &Type) {
        assert_eq!(Type::from_json(json.as_bytes()).as_ref(), Ok(ty), "{json}");
        assert_eq!(ty.to_json().to_string(), json);
    }

    #[test]
    fn reads_and_writes_every_form() {
        check(r#""bool""#, &Type::Bool);
        check(r#""number""#, &Type::Number);
        check(r#""string""#, &Type::String);
        check(r#""dynamic""#, &Type::Dynamic);
        check(r#"["list","string"]"#, &Type::list(Type::String));
        check(r#"["set",["map","number"]]"#, &Type::set(Type::map(Type::Number)));
        check(r#"["tuple",["bool","dynamic"]]"#, &Type::Tuple(vec![Type::Bool, Type::Dynamic]));
        check(r#"["tuple",[]]"#, &Type::Tuple(vec![]));
        check(r#"["object",{}]"#, &Type::Object(ObjectType::default()));
        check(
            r#"["object",{"a":"bool","b":"string"}]"#,
            &Type::object([("a", Type::Bool), ("b", Type::String)]),
        );
    }

    #[test]
    fn keeps_which_attributes_are_optional() {
        let filter = ObjectType {
            attributes: [("label".to_owned(), Type::String), ("pattern".to_owned(), Type::String)]
                .into(),
            optional: ["label".to_owned()].into(),
        };
        check(
            r#"["list",["object",{"label":"string","pattern":"string"},["label"]]]"#,
            &Type::list(Type::Object(filter)),
        );
    }

    #[test]
    fn rejects_what_is_no_type() {
        for json in [
            "",
            "null",
            "true",
            "1",
            "{}",
            "[]",
            r#""text""#,
            r#"["list"]"#,
            r#"["list","string","string"]"#,
            r#"["tuple","string"]"#,
            r#"["tuple",["what"]]"#,
            r#"["object",[]]"#,
            r#"["object",{"a":1}]"#,
            r#"["object",{"a":"bool"},["b"]]"#,
            r#"["object",{"a":"bool"},[1]]"#,
            r#"["object",{"a":"bool"},["a"],1]"#,
            r#"["capsule","x"]"#,
            r#""string" "string""#,
            r#"[["list"],"bool"]"#,
            r#"["object",{"$serde_json::private::Number":"bool"}]"#,
            r#"["object",{"a":"bool","$serde_json::private::Number":"bool"}]"#,
        ] {
            assert!(Type::from_json(json.as_bytes()).is_err(), "{json}");
        }
    }

    #[test]
    fn names_the_attribute_whose_type_is_wrong() {
        let error = Type::from_json(br#"["object",{"a":["object",{"b":"strnig"}]}]"#).unwrap_err();
        assert_eq!(error.to_string(), "a.b: this is not a type");
    }

    #[test]
    fn hostile_depth_is_an_error() {
        for depth in [MAX_DEPTH, 127, 100_000] {
            let json = r#"["list","#.repeat(depth) + r#""bool""# + &"]".repeat(depth);
            assert!(Type::from_json(json.as_bytes()).is_err(), "{depth}");
        }
        let json = r#"["list","#.repeat(MAX_DEPTH - 1) + r#""bool""# + &"]".repeat(MAX_DEPTH - 1);
        assert_eq!(Type::from_json(json.as_bytes()).unwrap().to_json().to_string(), json);
    }
}
