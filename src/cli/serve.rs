//! `oponn serve`: serves the API over HTTP until the program is told to stop.

use std::io::IsTerminal;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::net::TcpListener;

use super::failure::Failure;
use super::stop::Stop;
use super::{files, identity, import, output, parts, saved, schema_file, sinks};
use crate::cache::Cache;
use crate::config::{CacheAddress, Config, TlsSettings, mask};
use crate::engine::{Engine, Tasks};
use crate::events::Relay;
use crate::graphql::Api;
use crate::server::{self, Listeners, Server, ServerOptions, Tls, TlsFiles, sample_query};

/// How often expired entries are removed from the cache's index.
const BETWEEN_SWEEPS: Duration = Duration::from_secs(60);
/// How long shutdown waits for background tasks: each ends at its next await.
const BACKGROUND_WAIT: Duration = Duration::from_secs(1);
/// How long shutdown waits for writes under way, and for a cache that is out of reach.
const LAST_WAIT: Duration = Duration::from_secs(5);
/// How long a server waits at its start for a cache that may be read.
const FIRST_VOUCHER: Duration = Duration::from_secs(1);
const BETWEEN_LOOKS: Duration = Duration::from_millis(100);

pub(super) async fn run(config: Config, started: Instant) -> Result<(), Failure> {
    let stop = Stop::listen()?;
    // Stopping the program must not have to wait for a store that does not answer.
    let background = Tasks::default();
    let started = tokio::select! {
        started = start(&config, started, &background) => started?,
        () = stop.told() => return Ok(()),
    };
    let (listeners, server, engine, relay) = started;
    if let Some(tls) = listeners.tls.clone() {
        background.spawn_until_end(tls.follow());
    }
    background.spawn_until_end(sweep(engine.cache().clone()));
    background.spawn_until_end(engine.clone().remove_expired());
    // Servers with another cache may share the store: each would take the writes of the others for foreign ones.
    if config.cache == CacheAddress::Memory && !engine.is_followed() {
        background.spawn_until_end(engine.clone().follow_foreign_writes());
    }

    if let Some(relay) = relay.clone() {
        background.spawn_until_end(async move { relay.run().await });
    }

    // The order of shutdown, in which each step needs what the later ones take away:
    // 1. no further connection is accepted;
    // 2. requests in flight finish; those that exceed the grace are cut off;
    // 3. background tasks end: they read and write the cache as requests do;
    // 4. writes that have begun reach the cache;
    // 5. another server takes the turn to deliver events, and the lead; where the store has no record of changes from which it could learn of what
    //    did not reach the cache, the cache is cleared, or the log asks the operator to clear it;
    // 6. the store is closed, when the last part that holds it is dropped;
    // 7. the caller of this function sends the traces of all this.
    let finished = server::serve(listeners, server, async {
        stop.told().await;
        tracing::info!("stopping: requests in flight may finish");
    })
    .await;
    match finished {
        true => tracing::info!("stopped"),
        false => tracing::warn!("stopped; requests that took too long were cut off"),
    }
    if tokio::time::timeout(BACKGROUND_WAIT, background.end()).await.is_err() {
        tracing::warn!("background tasks that took too long were left behind");
    }
    leave_settled(&engine).await;
    if let Some(relay) = relay {
        let _ = tokio::time::timeout(LAST_WAIT, relay.resign()).await;
    }
    match engine.is_followed() {
        true => drop(tokio::time::timeout(LAST_WAIT, engine.resign()).await),
        false => leave_clear(engine.cache().as_ref()).await,
    }
    Ok(())
}

/// Writes go on when their clients have gone, and must reach the cache. Other servers cannot know the outcome of
/// writes that take too long.
async fn leave_settled(engine: &Engine) {
    if tokio::time::timeout(LAST_WAIT, engine.end()).await.is_err() {
        tracing::warn!("some writes have not come to their end");
        if !engine.is_followed() {
            // If the cache is out of reach, the next step reports it.
            let _ = engine.cache().clear().await;
        }
    }
}

/// A cache that is out of reach has not heard of the last writes: shutdown waits a while for it to come back and be
/// cleared, as other servers would go on serving stale data.
async fn leave_clear(cache: &dyn Cache) {
    let clear = async {
        while cache.ping().await.is_err() {
            tokio::time::sleep(BETWEEN_LOOKS).await;
        }
    };
    if tokio::time::timeout(LAST_WAIT, clear).await.is_err() {
        tracing::error!("the cache is out of reach; run `oponn cache clear` as soon as it is back");
    }
}

/// The cache is read from the first request on if its tailer is quick; else the store answers until it is there.
async fn follow(engine: &Arc<Engine>, background: &Tasks) {
    let following = engine.clone();
    background.spawn_until_end(async move { following.follow().await });
    let vouched = async {
        while !engine.vouched().await {
            tokio::time::sleep(BETWEEN_LOOKS / 10).await;
        }
    };
    if tokio::time::timeout(FIRST_VOUCHER, vouched).await.is_err() {
        tracing::info!("the store answers reads until the tailer has vouched for the cache");
    }
}

async fn start(
    config: &Config,
    started: Instant,
    background: &Tasks,
) -> Result<(Listeners, Server, Arc<Engine>, Option<Arc<Relay>>), Failure> {
    let model = schema_file::model(config)?;
    let sinks = sinks::made(config, &model)?;
    let saved::Ready { operations, saved, routes } =
        saved::Found::new(config, &config.schema, &model)?.ready(config)?;
    let listeners = listen(config).await?;
    identity::check_network(config, &listeners.public)?;
    let metrics = Arc::default();
    let auth = identity::authenticator(config, &metrics)?;
    let store = parts::store(config, &model).await?;
    let (cache, tally) = parts::cache_and_tally(config, &metrics).await?;
    let quota = parts::quota(config, tally, &metrics);
    let engine = parts::engine(config, model.clone(), &store, cache, metrics).await;
    if let Some(path) = &store.fresh {
        let marker = parts::importing(path);
        let unwritable =
            |error| Failure::Failed(format!("store: {} cannot be written: {error}", marker.display()));
        std::fs::write(&marker, "").map_err(unwritable)?;
        import::first_import(config, &engine).await?;
        std::fs::remove_file(&marker).map_err(unwritable)?;
    }
    let api = Api::with_saved(engine.clone(), parts::api_limits(config), saved)
        .map_err(|error| Failure::Failed(format!("schema: no API can be made of it: {error}")))?;
    if config.allow_cache_override {
        tracing::warn!(
            "requests may choose how they use the cache; `ttl` leaves stale answers for everybody"
        );
    }
    follow(&engine, background).await;
    let relay = sinks::relay(config, sinks, &engine);
    let mut options = parts::server_options(config);
    files::make_room(&mut options);
    (options.auth, options.quota) = (auth, quota);
    (options.saved, options.routes) = (operations, routes);
    tell_operations(&options);
    let only_saved = options.only_saved;
    let server = Server::new(Arc::new(api), options);

    identity::tell(config, &listeners.public);
    identity::tell_rules(config, &model);
    let address = place(&listeners.public, &config.listen);
    let admin = listeners.admin.as_ref().zip(config.admin_listen.as_ref()).map(|(at, set)| place(at, set));
    let took = started.elapsed();
    match std::io::stdout().is_terminal() {
        true => {
            let query = (!only_saved).then(|| sample_query(&model));
            output::print(&welcome(&address, listeners.tls.is_some(), took, query.as_deref()))?;
        }
        false => tracing::info!(address, admin, cache = %config.cache, ?took, "ready"),
    }
    Ok((listeners, server, engine, relay))
}

async fn listen(config: &Config) -> Result<Listeners, Failure> {
    let public = bind(&config.listen, "listen", "--listen, OPONN_LISTEN or `listen`").await?;
    let admin = match &config.admin_listen {
        Some(address) => Some(bind(address, "admin.listen", "OPONN_ADMIN_LISTEN or `admin.listen`").await?),
        None => None,
    };
    let tls = match &config.tls {
        Some(TlsSettings { cert, key }) => {
            let files = TlsFiles { cert: cert.clone(), key: key.clone() };
            Some(Tls::load(files).await.map_err(Failure::Failed)?)
        }
        None => None,
    };
    Ok(Listeners { public, admin, tls })
}

async fn bind(address: &str, setting: &str, set_by: &str) -> Result<TcpListener, Failure> {
    TcpListener::bind(address).await.map_err(|error| {
        Failure::Failed(format!(
            "{setting}: {} cannot be used: {error}. Set another address with {set_by} in oponn.toml.",
            mask(address)
        ))
    })
}

/// Where a listener is: the setting may have left the port to the system.
fn place(listener: &TcpListener, setting: &str) -> String {
    listener.local_addr().map_or_else(|_| setting.to_owned(), |address| address.to_string())
}

/// Says which operations are carried out.
fn tell_operations(options: &ServerOptions) {
    let saved = options.saved.documents().len();
    match options.only_saved {
        true => tracing::info!(saved, "only saved operations are carried out"),
        false if saved > 0 => {
            tracing::info!(saved, "operations are saved, and any others are carried out too")
        }
        false => {}
    }
}

/// What a person at a terminal is told; without a query there is no GraphiQL.
fn welcome(address: &str, is_tls: bool, took: Duration, query: Option<&str>) -> String {
    let scheme = if is_tls { "https" } else { "http" };
    let shown = address.replace("0.0.0.0", "localhost").replace("[::]", "localhost");
    let took = took.as_millis();
    let api = format!("  API       {scheme}://{shown}/graphql\n");
    let Some(query) = query else {
        return format!(
            "oponn is ready after {took} ms.\n\n{api}\n  Only saved operations are carried out.\n\n"
        );
    };
    let indented: String = query.lines().map(|line| format!("    {line}\n")).collect();
    format!(
        "oponn is ready after {took} ms.\n\n  GraphiQL  {scheme}://{shown}/\n{api}\n  A query to begin \
         with:\n\n{indented}\n"
    )
}

async fn sweep(cache: Arc<dyn Cache>) {
    loop {
        tokio::time::sleep(BETWEEN_SWEEPS).await;
        match cache.sweep().await {
            Ok(removed) if removed > 0 => tracing::debug!(removed, "swept the cache's index"),
            Ok(_) => {}
            Err(error) => tracing::debug!(%error, "the cache's index cannot be swept"),
        }
    }
}
