//! Everything that a watch tells about one kind of object in a namespace, in order, for tests of what happened between.

use std::sync::{Arc, Mutex};

use futures::io::AsyncBufReadExt;
use futures::{StreamExt, pin_mut};
use http::Request;
use serde_json::Value;
use tokio::task::JoinHandle;

use crate::client::Client;

/// A watch in progress. Dropping it ends it.
pub(crate) struct Recording {
    told: Arc<Mutex<Vec<Value>>>,
    task: JoinHandle<()>,
}

impl Recording {
    /// Begins with what happens after this call.
    pub(crate) fn start(client: &Client, collection: &str) -> Self {
        let list = client.get(collection).accepted();
        let version = list["metadata"]["resourceVersion"]
            .as_str()
            .expect("a list has a version")
            .to_owned();
        let path = format!("{collection}?watch=true&resourceVersion={version}");
        let connection = client.connection();
        let told = Arc::new(Mutex::new(Vec::new()));
        let heard = Arc::clone(&told);
        let task = client.runtime().spawn(async move {
            let request = Request::get(path).body(Vec::new()).expect("a valid path");
            let stream = connection.request_stream(request).await.expect("a watch");
            let lines = stream.lines();
            pin_mut!(lines);
            while let Some(Ok(line)) = lines.next().await {
                heard
                    .lock()
                    .unwrap()
                    .push(serde_json::from_str(&line).expect("a watch event"));
            }
        });
        Self { told, task }
    }

    /// Returns the watch events (`type`, `object`) so far.
    pub(crate) fn events(&self) -> Vec<Value> {
        self.told.lock().unwrap().clone()
    }
}

impl Drop for Recording {
    fn drop(&mut self) {
        self.task.abort();
    }
}
