//! The field table: a resource's attributes, each declared once.
//!
//! A table is a `&'static [Field]`. Schema, validation, plan, request bodies, reading of answers, state and
//! documentation are all derived from it by the other modules of the framework; none of them names an attribute. An
//! attribute's name is its JSON name at the service. Must not know which service that is.

use crate::cty::{ObjectType, Type};

/// What an attribute holds.
#[derive(Clone, Copy, Debug)]
pub enum Kind {
    /// `true` or `false`.
    Bool,
    /// A decimal number, a double at the service.
    Number,
    /// Text.
    String,
    /// A set of strings; a JSON array at the service.
    StringSet,
    /// One object whose members are fields in turn. Without any member set it is still more than null.
    Object(&'static [Field]),
    /// A list of objects whose members are fields in turn.
    ObjectList(&'static [Field]),
}

/// Who decides the value.
#[derive(Clone, Copy, Debug)]
pub enum Mode {
    /// The configuration must.
    Required,
    /// The configuration does; without a value the service holds null.
    Optional,
    /// The configuration may; the service does where it is silent, and what it decided stays.
    OptionalComputed,
    /// The configuration may; where it is silent, this value holds.
    Default(Literal),
    /// The configuration may; where it is silent, the named other attribute decides.
    DefaultFrom(&'static str),
    /// The configuration may. At the service it is nothing of its own, only another way to set the fields that follow
    /// it ([`Mode::DefaultFrom`]): it is never sent nor read, and an import tells it from them.
    FanOut,
    /// The service, once: the value is known to survive updates.
    ComputedOnce,
    /// The service, with any update.
    Computed,
}

/// A default value, writable in a constant table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Literal {
    /// A boolean.
    Bool(bool),
    /// Text.
    String(&'static str),
}

/// A rule of validation beyond the type. On a [`Kind::StringSet`] field, rules about text hold for each element.
#[derive(Clone, Copy, Debug)]
pub enum Check {
    /// Between `min` and `max` Unicode characters.
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
    /// A collection that holds something.
    NotEmpty,
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
    /// A text that this function takes. Its error continues the attribute's name: "is not …".
    Text(fn(&str) -> Result<(), String>),
    /// An id that a service gives: one word that can be a segment of a path. A UUID is in the small letters in which services
    /// give it back. Any other form passes, since a mocked provider makes up ids of its own.
    Id,
}

/// What counts as the same value, beyond equality.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Equality {
    /// Nothing but equality of values.
    Plain,
    /// Strings the service may give back under another, canonical name.
    Canonicalized,
    /// Objects in any order, told apart by this member.
    Keyed(&'static str),
    /// Text, which without characters is the same as null. Terraform is told that the provider may decide the value, so that
    /// state can keep the one where the configuration says the other.
    EmptyIsNull,
}

/// One attribute. Made by the constructors and refined by the methods, all `const`, so that a table is a constant.
#[derive(Clone, Copy, Debug)]
pub struct Field {
    /// The attribute's name, in Terraform and in JSON.
    pub name: &'static str,
    /// What it holds.
    pub kind: Kind,
    /// Who decides the value.
    pub mode: Mode,
    /// Its documentation: whole sentences.
    pub doc: &'static str,
    /// Why not to use it any more.
    pub deprecated: Option<&'static str>,
    /// Whether Terraform must not print it.
    pub sensitive: bool,
    /// Whether a change needs a new object.
    pub create_only: bool,
    /// Fields with one group name are sent together whenever one of them changes.
    pub group: Option<&'static str>,
    /// Rules of validation.
    pub checks: &'static [Check],
    /// What counts as the same value.
    pub equality: Equality,
    /// A member that the service assigns: never sent, never compared; state keeps what the configuration says.
    pub assigned_by_api: bool,
    /// The value that the service gives an absent member; same as null.
    pub api_default: Option<Literal>,
}

impl Field {
    const fn new(name: &'static str, kind: Kind, mode: Mode) -> Self {
        Self {
            name,
            kind,
            mode,
            doc: "",
            deprecated: None,
            sensitive: false,
            create_only: false,
            group: None,
            checks: &[],
            equality: Equality::Plain,
            assigned_by_api: false,
            api_default: None,
        }
    }

    /// A field the configuration must set.
    pub const fn required(name: &'static str, kind: Kind) -> Self {
        Self::new(name, kind, Mode::Required)
    }

    /// A nullable field that the configuration decides.
    pub const fn optional(name: &'static str, kind: Kind) -> Self {
        Self::new(name, kind, Mode::Optional)
    }

    /// A field that the service decides once, at creation.
    pub const fn computed_once(name: &'static str, kind: Kind) -> Self {
        Self::new(name, kind, Mode::ComputedOnce)
    }

    /// A field that the service decides, and may change with any update.
    pub const fn computed(name: &'static str, kind: Kind) -> Self {
        Self::new(name, kind, Mode::Computed)
    }

    /// Optional, and where the configuration is silent the service decides.
    pub const fn or_computed(self) -> Self {
        Self { mode: Mode::OptionalComputed, ..self }
    }

    /// Optional, with a value for silence.
    pub const fn or(self, default: Literal) -> Self {
        Self { mode: Mode::Default(default), ..self }
    }

    /// Optional; where the configuration is silent, the value of another field of the table, a [`Field::leading`] one.
    pub const fn default_from(self, leader: &'static str) -> Self {
        Self { mode: Mode::DefaultFrom(leader), ..self }
    }

    /// Only another way to set the fields that follow this one.
    pub const fn fan_out(self) -> Self {
        Self { mode: Mode::FanOut, ..self }
    }

    /// A change replaces the object.
    pub const fn create_only(self) -> Self {
        Self { create_only: true, ..self }
    }

    /// Sent whenever a field of this group changes.
    pub const fn sent_with(self, group: &'static str) -> Self {
        Self { group: Some(group), ..self }
    }

    /// Rules of validation.
    pub const fn checks(self, checks: &'static [Check]) -> Self {
        Self { checks, ..self }
    }

    /// The service may answer with other names for the same things.
    pub const fn canonicalized(self) -> Self {
        Self { equality: Equality::Canonicalized, ..self }
    }

    /// A list in which order means nothing: its objects are told apart by this member.
    pub const fn keyed_by(self, member: &'static str) -> Self {
        Self { equality: Equality::Keyed(member), ..self }
    }

    /// A text without characters is the same as null.
    pub const fn empty_is_null(self) -> Self {
        Self { equality: Equality::EmptyIsNull, ..self }
    }

    /// The service assigns it: accepted in configurations, never sent, never compared.
    pub const fn assigned_by_api(self) -> Self {
        Self { assigned_by_api: true, ..self }
    }

    /// The value the service gives it when absent.
    pub const fn api_default(self, default: Literal) -> Self {
        Self { api_default: Some(default), ..self }
    }

    /// A warning when it is used, with the reason.
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

    /// Whether a configuration may set it.
    pub const fn is_configurable(&self) -> bool {
        !matches!(self.mode, Mode::Computed | Mode::ComputedOnce)
    }

    /// Whether Terraform is told that the provider may decide the value.
    pub const fn is_computed(&self) -> bool {
        matches!(self.equality, Equality::EmptyIsNull)
            || !matches!(self.mode, Mode::Required | Mode::Optional)
    }

    /// Whether request bodies and answers carry it as something to compare.
    pub const fn is_exchanged(&self) -> bool {
        !self.assigned_by_api && !matches!(self.mode, Mode::FanOut)
    }

    /// Terraform's type for it. In objects, everything but required members may be left out of a configuration.
    pub fn ty(&self) -> Type {
        match self.kind {
            Kind::Bool => Type::Bool,
            Kind::Number => Type::Number,
            Kind::String => Type::String,
            Kind::StringSet => Type::set(Type::String),
            Kind::Object(members) => Type::Object(object_type(members)),
            Kind::ObjectList(members) => Type::list(Type::Object(object_type(members))),
        }
    }
}

/// The fields of a table that follow a leading one.
pub fn fan_out_targets<'a>(
    fields: &'a [Field],
    leader: &'a Field,
) -> impl Iterator<Item = &'a Field> {
    fields
        .iter()
        .filter(|field| matches!(field.mode, Mode::DefaultFrom(name) if name == leader.name))
}

/// The object type of a table: every field an attribute; all but the required ones may be omitted.
pub fn object_type(fields: &[Field]) -> ObjectType {
    let optional = fields.iter().filter(|field| !matches!(field.mode, Mode::Required));
    ObjectType {
        attributes: fields.iter().map(|field| (field.name.to_owned(), field.ty())).collect(),
        optional: optional.map(|field| field.name.to_owned()).collect(),
    }
}
