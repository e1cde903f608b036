//! Which objects a controller manages: those it owns and selects, those it adopts, less those it lets go.

use std::sync::Arc;

use serde_json::{Value, json};

use super::selector;
use crate::client::{Client, Refused};
use crate::object::{Key, Kind, Lookup, View, controller_of, metadata, uid};
use crate::store::{Objects, Scope};

/// A controller object that owns others of one kind.
pub(crate) struct Owner<'a> {
    pub(crate) kind: Kind,
    pub(crate) object: &'a Value,
    pub(crate) owned: Kind,
}

impl Owner<'_> {
    /// Returns the objects it manages, by name.
    ///
    /// Owned ones that it no longer selects are released; orphans that it selects are adopted, after a look at the
    /// store that it has not been deleted. Objects for which `is_wanted` does not hold are left alone.
    pub(crate) fn claim(
        &self,
        seen: &Objects,
        client: &mut Client<'_>,
        is_wanted: impl Fn(&Value) -> bool,
    ) -> Result<Vec<Arc<Value>>, Refused> {
        let view = View(self.object);
        let selector = self.object.at("/spec/selector");
        let is_selected =
            |object: &Value| selector::matches(selector, object.at("/metadata/labels"));
        let mut claimed = Vec::new();
        for object in seen.dependents(view.uid()) {
            if View(object).namespace() != view.namespace()
                || object.get("kind").and_then(Value::as_str) != Some(self.owned.kind())
                || controller_of(object) != Some(view.uid())
                || !is_wanted(object)
            {
                continue;
            }
            if is_selected(object) {
                claimed.push(Arc::clone(object));
            } else if !view.is_terminating() {
                self.release(object, client)?;
            }
        }
        if view.is_terminating() {
            return Ok(claimed);
        }
        for orphan in seen.orphans(self.owned, view.namespace()) {
            if !View(orphan).is_terminating() && is_wanted(orphan) && is_selected(orphan) {
                claimed.push(self.adopt(orphan, client)?);
            }
        }
        Ok(claimed)
    }

    /// Returns the reference by which an object names it as its controller.
    pub(crate) fn reference(&self) -> Value {
        json!({
            "apiVersion": self.kind.api_version(),
            "kind": self.kind.kind(),
            "name": View(self.object).name(),
            "uid": uid(self.object),
            "controller": true,
            "blockOwnerDeletion": true,
        })
    }

    fn adopt(&self, orphan: &Value, client: &mut Client<'_>) -> Result<Arc<Value>, Refused> {
        let key = Key::named_in(self.kind, self.object);
        let fresh = client.store.read(&key);
        if !fresh
            .is_some_and(|fresh| uid(fresh) == uid(self.object) && !View(fresh).is_terminating())
        {
            return Err(Refused::Store(crate::store::StoreError::NotFound(key)));
        }
        let mut adopted = orphan.clone();
        let mut references = View(orphan).list("/metadata/ownerReferences").to_vec();
        references.push(self.reference());
        metadata(&mut adopted).insert("ownerReferences".to_owned(), Value::from(references));
        client.replace(self.owned, adopted, Scope::Main)
    }

    fn release(&self, object: &Value, client: &mut Client<'_>) -> Result<(), Refused> {
        let mut released = object.clone();
        let mut references = View(object).list("/metadata/ownerReferences").to_vec();
        references.retain(|reference| {
            reference.get("uid").and_then(Value::as_str) != Some(uid(self.object))
        });
        let fields = metadata(&mut released);
        if references.is_empty() {
            fields.remove("ownerReferences");
        } else {
            fields.insert("ownerReferences".to_owned(), Value::from(references));
        }
        match client.replace(self.owned, released, Scope::Main) {
            Err(refused) if !refused.is_not_found() => Err(refused),
            Ok(_) | Err(_) => Ok(()),
        }
    }
}
