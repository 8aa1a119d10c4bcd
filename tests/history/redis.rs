//! A process of Redis of a run, at a port of its own.

use super::clock::Clock;
use super::store::free_port;
use crate::redis_server::Server;

pub struct Redis {
    server: Server,
    pub port: String,
    clock: Option<Clock>,
}

impl Redis {
    /// Starts one with further options, by this clock if there is one.
    pub async fn start(clock: Option<Clock>, options: &[&str]) -> Redis {
        let port = free_port().to_string();
        let environment = clock.as_ref().map(|clock| clock.environment()).unwrap_or_default();
        let server = Server::start_in(environment, &[&standard(&port), options].concat()).await;
        Redis { server, port, clock }
    }

    /// Starts another one, whose clock is so many milliseconds ahead, or behind, if this one has a clock of its own.
    pub async fn another(&self, off: i64, options: &[&str]) -> Redis {
        let clock = self.clock.as_ref().map(|_| Clock::new());
        clock.iter().for_each(|clock| clock.set(off));
        Redis::start(clock, options).await
    }

    /// Lets its clock be so many milliseconds ahead, or behind.
    pub async fn set_clock(&self, off: i64) {
        self.clock.as_ref().expect("the class has it started with a clock of its own").set(off);
        // Seconds and the rest.
        let time: (i64, i64) = redis::from_redis_value(self.command(&["TIME"]).await).expect("a time");
        let now = std::time::SystemTime::UNIX_EPOCH.elapsed().expect("the epoch is over").as_secs();
        let seen = time.0 - i64::try_from(now).expect("a time");
        assert!(seen.abs_diff(off / 1_000) < 30, "the clock of Redis is off by {seen} s and not by {off} ms");
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
