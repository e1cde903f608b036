//! An HTTP/1.1 client with nothing hidden: what it sends and gets is text and bytes.

use std::io;

use kube_sandbox::server::Server;
use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::DEADLINE;

pub(crate) struct Client {
    stream: BufReader<TcpStream>,
    token: Option<String>,
}

#[derive(Debug)]
pub(crate) struct Response {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Response {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(header, _)| header == name);
        found.map(|(_, value)| value.as_str())
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

impl Client {
    pub(crate) async fn connect(server: &Server, token: Option<&str>) -> Client {
        let stream = TcpStream::connect(server.address().unwrap()).await.unwrap();
        Client {
            stream: BufReader::new(stream),
            token: token.map(str::to_owned),
        }
    }

    pub(crate) async fn get(&mut self, path: &str) -> Response {
        self.exchange("GET", path, "", &[]).await.unwrap()
    }

    pub(crate) async fn send(&mut self, method: &str, path: &str, body: &Value) -> Response {
        self.try_send(method, path, body).await.unwrap()
    }

    pub(crate) async fn try_send(
        &mut self,
        method: &str,
        path: &str,
        body: &Value,
    ) -> io::Result<Response> {
        let media_type = if method == "PATCH" {
            "application/merge-patch+json"
        } else {
            "application/json"
        };
        self.exchange(method, path, media_type, body.to_string().as_bytes())
            .await
    }

    /// Sends a request and reads the whole answer.
    pub(crate) async fn exchange(
        &mut self,
        method: &str,
        path: &str,
        media_type: &str,
        body: &[u8],
    ) -> io::Result<Response> {
        self.request(method, path, media_type, body).await?;
        let mut response = self.head().await?;
        response.body = match response.header("content-length") {
            // The answer to HEAD has the length of what it does not send.
            _ if method == "HEAD" => Vec::new(),
            Some(length) => {
                let mut body = vec![0; length.parse().unwrap()];
                within(self.stream.read_exact(&mut body)).await?;
                body
            }
            None => {
                let mut body = Vec::new();
                while let Some(chunk) = self.chunk().await? {
                    body.extend(chunk);
                }
                body
            }
        };
        Ok(response)
    }

    /// Sends a request for a watch and reads the head of the answer.
    pub(crate) async fn watch(&mut self, path: &str) -> Response {
        self.request("GET", path, "", &[]).await.unwrap();
        self.head().await.unwrap()
    }

    /// Returns the next chunk of a watch, which is a line; `None` at its end.
    pub(crate) async fn chunk(&mut self) -> io::Result<Option<Vec<u8>>> {
        let size = self.line().await?;
        let size = usize::from_str_radix(size.trim(), 16).map_err(io::Error::other)?;
        let mut chunk = vec![0; size + 2];
        within(self.stream.read_exact(&mut chunk)).await?;
        chunk.truncate(size);
        Ok((size > 0).then_some(chunk))
    }

    /// Returns the next event of a watch as its type and the name of its object; `None` at its end.
    pub(crate) async fn event(&mut self) -> Option<(String, String)> {
        let line = self.chunk().await.unwrap()?;
        let event: Value = serde_json::from_slice(&line).unwrap();
        let name = event["object"]["metadata"]["name"].as_str().unwrap_or("");
        Some((event["type"].as_str().unwrap().to_owned(), name.to_owned()))
    }

    pub(crate) async fn request(
        &mut self,
        method: &str,
        path: &str,
        media_type: &str,
        body: &[u8],
    ) -> io::Result<()> {
        let mut head =
            format!("{method} {path} HTTP/1.1\r\nhost: sandbox\r\nuser-agent: raw/1\r\n");
        if let Some(token) = &self.token {
            head.push_str(&format!("authorization: Bearer {token}\r\n"));
        }
        if !media_type.is_empty() {
            head.push_str(&format!("content-type: {media_type}\r\n"));
        }
        head.push_str(&format!("content-length: {}\r\n\r\n", body.len()));
        self.stream.write_all(head.as_bytes()).await?;
        self.stream.write_all(body).await
    }

    pub(crate) async fn head(&mut self) -> io::Result<Response> {
        let status = self.line().await?;
        let status = status.split(' ').nth(1).and_then(|code| code.parse().ok());
        let mut headers = Vec::new();
        loop {
            let line = self.line().await?;
            match line.split_once(": ") {
                Some((name, value)) => headers.push((name.to_owned(), value.trim().to_owned())),
                None => break,
            }
        }
        let status = status.ok_or(io::ErrorKind::InvalidData)?;
        Ok(Response {
            status,
            headers,
            body: Vec::new(),
        })
    }

    async fn line(&mut self) -> io::Result<String> {
        let mut line = String::new();
        match within(self.stream.read_line(&mut line)).await? {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            _ => Ok(line),
        }
    }
}

async fn within<T>(work: impl Future<Output = io::Result<T>>) -> io::Result<T> {
    timeout(DEADLINE, work).await.expect("nothing came in time")
}
