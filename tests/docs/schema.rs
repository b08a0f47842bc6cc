//! The schema part of a page: attributes by who sets them, and a section for each object and list of objects. Pure.

use std::fmt::Write;

use terraform_provider_openrouter::cty::Type;
use terraform_provider_openrouter::protocol::schema::{Attribute, Constraint};

/// Who sets an attribute, in the order in which a page has them.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Group {
    Required,
    Optional,
    ReadOnly,
}

/// The attributes of a schema, or the members of one of its objects or lists of objects.
struct Level<'a> {
    /// The names of the attributes around it.
    path: Vec<&'a str>,
    attributes: &'a [Attribute],
    /// Whether it is in an attribute that the provider alone sets, which makes all of it such.
    read_only: bool,
}

/// The part of a page that begins with `## Schema`, without a newline at its end.
pub(crate) fn markdown(attributes: &[Attribute]) -> String {
    let mut text = "## Schema\n\n".to_owned();
    Level { path: Vec::new(), attributes, read_only: false }.write_to(&mut text);
    text.trim_end().to_owned()
}

impl<'a> Level<'a> {
    fn write_to(&self, text: &mut String) {
        let mut below = Vec::new();
        for group in [Group::Required, Group::Optional, Group::ReadOnly] {
            let mut members: Vec<_> =
                self.attributes.iter().filter(|attribute| self.group(attribute) == group).collect();
            if members.is_empty() {
                continue;
            }
            members.sort_by_key(|attribute| attribute.name);
            *text += self.title(group);
            *text += "\n\n";
            for attribute in members {
                let nested = self.below(attribute);
                *text += &line(attribute, nested.as_ref());
                below.extend(nested);
            }
            text.push('\n');
        }
        for level in below {
            let (anchor, path) = (level.anchor(), level.path.join("."));
            let _ = write!(text, "<a id=\"{anchor}\"></a>\n### Nested Schema for `{path}`\n\n");
            level.write_to(text);
            text.push('\n');
        }
    }

    fn group(&self, attribute: &Attribute) -> Group {
        match attribute.constraint {
            _ if self.read_only => Group::ReadOnly,
            Constraint::Computed => Group::ReadOnly,
            Constraint::Required => Group::Required,
            _ => Group::Optional,
        }
    }

    fn title(&self, group: Group) -> &'static str {
        match (group, self.path.is_empty()) {
            (Group::Required, true) => "### Required",
            (Group::Optional, true) => "### Optional",
            (Group::ReadOnly, true) => "### Read-Only",
            (Group::Required, false) => "Required:",
            (Group::Optional, false) => "Optional:",
            (Group::ReadOnly, false) => "Read-Only:",
        }
    }

    /// The members of a field that is an object or a list of them.
    fn below(&self, attribute: &'a Attribute) -> Option<Level<'a>> {
        if attribute.members.is_empty() {
            return None;
        }
        let path = self.path.iter().copied().chain([attribute.name]).collect();
        Some(Level {
            path,
            attributes: &attribute.members,
            read_only: self.group(attribute) == Group::ReadOnly,
        })
    }

    /// Attributes of an attribute and members of an object have names of another form.
    fn anchor(&self) -> String {
        let kind = if self.path.len() == 1 { "nestedatt" } else { "nestedobjatt" };
        format!("{kind}--{}", self.path.join("--"))
    }
}

/// The line of one attribute, with a link to its members where it has some.
fn line(attribute: &Attribute, below: Option<&Level<'_>>) -> String {
    let kind = match &attribute.ty {
        Type::Bool => "Boolean",
        Type::Number => "Number",
        Type::Object(_) => "Object",
        Type::List(_) => "List of Object",
        Type::Set(_) => "Set of String",
        _ => "String",
    };
    let sensitive = if attribute.sensitive { ", Sensitive" } else { "" };
    let deprecated = if attribute.deprecated.is_some() { ", Deprecated" } else { "" };
    let link = below.map_or(String::new(), |level| {
        format!(" (see [below for nested schema](#{}))", level.anchor())
    });
    format!(
        "- `{}` ({kind}{sensitive}{deprecated}) {}{link}\n",
        attribute.name, attribute.description
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use terraform_provider_openrouter::table::{
        field::{Field, FieldType},
        schema::schema,
    };

    const RULE: &[Field] = &[
        Field::optional("label", FieldType::String).deprecated("it is of no use").doc("A label."),
        Field::required("action", FieldType::String).doc("What to do."),
    ];

    #[test]
    fn attributes_stand_by_who_sets_them_in_order_of_the_alphabet() {
        let fields = [
            Field::computed_once("id", FieldType::String).doc("The id."),
            Field::optional("secret", FieldType::String).sensitive().doc("A secret."),
            Field::required("size", FieldType::Number).doc("How large."),
            Field::optional("on", FieldType::Bool).or_computed().doc("Whether it is on."),
            Field::required("names", FieldType::StringSet).doc("Names."),
        ];
        assert_eq!(
            markdown(&schema("", &fields).attributes) + "\n",
            include_str!("golden/attributes.md")
        );
    }

    #[test]
    fn objects_and_lists_of_them_have_sections() {
        let fields = [
            Field::optional("rules", FieldType::ObjectList(RULE)).doc("Rules."),
            Field::optional("fallback", FieldType::Object(RULE))
                .doc("What holds where no rule does."),
        ];
        assert_eq!(
            markdown(&schema("", &fields).attributes) + "\n",
            include_str!("golden/objects.md")
        );
    }

    /// What a data source shows of an object reads as read-only at every depth, whoever sets it in the resource.
    #[test]
    fn everything_inside_a_read_only_list_is_read_only() {
        const ROW: &[Field] =
            &[Field::optional("rules", FieldType::ObjectList(RULE)).doc("Rules.")];
        let fields = [Field::computed("data", FieldType::ObjectList(ROW)).doc("Rows.")];
        assert_eq!(
            markdown(&schema("", &fields).attributes) + "\n",
            include_str!("golden/read_only_lists.md")
        );
    }
}
