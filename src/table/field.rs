//! The field table: a resource's attributes, each declared once.
//!
//! A table is a `&'static [Field]`. Schema, validation, plan, request bodies, state and documentation
//! are derived from it by the other modules here. An attribute's name is its JSON name in the API.
//! Must not know which API that is.

use crate::cty::{ObjectType, Type, Value};

/// What an attribute holds.
#[derive(Clone, Copy, Debug)]
pub enum FieldType {
    /// `true` or `false`.
    Bool,
    /// A decimal number, for the API a double.
    Number,
    /// Text.
    String,
    /// A set of strings; in JSON an array.
    StringSet,
    /// One object of these members. Without any member set it is still more than null.
    Object(&'static [Field]),
    /// A list of objects of these members.
    ObjectList(&'static [Field]),
    /// A text with a JSON object: fields of the API that the table does not have. In JSON its members
    /// stand beside the table's fields, and only the members that it names are compared.
    ExtraFields {
        /// Names that cannot be set, besides those of the table's computed fields.
        read_only: &'static [&'static str],
    },
}

/// Where the value comes from.
#[derive(Clone, Copy, Debug)]
pub enum ValueSource {
    /// The configuration.
    Required,
    /// The configuration, else null.
    Optional,
    /// The configuration, else the API; what the API decided stays.
    OptionalComputed,
    /// The configuration, else this value.
    Default(DefaultValue),
    /// The configuration, else what the configuration sets for this [`ValueSource::FanOut`] field.
    DefaultFrom(&'static str),
    /// The configuration. Only another way to set its targets, the fields with
    /// [`ValueSource::DefaultFrom`]: it is neither sent nor read, and an import infers it from them.
    FanOut,
    /// The API, once: it is known to stay the same in updates.
    ComputedOnce,
    /// The API, with any update.
    Computed,
}

/// A default value, writable in a constant table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DefaultValue {
    /// A boolean.
    Bool(bool),
    /// Text.
    String(&'static str),
}

/// A rule of validation beyond the type. On a [`FieldType::StringSet`] field, rules about text hold for
/// each element.
#[derive(Clone, Copy, Debug)]
pub enum Check {
    /// A text of `min` to `max` Unicode characters.
    Length {
        /// At least.
        min: usize,
        /// At most.
        max: usize,
    },
    /// One of these texts.
    OneOf(&'static [&'static str]),
    /// A number greater than this.
    GreaterThan(i64),
    /// A number not less than this.
    AtLeast(i64),
    /// A number without a fraction.
    Integer,
    /// A collection with elements.
    NotEmpty,
    /// A set without empty texts.
    NoEmptyElement,
    /// Set exactly when the named sibling is.
    RequiredWith(&'static str),
    /// No two objects of the list share the value of this member.
    UniqueBy(&'static str),
    /// Set only beside a sibling that has this value.
    OnlyIf {
        /// The sibling's name.
        sibling: &'static str,
        /// The value it must have.
        value: &'static str,
    },
    /// A text that this function accepts. Its error continues the attribute's name: "is not …".
    Text(fn(&str) -> Result<(), String>),
    /// An id of the API: a segment of a path, and if it is a UUID, in lower case as APIs return it.
    /// Ids of other forms pass, since a mocked provider makes up its own.
    Id,
}

/// What counts as the same value, beyond equality.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Equality {
    /// Nothing.
    Plain,
    /// Strings that the API may return under another, canonical name.
    Canonicalized,
    /// Objects in any order, identified by this member.
    Keyed(&'static str),
    /// An empty text and null. Terraform is told that the provider may decide the value, so that
    /// state can keep the one where the configuration has the other.
    EmptyIsNull,
}

/// One attribute. Made by the constructors and refined by the methods, all `const`, so that a table
/// is a constant.
#[derive(Clone, Copy, Debug)]
pub struct Field {
    /// The attribute's name, in Terraform and in JSON.
    pub name: &'static str,
    /// What it holds.
    pub kind: FieldType,
    /// Where the value comes from.
    pub mode: ValueSource,
    /// Its documentation: whole sentences.
    pub doc: &'static str,
    /// Its documentation where it is read-only, as in a data source; `None` where that is the same.
    pub read_doc: Option<&'static str>,
    /// Why it should no longer be used.
    pub deprecated: Option<&'static str>,
    /// Whether Terraform must not print it.
    pub sensitive: bool,
    /// Whether a change needs a new object.
    pub create_only: bool,
    /// Fields of one group are sent together whenever one of them changes.
    pub group: Option<&'static str>,
    /// The part of the object that the field belongs to, for messages about that part.
    pub part: Option<&'static str>,
    /// Rules of validation.
    pub checks: &'static [Check],
    /// What counts as the same value.
    pub equality: Equality,
    /// Whether the API assigns this member: never sent, never compared; state keeps what the
    /// configuration has.
    pub assigned_by_api: bool,
    /// The value that the API gives an absent member; the same as null.
    pub api_default: Option<DefaultValue>,
}

impl Field {
    const fn new(name: &'static str, kind: FieldType, mode: ValueSource) -> Self {
        Self {
            name,
            kind,
            mode,
            doc: "",
            read_doc: None,
            deprecated: None,
            sensitive: false,
            create_only: false,
            group: None,
            part: None,
            checks: &[],
            equality: Equality::Plain,
            assigned_by_api: false,
            api_default: None,
        }
    }

    /// A field with [`ValueSource::Required`].
    pub const fn required(name: &'static str, kind: FieldType) -> Self {
        Self::new(name, kind, ValueSource::Required)
    }

    /// A field with [`ValueSource::Optional`].
    pub const fn optional(name: &'static str, kind: FieldType) -> Self {
        Self::new(name, kind, ValueSource::Optional)
    }

    /// A field with [`ValueSource::ComputedOnce`].
    pub const fn computed_once(name: &'static str, kind: FieldType) -> Self {
        Self::new(name, kind, ValueSource::ComputedOnce)
    }

    /// A field with [`ValueSource::Computed`].
    pub const fn computed(name: &'static str, kind: FieldType) -> Self {
        Self::new(name, kind, ValueSource::Computed)
    }

    /// With [`ValueSource::OptionalComputed`].
    pub const fn or_computed(self) -> Self {
        Self { mode: ValueSource::OptionalComputed, ..self }
    }

    /// With [`ValueSource::Default`].
    pub const fn or(self, default: DefaultValue) -> Self {
        Self { mode: ValueSource::Default(default), ..self }
    }

    /// With [`ValueSource::DefaultFrom`].
    pub const fn default_from(self, fan_out: &'static str) -> Self {
        Self { mode: ValueSource::DefaultFrom(fan_out), ..self }
    }

    /// With [`ValueSource::FanOut`].
    pub const fn fan_out(self) -> Self {
        Self { mode: ValueSource::FanOut, ..self }
    }

    /// A change replaces the object.
    pub const fn create_only(self) -> Self {
        Self { create_only: true, ..self }
    }

    /// Sent whenever a field of this group changes.
    pub const fn sent_with(self, group: &'static str) -> Self {
        Self { group: Some(group), ..self }
    }

    /// Belongs to this part of the object.
    pub const fn part(self, part: &'static str) -> Self {
        Self { part: Some(part), ..self }
    }

    /// With rules of validation.
    pub const fn checks(self, checks: &'static [Check]) -> Self {
        Self { checks, ..self }
    }

    /// With [`Equality::Canonicalized`].
    pub const fn canonicalized(self) -> Self {
        Self { equality: Equality::Canonicalized, ..self }
    }

    /// With [`Equality::Keyed`].
    pub const fn keyed_by(self, member: &'static str) -> Self {
        Self { equality: Equality::Keyed(member), ..self }
    }

    /// With [`Equality::EmptyIsNull`].
    pub const fn empty_is_null(self) -> Self {
        Self { equality: Equality::EmptyIsNull, ..self }
    }

    /// The API assigns it: accepted in configurations, never sent, never compared.
    pub const fn assigned_by_api(self) -> Self {
        Self { assigned_by_api: true, ..self }
    }

    /// The value that the API gives it when absent.
    pub const fn api_default(self, default: DefaultValue) -> Self {
        Self { api_default: Some(default), ..self }
    }

    /// A warning with this reason when it is used.
    pub const fn deprecated(self, reason: &'static str) -> Self {
        Self { deprecated: Some(reason), ..self }
    }

    /// Hidden in Terraform's output.
    pub const fn sensitive(self) -> Self {
        Self { sensitive: true, ..self }
    }

    /// Its documentation.
    pub const fn doc(self, doc: &'static str) -> Self {
        Self { doc, ..self }
    }

    /// Its documentation where it is read-only, without what a configuration may set.
    pub const fn read_doc(self, doc: &'static str) -> Self {
        Self { read_doc: Some(doc), ..self }
    }

    /// The same attribute in a data source: its type and documentation, without the rules for
    /// configurations.
    pub const fn read_only(self) -> Self {
        Self {
            doc: match self.read_doc {
                Some(doc) => doc,
                None => self.doc,
            },
            deprecated: self.deprecated,
            sensitive: self.sensitive,
            ..Self::computed(self.name, self.kind)
        }
    }

    /// Whether a configuration may set it.
    pub const fn is_configurable(&self) -> bool {
        !matches!(self.mode, ValueSource::Computed | ValueSource::ComputedOnce)
    }

    /// Whether Terraform is told that the provider may decide the value.
    pub const fn is_computed(&self) -> bool {
        matches!(self.equality, Equality::EmptyIsNull)
            || !matches!(self.mode, ValueSource::Required | ValueSource::Optional)
    }

    /// Whether requests and responses have it as something to compare.
    pub const fn is_exchanged(&self) -> bool {
        !self.assigned_by_api && !matches!(self.mode, ValueSource::FanOut)
    }

    /// Whether it is a member of requests.
    pub const fn is_sent(&self) -> bool {
        self.is_configurable() && self.is_exchanged() && !self.holds_extra_fields()
    }

    /// Whether it is made of [`FieldType::ExtraFields`].
    pub const fn holds_extra_fields(&self) -> bool {
        matches!(self.kind, FieldType::ExtraFields { .. })
    }

    /// Terraform's type for it. A configuration may omit all but the required members of objects.
    pub fn ty(&self) -> Type {
        match self.kind {
            FieldType::Bool => Type::Bool,
            FieldType::Number => Type::Number,
            FieldType::String | FieldType::ExtraFields { .. } => Type::String,
            FieldType::StringSet => Type::set(Type::String),
            FieldType::Object(members) => Type::Object(object_type(members)),
            FieldType::ObjectList(members) => Type::list(Type::Object(object_type(members))),
        }
    }
}

/// The targets of a fan-out field.
pub(super) fn fan_out_targets<'a>(
    fields: &'a [Field],
    fan_out: &'a Field,
) -> impl Iterator<Item = &'a Field> {
    fields.iter().filter(
        |field| matches!(field.mode, ValueSource::DefaultFrom(name) if name == fan_out.name),
    )
}

/// The object type of a table: every field an attribute; all but the required ones may be omitted.
pub fn object_type(fields: &[Field]) -> ObjectType {
    let optional = fields.iter().filter(|field| !matches!(field.mode, ValueSource::Required));
    ObjectType {
        attributes: fields.iter().map(|field| (field.name.to_owned(), field.ty())).collect(),
        optional: optional.map(|field| field.name.to_owned()).collect(),
    }
}

impl From<DefaultValue> for Value {
    fn from(literal: DefaultValue) -> Self {
        match literal {
            DefaultValue::Bool(value) => Self::Bool(value),
            DefaultValue::String(value) => Self::from(value),
        }
    }
}
