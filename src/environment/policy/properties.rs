//! No local file makes a policy looser.
