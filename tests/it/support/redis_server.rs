//! A Redis server of one test: to kill it, to fill it up, or to be alone on it.

use std::process::{Child, Command, Stdio};
use std::time::Duration;

use redis::AsyncConnectionConfig;
use redis::aio::MultiplexedConnection;

/// A Redis of one test, on a socket file, so that no port can be taken. It is killed with this value.
pub struct Server {
    folder: tempfile::TempDir,
    process: Child,
    environment: Vec<(&'static str, String)>,
}

impl Server {
    /// Starts one with these options.
    pub async fn start(options: &[&str]) -> Server {
        Server::start_in(Vec::new(), options).await
    }

    /// Starts one with these options, and these variables in its environment.
    pub async fn start_in(environment: Vec<(&'static str, String)>, options: &[&str]) -> Server {
        let folder = tempfile::tempdir().unwrap();
        let process = Server::spawn(&folder, &environment, options);
        let server = Server { folder, process, environment };
        server.ready().await;
        server
    }

    fn spawn(folder: &tempfile::TempDir, environment: &[(&str, String)], options: &[&str]) -> Child {
        let folder = folder.path().to_str().expect("the folder's name is plain");
        Command::new("redis-server")
            .args(["--port", "0", "--unixsocket", &format!("{folder}/socket"), "--dir", folder, "--save", ""])
            .args(options)
            .envs(environment.iter().map(|(name, value)| (name, value)))
            .stdout(Stdio::null())
            .spawn()
            .expect("redis-server is installed: `apt-get install redis-server`")
    }

    /// Kills it and starts it again in the same folder.
    pub async fn restart(&mut self, options: &[&str]) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
        let _ = std::fs::remove_file(self.folder.path().join("socket"));
        self.process = Server::spawn(&self.folder, &self.environment, options);
        self.ready().await;
    }

    /// Its URL.
    pub fn url(&self) -> String {
        format!("redis+unix://{}/socket", self.folder.path().display())
    }

    /// A connection to it.
    pub async fn raw(&self) -> MultiplexedConnection {
        connected(&self.url()).await
    }

    /// Removes everything in it.
    pub async fn flush(&self) {
        let _: () = redis::cmd("FLUSHALL").query_async(&mut self.raw().await).await.expect("the server runs");
    }

    /// Waits until it answers.
    async fn ready(&self) {
        let answers = async {
            loop {
                if let Ok(client) = redis::Client::open(self.url())
                    && let Ok(mut connection) = client.get_multiplexed_async_connection().await
                    && redis::cmd("PING").query_async::<String>(&mut connection).await.is_ok()
                {
                    return;
                }
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(Duration::from_secs(30), answers).await.expect("redis-server starts in time");
    }
}

/// A connection to a Redis, as other programs have it. It waits for an answer as long as that takes.
pub async fn connected(url: &str) -> MultiplexedConnection {
    let client = redis::Client::open(url).expect("the URL is right");
    let config = AsyncConnectionConfig::new().set_response_timeout(None).set_connection_timeout(None);
    client.get_multiplexed_async_connection_with_config(&config).await.expect("the server runs")
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
