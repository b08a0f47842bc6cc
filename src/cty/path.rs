//! Where something is inside a value: attribute names, map keys, list indices.

use std::fmt;

/// The way from the root of a value to a part of it. The empty path is the value itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Path(Vec<Step>);

/// One step down, of the kinds of Terraform's `AttributePath`. Elements of sets have no step.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Step {
    /// Into an attribute of an object, or a nested block.
    Attribute(String),
    /// Into an element of a map.
    Key(String),
    /// Into an element of a list or tuple, counted from zero.
    Index(i64),
}

impl Path {
    /// The empty path.
    pub const fn root() -> Self {
        Self(Vec::new())
    }

    /// The path of one attribute of the root.
    pub fn attribute(name: impl Into<String>) -> Self {
        Self(vec![Step::Attribute(name.into())])
    }

    /// The attribute `name` of the object at this path.
    #[must_use]
    pub fn child_attribute(&self, name: impl Into<String>) -> Self {
        self.child(Step::Attribute(name.into()))
    }

    /// The element `index`, from zero, of the list or tuple at this path.
    #[must_use]
    pub fn child_index(&self, index: usize) -> Self {
        self.child(Step::index(index))
    }

    fn child(&self, step: Step) -> Self {
        let mut steps = self.0.clone();
        steps.push(step);
        Self(steps)
    }

    /// The steps from the root.
    pub fn steps(&self) -> &[Step] {
        &self.0
    }

    /// Whether this is the empty path.
    pub(super) fn is_root(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn remove_first(&mut self) {
        self.0.drain(..self.0.len().min(1));
    }

    pub(super) fn prepend(&mut self, step: Step) {
        self.0.insert(0, step);
    }
}

impl Step {
    pub(super) fn index(index: usize) -> Self {
        Self::Index(i64::try_from(index).unwrap_or(i64::MAX))
    }
}

/// As one would write it in a configuration: `content_filters[0].action`, `labels["a"]`.
impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, step) in self.0.iter().enumerate() {
            match step {
                Step::Attribute(name) if position == 0 => f.write_str(name)?,
                Step::Attribute(name) => write!(f, ".{name}")?,
                Step::Key(key) => write!(f, "[{}]", serde_json::Value::from(key.as_str()))?,
                Step::Index(index) => write!(f, "[{index}]")?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_like_a_configuration() {
        let path = Path::attribute("content_filters").child_index(0).child_attribute("action");
        assert_eq!(path.to_string(), "content_filters[0].action");
        let key = Path(vec![Step::Attribute("m".to_owned()), Step::Key("k\"\n".to_owned())]);
        assert_eq!(key.to_string(), "m[\"k\\\"\\n\"]");
        assert_eq!(Path::root().child_index(3).to_string(), "[3]");
        assert_eq!(Path::root().to_string(), "");
    }
}
