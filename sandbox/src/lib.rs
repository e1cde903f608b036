//! A Kubernetes API server and its controllers in one process.
//!
//! The cluster is a synchronous, single-threaded world that is told the time; a thin HTTP server
//! around it makes it the built-in environment `sandbox` and the server that tests drive.
