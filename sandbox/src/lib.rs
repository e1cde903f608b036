//! A Kubernetes API server and its controllers in one process.
//!
//! The cluster is a synchronous, single-threaded world that is told the time; a thin HTTP server
//! around it makes it the built-in environment `sandbox` and the server that tests drive.
#![warn(missing_docs)]

mod client;
mod controllers;
mod defaults;
mod go;
mod json_text;
mod managed_fields;
mod patch;
mod rbac;
mod schema;
mod selector;
mod status;
mod table;
mod validation;

pub mod admission;
pub mod api;
pub mod clock;
pub mod events;
pub mod faults;
pub mod kubelet;
pub mod object;
pub mod random;
pub mod semantic;
pub mod server;
pub mod store;
pub mod world;
