//! Where the real servers are that the tests run on, and a place of its own in them for each test.
//!
//! `make test` starts the servers and names them in the environment. A test that finds no server fails.

use std::thread;

use bson::doc;

/// Names the Redis server.
const REDIS: &str = "OPONN_TEST_REDIS";
/// Names the server that speaks MongoDB's protocol.
const MONGODB: &str = "OPONN_TEST_MONGODB";

/// URL of the Redis server.
pub fn redis_url() -> String {
    server(REDIS, "redis://127.0.0.1:6379")
}

/// Host and port of the Redis server, for a proxy before it.
pub fn redis_address() -> String {
    redis_url().trim_start_matches("redis://").trim_end_matches('/').to_owned()
}

/// Host and port of the server that speaks MongoDB's protocol, for a proxy before it.
pub fn mongodb_address() -> String {
    let url = mongodb_url();
    url.split('/').nth(2).expect("a URL names a host").to_owned()
}

fn mongodb_url() -> String {
    server(MONGODB, "mongodb://127.0.0.1:27017/?directConnection=true")
}

/// A key prefix that no other test has.
pub fn redis_prefix() -> String {
    unique_name()
}

/// A MongoDB database that no other test has. It is dropped with this value.
pub struct MongoDatabase {
    server: String,
    name: String,
}

impl MongoDatabase {
    /// A database with nothing in it.
    pub fn new() -> MongoDatabase {
        MongoDatabase { server: mongodb_url(), name: unique_name() }
    }

    /// The URL of the database, as `--store` takes it.
    pub fn url(&self) -> String {
        let (address, options) = self.server.split_once('?').unwrap_or((&self.server, ""));
        let (scheme, hosts) = address.split_once("://").expect("a URL has a scheme");
        let hosts = hosts.split('/').next().unwrap_or_default();
        format!("{scheme}://{hosts}/{}?{options}", self.name)
    }
}

impl Drop for MongoDatabase {
    fn drop(&mut self) {
        let (url, name) = (self.url(), self.name.clone());
        // A thread of its own, because the runtime that the test runs on cannot be waited for here. A
        // database that stays behind harms nobody.
        let dropping = thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            runtime.block_on(async {
                let client = mongodb::Client::with_uri_str(&url).await?;
                client.database(&name).run_command(doc! { "dropDatabase": 1 }).await
            })?;
            Ok::<(), Box<dyn std::error::Error + Send + Sync>>(())
        });
        let _ = dropping.join();
    }
}

fn server(variable: &str, example: &str) -> String {
    std::env::var(variable).unwrap_or_else(|_| {
        panic!(
            "{variable} names no server. `make test` starts the servers that the tests need; to use \
             servers of your own, set it, for example to {example}"
        )
    })
}

fn unique_name() -> String {
    format!("oponn_test_{}", uuid::Uuid::new_v4().simple())
}
