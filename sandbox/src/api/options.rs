//! The parameters of a query, parsed and checked as the API server's options objects are.

use serde_json::json;

use super::Request;
use crate::object::Kind;
use crate::selector::{FieldSelector, LabelSelector, Selector};
use crate::status::{Fault, Status};

/// A request's parameters.
#[derive(Clone, Copy)]
pub(super) struct Query<'a>(pub(super) &'a Request);

/// What becomes of fields that a type does not have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FieldValidation {
    Ignore,
    Warn,
    Strict,
}

/// How a write is to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct WriteOptions {
    pub(super) is_dry_run: bool,
    pub(super) validation: FieldValidation,
    pub(super) manager: String,
}

/// Which state a list or watch is to show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Version {
    /// The newest.
    Newest,
    /// Any; a server may answer from its cache.
    Any,
    /// This one or a newer one.
    NotOlderThan(u64),
    /// Exactly this one.
    Exact(u64),
}

impl<'a> Query<'a> {
    pub(super) fn text(self, name: &str) -> &'a str {
        self.0.parameter(name).unwrap_or("")
    }

    /// Returns whether a flag is set, to whatever but a denial.
    pub(super) fn flag(self, name: &str) -> bool {
        self.0
            .parameter(name)
            .is_some_and(|value| !matches!(value, "false" | "0" | "f" | "F" | "False" | "FALSE"))
    }

    pub(super) fn number(self, name: &str) -> Result<Option<i64>, Status> {
        match self.text(name) {
            "" => Ok(None),
            text => text.parse().map(Some).map_err(|_| {
                Status::bad_request(format!(
                    "strconv.ParseInt: parsing {}: invalid syntax",
                    crate::go::quoted(text)
                ))
            }),
        }
    }

    pub(super) fn selector(self, kind: Kind) -> Result<Selector, Status> {
        let labels = LabelSelector::parse(self.text("labelSelector"))
            .map_err(|error| Status::bad_request(error.to_string()))?;
        let fields =
            FieldSelector::parse(kind, self.text("fieldSelector")).map_err(Status::bad_request)?;
        Ok(Selector { labels, fields })
    }

    /// Reads and checks which state a list is to show.
    pub(super) fn list_version(self) -> Result<Version, Status> {
        const FIELD: &str = "resourceVersionMatch";
        let (version, wanted) = (self.text("resourceVersion"), self.text(FIELD));
        if self.0.parameter("sendInitialEvents").is_some() {
            let why = "sendInitialEvents is forbidden for list";
            return Err(list_fault(Fault::forbidden("sendInitialEvents", why)));
        }
        if !wanted.is_empty() {
            let forbidden = |why: &str| Err(list_fault(Fault::forbidden(FIELD, why)));
            if version.is_empty() {
                return forbidden(
                    "resourceVersionMatch is forbidden unless resourceVersion is provided",
                );
            }
            if !self.text("continue").is_empty() {
                return forbidden("resourceVersionMatch is forbidden when continue is provided");
            }
            if wanted == "Exact" && version == "0" {
                return forbidden(
                    "resourceVersionMatch \"Exact\" is forbidden for resourceVersion \"0\"",
                );
            }
        }
        let is_paged = self.number("limit")?.is_some_and(|limit| limit > 0);
        match (version, wanted) {
            ("", _) => Ok(Version::Newest),
            ("0", _) => Ok(Version::Any),
            (text, "Exact") => parse_version(text).map(Version::Exact),
            // Without a word about it, a page is cut out of exactly that state.
            (text, "") if is_paged => parse_version(text).map(Version::Exact),
            (text, "" | "NotOlderThan") => parse_version(text).map(Version::NotOlderThan),
            (_, other) => {
                let supported = ["Exact", "NotOlderThan"];
                Err(list_fault(Fault::not_supported(
                    FIELD,
                    &json!(other),
                    &supported,
                )))
            }
        }
    }

    /// Checks that a watch asks for its initial events as it should.
    pub(super) fn check_watch(self) -> Result<(), Status> {
        const FIELD: &str = "resourceVersionMatch";
        let wanted = self.text(FIELD);
        let forbidden = |why: &str| Err(list_fault(Fault::forbidden(FIELD, why)));
        match self.0.parameter("sendInitialEvents") {
            None if !wanted.is_empty() => forbidden(
                "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided",
            ),
            Some(_) if wanted != "NotOlderThan" => {
                forbidden("sendInitialEvents requires setting resourceVersionMatch to NotOlderThan")
            }
            Some(_) | None => Ok(()),
        }
    }

    /// Reads how a write is to be done; `options` is the kind of object that upstream reads them into.
    pub(super) fn write(self, options: &str) -> Result<WriteOptions, Status> {
        let fault = |fault| Status::invalid("meta.k8s.io", options, "", &[fault]);
        let is_dry_run = self.dry_run(options)?;
        let validation = match self.text("fieldValidation") {
            "Ignore" => FieldValidation::Ignore,
            "" | "Warn" => FieldValidation::Warn,
            "Strict" => FieldValidation::Strict,
            other => {
                let supported = ["Ignore", "Strict", "Warn"];
                let other = json!(other);
                return Err(fault(Fault::not_supported(
                    "fieldValidation",
                    &other,
                    &supported,
                )));
            }
        };
        let manager = match self.text("fieldManager") {
            "" => {
                let agent = self.0.header("user-agent");
                agent
                    .split('/')
                    .next()
                    .filter(|name| !name.is_empty())
                    .unwrap_or("unknown")
            }
            name => name,
        };
        if manager.len() > 128 {
            return Err(fault(Fault::too_long("fieldManager", 128)));
        }
        Ok(WriteOptions {
            is_dry_run,
            validation,
            manager: manager.to_owned(),
        })
    }

    /// Reads `dryRun`, which is `All` or nothing.
    pub(super) fn dry_run(self, options: &str) -> Result<bool, Status> {
        let given: Vec<&str> = self
            .0
            .query
            .iter()
            .filter(|(name, _)| name == "dryRun")
            .map(|(_, value)| value.as_str())
            .collect();
        if given.iter().all(|value| *value == "All") {
            return Ok(!given.is_empty());
        }
        let fault = Fault::not_supported("dryRun", &json!(given), &["All"]);
        Err(Status::invalid("meta.k8s.io", options, "", &[fault]))
    }
}

fn list_fault(fault: Fault) -> Status {
    Status::invalid("meta.k8s.io", "ListOptions", "", &[fault])
}

/// Reads a resource version; what is no number is a fault of the server to the letter, a 500.
pub(super) fn parse_version(text: &str) -> Result<u64, Status> {
    text.parse().map_err(|_| {
        let text = crate::go::quoted(text);
        Status::unclassified(format!(
            "resourceVersion: Invalid value: {text}: strconv.ParseUint: parsing {text}: invalid syntax"
        ))
    })
}
