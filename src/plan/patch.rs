//! The one PATCH of a Deployment as data: JSON Patch operations and their bytes.
//!
//! All `test`s come first. They hold what the plan was made from, and nothing that an HPA or the
//! controller moves, so that a refusal means that somebody changed what this plan is about.

use serde_json::{Map, Value, json};

/// The write of one Deployment. Its preview sends the very same bytes with `dryRun=All`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Patch {
    pub(crate) deployment: String,
    /// JSON Patch (RFC 6902), `test`s first.
    pub(crate) operations: Vec<Operation>,
}

/// One operation, by the rules of the API server, which differ from the RFC's where noted.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Operation {
    /// Holds if the value is there; `null` also holds where the member is absent.
    Test { path: Pointer, value: Value },
    /// Sets the member, absent or not, of an object that is there.
    Add { path: Pointer, value: Value },
    /// Sets the member, absent or not, of an object that is there.
    Replace { path: Pointer, value: Value },
}

/// Where in an object a value stands (RFC 6901).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Pointer(Vec<String>);

impl Pointer {
    /// Takes apart a pointer of our own making.
    pub(crate) fn of(text: &str) -> Self {
        let steps = text.split('/').skip(1);
        Self(
            steps
                .map(|step| step.replace("~1", "/").replace("~0", "~"))
                .collect(),
        )
    }

    /// Returns the pointer to a member; the key may hold any text.
    #[must_use]
    pub(crate) fn member(mut self, key: &str) -> Self {
        self.0.push(key.to_owned());
        self
    }

    fn find<'v>(&self, object: &'v Value) -> Option<&'v Value> {
        self.0.iter().try_fold(object, |value, step| match value {
            Value::Object(map) => map.get(step),
            Value::Array(items) => items.get(step.parse::<usize>().ok()?),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
        })
    }
}

impl std::fmt::Display for Pointer {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for step in &self.0 {
            write!(formatter, "/{}", step.replace('~', "~0").replace('/', "~1"))?;
        }
        Ok(())
    }
}

impl Operation {
    fn as_json(&self) -> Value {
        let (name, path, value) = match self {
            Self::Test { path, value } => ("test", path, Some(value)),
            Self::Add { path, value } => ("add", path, Some(value)),
            Self::Replace { path, value } => ("replace", path, Some(value)),
        };
        let mut object = Map::new();
        object.insert("op".to_owned(), name.into());
        object.insert("path".to_owned(), path.to_string().into());
        if let Some(value) = value {
            object.insert("value".to_owned(), value.clone());
        }
        Value::Object(object)
    }
}

/// What keeps a patch from being applied.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub(crate) enum Mismatch {
    /// The object holds something else than the plan was made from.
    #[error("{path} is not what it was")]
    Moved {
        path: Pointer,
        expected: Value,
        /// `None` when it is absent.
        found: Option<Value>,
    },
    /// There is nothing to write to.
    #[error("{path} is not there")]
    Absent { path: Pointer },
}

impl Patch {
    /// Returns the bytes of the request.
    pub(crate) fn body(&self) -> Vec<u8> {
        let operations = self.operations.iter().map(Operation::as_json).collect();
        as_go_writes(&Value::Array(operations)).into_bytes()
    }

    /// Returns the tests that do not hold for the object as it is now: what moved since the plan.
    pub(crate) fn moved(&self, object: &Value) -> Vec<Mismatch> {
        self.operations
            .iter()
            .filter_map(|operation| match operation {
                Operation::Test { path, value } => test(object, path, value).err(),
                Operation::Add { .. } | Operation::Replace { .. } => None,
            })
            .collect()
    }

    /// Applies the patch here, where the API server may or can not preview it.
    ///
    /// Weaker than the server's answer: nothing is validated or defaulted, and no webhook has its
    /// say.
    pub(crate) fn apply_locally(&self, object: &Value) -> Result<Value, Mismatch> {
        let mut object = object.clone();
        for operation in &self.operations {
            match operation {
                Operation::Test { path, value } => test(&object, path, value)?,
                Operation::Add { path, value } | Operation::Replace { path, value } => {
                    set(&mut object, path, value)?;
                }
            }
        }
        Ok(object)
    }
}

fn test(object: &Value, path: &Pointer, expected: &Value) -> Result<(), Mismatch> {
    let found = path.find(object);
    match found.unwrap_or(&Value::Null) == expected {
        true => Ok(()),
        false => Err(Mismatch::Moved {
            path: path.clone(),
            expected: expected.clone(),
            found: found.cloned(),
        }),
    }
}

fn set(object: &mut Value, path: &Pointer, value: &Value) -> Result<(), Mismatch> {
    let (map, key) = parent(object, path)?;
    map.insert(key.to_owned(), value.clone());
    Ok(())
}

/// Returns the object that has the member at the path, and the member's key.
fn parent<'v, 'p>(
    object: &'v mut Value,
    path: &'p Pointer,
) -> Result<(&'v mut Map<String, Value>, &'p str), Mismatch> {
    let absent = || Mismatch::Absent { path: path.clone() };
    let (key, steps) = path.0.split_last().ok_or_else(absent)?;
    steps
        .iter()
        .try_fold(object, |value, step| match value {
            Value::Object(map) => map.get_mut(step),
            Value::Array(items) => items.get_mut(step.parse::<usize>().ok()?),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
        })
        .and_then(Value::as_object_mut)
        .map(|map| (map, key.as_str()))
        .ok_or_else(absent)
}

/// Builds a patch of one object: what it was is tested, and what it shall be is written.
#[derive(Clone, Debug)]
pub(crate) struct Builder<'a> {
    object: &'a Value,
    tests: Vec<Operation>,
    writes: Vec<Operation>,
}

impl<'a> Builder<'a> {
    pub(crate) fn new(object: &'a Value) -> Self {
        Self {
            object,
            tests: Vec::new(),
            writes: Vec::new(),
        }
    }

    /// Refuses the write unless the value at the path is still what it is in the object.
    pub(crate) fn test(&mut self, path: Pointer) {
        let value = path.find(self.object).cloned().unwrap_or(Value::Null);
        let operation = Operation::Test { path, value };
        if !self.tests.contains(&operation) {
            self.tests.push(operation);
        }
    }

    /// Replaces a value, which is tested, and which may be absent.
    pub(crate) fn replace(&mut self, path: Pointer, value: Value) {
        let is_there = path.find(self.object).is_some();
        self.test(path.clone());
        self.writes.push(if is_there {
            Operation::Replace { path, value }
        } else {
            Operation::Add { path, value }
        });
    }

    /// Sets annotations whatever they are; `tested` is the key of the one that must be as it was.
    ///
    /// The map is made only where there is none, and then its absence is tested: to add it as a
    /// whole would drop whatever was put into one made meanwhile.
    pub(crate) fn annotate(&mut self, annotations: Vec<(String, String)>, tested: &str) {
        let map = Pointer::of("/metadata/annotations");
        if map.find(self.object).is_some_and(Value::is_object) {
            self.test(map.clone().member(tested));
        } else {
            self.test(map.clone());
            self.writes.push(Operation::Add {
                path: map.clone(),
                value: json!({}),
            });
        }
        for (key, value) in annotations {
            self.writes.push(Operation::Add {
                path: map.clone().member(&key),
                value: value.into(),
            });
        }
    }

    pub(crate) fn build(self, deployment: &str) -> Patch {
        Patch {
            deployment: deployment.to_owned(),
            operations: self.tests.into_iter().chain(self.writes).collect(),
        }
    }
}

/// Writes JSON as Go's encoder does.
///
/// The API server compares a `test`'s value with its own encoding of the object byte by byte:
/// `<` as it stands never equals `\u003c`, and the write would be refused for ever.
fn as_go_writes(value: &Value) -> String {
    let plain = value.to_string();
    let mut text = String::with_capacity(plain.len());
    // These occur inside strings only, so that no parsing is needed.
    for character in plain.chars() {
        match character {
            '<' => text.push_str("\\u003c"),
            '>' => text.push_str("\\u003e"),
            '&' => text.push_str("\\u0026"),
            '\u{2028}' => text.push_str("\\u2028"),
            '\u{2029}' => text.push_str("\\u2029"),
            _ => text.push(character),
        }
    }
    text
}

#[cfg(test)]
#[path = "patch_tests.rs"]
mod tests;
