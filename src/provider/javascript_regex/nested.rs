//! Nested quantifiers, which the API refuses. Its exact rule is not public: what is found here is
//! what it refuses at least.

use super::syntax::{Node, Syntax};

/// Why a pattern counts as one with nested quantifiers: a clause without a final dot.
pub(super) fn find(syntax: &Syntax) -> Option<&'static str> {
    find_in(&syntax.root, false)
}

fn find_in(node: &Node, is_repeated: bool) -> Option<&'static str> {
    match node {
        Node::Empty | Node::Character(_) | Node::Set(_) | Node::Assertion(_) => None,
        Node::Sequence(nodes) | Node::Alternation(nodes) => {
            nodes.iter().find_map(|node| find_in(node, is_repeated))
        }
        Node::Repeat { node, bounds, .. } if bounds.max.is_some() => find_in(node, is_repeated),
        Node::Repeat { .. } if is_repeated => Some(
            "a group that repeats without limit holds something that repeats without limit, as in \
             `(a+)+`",
        ),
        Node::Repeat { node, .. } if begins_with_another(node) => Some(
            "a group that repeats without limit has alternatives of which one begins with another, \
             as in `(a|ab)*`",
        ),
        Node::Repeat { node, .. } => find_in(node, true),
    }
}

/// Whether one of the alternatives begins with another. In their order, the one that directly follows
/// another begins with it, if any does.
fn begins_with_another(node: &Node) -> bool {
    let mut alternatives = Vec::new();
    add_alternatives(node, &mut alternatives);
    alternatives.sort_unstable();
    alternatives.windows(2).any(|pair| pair[1].starts_with(&pair[0]))
}

/// The alternatives, each as its terms, whatever groups there are.
fn add_alternatives<'a>(node: &'a Node, alternatives: &mut Vec<Vec<&'a Node>>) {
    if let Node::Alternation(nodes) = node {
        for node in nodes {
            add_alternatives(node, alternatives);
        }
        return;
    }
    let mut terms = Vec::new();
    add_terms(node, &mut terms);
    alternatives.push(terms);
}

fn add_terms<'a>(node: &'a Node, terms: &mut Vec<&'a Node>) {
    match node {
        Node::Empty => {}
        Node::Sequence(nodes) => {
            for node in nodes {
                add_terms(node, terms);
            }
        }
        term => terms.push(term),
    }
}
