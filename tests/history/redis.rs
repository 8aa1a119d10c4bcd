//! A process of Redis of a run, at a port of its own.

use super::store::free_port;
use crate::redis_server::Server;

pub struct Redis {
    server: Server,
    pub port: String,
}

impl Redis {
    /// Starts one with further options.
    pub async fn start(options: &[&str]) -> Redis {
        let port = free_port().to_string();
        let server = Server::start(&[&standard(&port), options].concat()).await;
        Redis { server, port }
    }

    /// Its host and port.
    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// Kills it and starts it again with further options, in the same folder.
    pub async fn restart(&mut self, options: &[&str]) {
        self.server.restart(&[&standard(&self.port), options].concat()).await;
    }

    /// Sends it one command, past all proxies.
    pub async fn command(&self, words: &[&str]) -> redis::Value {
        let mut command = redis::cmd(words[0]);
        for word in &words[1..] {
            command.arg(*word);
        }
        command.query_async(&mut self.server.raw().await).await.expect("Redis does as it is told")
    }

    /// A part of what it tells about itself.
    pub async fn info(&self, part: &str) -> String {
        redis::from_redis_value(self.command(&["INFO", part]).await).expect("a text")
    }
}

/// What all are started with.
fn standard(port: &str) -> Vec<&str> {
    let basics = ["--port", port, "--bind", "127.0.0.1", "--enable-debug-command", "yes"];
    [&basics[..], &["--repl-diskless-sync-delay", "0"]].concat()
}
