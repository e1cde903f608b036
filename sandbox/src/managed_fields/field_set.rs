//! A set of paths within an object, in the form of `FieldsV1`.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

/// A node of the tree of paths; its children's names start with `f:`, `k:`, or `v:`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct FieldSet {
    /// The path to this node is in the set itself, not just paths below it.
    pub(super) is_member: bool,
    pub(super) children: BTreeMap<String, FieldSet>,
}

impl FieldSet {
    /// Returns a node whose path is in the set.
    pub(super) fn member() -> Self {
        Self {
            is_member: true,
            children: BTreeMap::new(),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        !self.is_member && self.children.is_empty()
    }

    /// Adds a child that has anything in it.
    pub(super) fn insert(&mut self, name: String, child: FieldSet) {
        if !child.is_empty() {
            self.children.insert(name, child);
        }
    }

    pub(super) fn merge(&mut self, other: &FieldSet) {
        self.is_member |= other.is_member;
        for (name, child) in &other.children {
            self.children.entry(name.clone()).or_default().merge(child);
        }
    }

    /// Takes away the paths that are in `other`.
    pub(super) fn subtract(&mut self, other: &FieldSet) {
        self.is_member &= !other.is_member;
        for (name, gone) in &other.children {
            if let Some(child) = self.children.get_mut(name) {
                child.subtract(gone);
                if child.is_empty() {
                    self.children.remove(name);
                }
            }
        }
    }

    pub(super) fn read(value: &Value) -> Self {
        let mut root = Self::read_node(value);
        // Nothing below the root means nothing at all, not the root itself.
        root.is_member = false;
        root
    }

    fn read_node(value: &Value) -> Self {
        let members = value.as_object();
        let children: BTreeMap<String, FieldSet> = members
            .into_iter()
            .flatten()
            .filter(|(name, _)| *name != ".")
            .map(|(name, child)| (name.clone(), Self::read_node(child)))
            .collect();
        let is_member =
            children.is_empty() || members.is_some_and(|members| members.contains_key("."));
        Self {
            is_member,
            children,
        }
    }

    pub(super) fn to_value(&self) -> Value {
        let mut members = Map::new();
        if self.is_member && !self.children.is_empty() {
            members.insert(".".to_owned(), Value::Object(Map::new()));
        }
        for (name, child) in &self.children {
            members.insert(name.clone(), child.to_value());
        }
        Value::Object(members)
    }
}
