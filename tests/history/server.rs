//! One oponn server of a run: its process, which comes and goes, and its own ways to Redis and to the store.

use std::sync::Mutex;

use oponn::probe::without::Mechanism;
use tempfile::TempDir;

use super::domain::{Kind, SDL, sdl_without};
use super::program::Process;
use crate::proxy::Proxy;

pub struct Server {
    folder: TempDir,
    /// Its way to Redis.
    pub redis: Proxy,
    /// Its way to the store.
    pub store: Proxy,
    without: Option<Mechanism>,
    /// A type that its schema file does not have.
    lacks: Option<Kind>,
    process: tokio::sync::Mutex<Option<Process>>,
    address: Mutex<Option<String>>,
}

impl Server {
    /// A server that has not been started; `redis` is a host and a port, `store` a URL.
    pub async fn new(redis: &str, store: &str, without: Option<Mechanism>, lacks: Option<Kind>) -> Server {
        let host = store.split('/').nth(2).expect("a URL names a host");
        let (redis, proxy) = (Proxy::start(redis).await, Proxy::start(host).await);
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let settings = format!(
            "deployment = 'history'\nschema = 'schema.graphql'\ncache = 'redis://{}'\nstore = '{}'\n",
            redis.address(),
            store.replace(host, proxy.address()),
        );
        let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text);
        write("oponn.toml", &settings).expect("the file can be written");
        let schema = lacks.map_or(SDL.to_owned(), sdl_without);
        write("schema.graphql", &schema).expect("the file can be written");
        Server {
            folder,
            redis,
            store: proxy,
            without,
            lacks,
            process: Default::default(),
            address: Mutex::default(),
        }
    }

    pub async fn start(&self) {
        let mut process = self.process.lock().await;
        let (started, address) = Process::serve(self.folder.path(), self.without).await;
        *process = Some(started);
        *self.address.lock().expect("nobody panics while holding it") = Some(address);
    }

    /// Where it can be asked; `None` while it is not running.
    pub fn address(&self) -> Option<String> {
        self.address.lock().expect("nobody panics while holding it").clone()
    }

    /// Whether it has all of these types.
    pub fn has(&self, kinds: &[Kind]) -> bool {
        self.lacks.is_none_or(|lacks| !kinds.contains(&lacks))
    }

    /// Kills it while it is being asked.
    pub async fn kill(&self) {
        if let Some(process) = self.process.lock().await.take() {
            process.kill().await;
        }
        self.is_gone();
    }

    /// Stops it in order; from the signal on nobody asks it any more.
    pub async fn terminate(&self) {
        self.is_gone();
        if let Some(process) = self.process.lock().await.take() {
            process.terminate().await;
        }
    }

    fn is_gone(&self) {
        *self.address.lock().expect("nobody panics while holding it") = None;
    }

    pub async fn signal(&self, name: &str) {
        if let Some(process) = self.process.lock().await.as_ref() {
            process.signal(name);
        }
    }
}
