//! The MongoDB-protocol server of a run: the one of all tests, or one of its own that can be stopped and started.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use bson::doc;
use mongodb::{Client, Database};
use tempfile::TempDir;

use super::program::Process;
use crate::services::MongoDatabase;

/// Names the program: a `mongod` or a `secantusd-rs`.
const PROGRAM: &str = "OPONN_MONGODB_SERVER";

pub enum Store {
    Shared(MongoDatabase),
    Own(Box<OwnStore>),
}

pub struct OwnStore {
    folder: TempDir,
    port: u16,
    process: tokio::sync::Mutex<Option<Process>>,
}

impl Store {
    pub async fn start(own: bool) -> Store {
        if !own {
            return Store::Shared(MongoDatabase::new());
        }
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let store = OwnStore { folder, port: free_port(), process: Default::default() };
        store.start().await;
        Store::Own(Box::new(store))
    }

    /// The URL of its database.
    pub fn url(&self) -> String {
        match self {
            Store::Shared(database) => database.url(),
            Store::Own(own) => own.url(),
        }
    }

    /// The database, past all servers.
    pub async fn database(&self) -> Database {
        let client = Client::with_uri_str(&self.url()).await.expect("the URL is right");
        client.default_database().expect("the URL names a database")
    }

    /// Stops it in order and starts it again, if it is not other tests' as well.
    pub async fn restart(&self) {
        if let Store::Own(own) = self {
            if let Some(process) = own.process.lock().await.take() {
                process.terminate().await;
            }
            own.start().await;
        }
    }
}

impl OwnStore {
    fn url(&self) -> String {
        format!("mongodb://127.0.0.1:{}/history?directConnection=true", self.port)
    }

    async fn start(&self) {
        let program = std::env::var(PROGRAM).unwrap_or_else(|_| {
            panic!(
                "{PROGRAM} names no program; `scripts/with-servers.sh` sets it, to a mongod or a secantusd-rs"
            )
        });
        let is_mongod = Path::new(&program).file_name().is_some_and(|name| name == "mongod");
        let (port, folder) = (self.port.to_string(), self.folder.path().display().to_string());
        let mut command = Command::new(&program);
        command.args(["--port", &port]);
        match is_mongod {
            true => command.args(["--bind_ip", "127.0.0.1", "--dbpath", &folder, "--replSet", "rs0"]),
            false => command.args(["--storage-path", &folder]),
        };
        *self.process.lock().await = Some(Process::start(command, |_| {}));
        let member = format!("127.0.0.1:{port}");
        let ready = async {
            let client = Client::with_uri_str(self.url()).await.expect("the URL is right");
            let admin = client.database("admin");
            if is_mongod {
                // Refused when it has been done.
                let set = doc! { "_id": "rs0", "members": [{ "_id": 0, "host": member }] };
                let _ = admin.run_command(doc! { "replSetInitiate": set }).await;
            }
            loop {
                let hello = admin.run_command(doc! { "hello": 1 }).await;
                if hello.is_ok_and(|hello| hello.get_bool("isWritablePrimary").unwrap_or(false)) {
                    return;
                }
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(Duration::from_secs(60), ready).await.expect("the store starts in time");
    }
}

/// A port on which nobody listens now.
pub fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port is free");
    listener.local_addr().expect("it has an address").port()
}
