//! `oponn cache stats` and `oponn cache clear`.

use std::fmt::Write;
use std::sync::Arc;

use super::failure::Failure;
use super::output::print;
use super::{parts, schema_file};
use crate::config::{CacheAddress, Config};
use crate::spelling::suggestion;
use crate::value::Time;

#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// How much is cached of each type
    Stats,
    /// Empty the cache of this deployment; the next reads fill it again
    Clear {
        /// Only the entities and lists of this type
        #[arg(long = "type", value_name = "TYPE")]
        ty: Option<String>,
    },
}

pub(super) async fn run(config: Config, command: Command) -> Result<(), Failure> {
    match &config.cache {
        CacheAddress::Redis(_) => {}
        CacheAddress::Memory => {
            return Err(Failure::Usage(
                "cache is `memory:`, which lives and ends with the server's process; restart the server to \
                 empty it, and see /metrics for what it does. This command is for a cache in Redis."
                    .into(),
            ));
        }
        CacheAddress::None => {
            return Err(Failure::Usage("cache is `none:`; there is nothing to look at".into()));
        }
    }
    let model = schema_file::model(&config)?;
    let cache = parts::cache(&config, &Arc::default()).await?;
    let away = |error| Failure::Failed(format!("cache {}: {error}", config.cache));
    match command {
        Command::Stats => {
            let stats = cache.stats().await.map_err(away)?;
            let mut text = format!("{:<24} {:>10} {:>10}\n", "type", "entities", "batches");
            for collection in &model.collections {
                let stats = stats.get(&collection.name).copied().unwrap_or_default();
                let _ =
                    writeln!(text, "{:<24} {:>10} {:>10}", collection.name, stats.entities, stats.batches);
            }
            print(&text)
        }
        Command::Clear { ty: None } => {
            cache.clear().await.map_err(away)?;
            print("The cache is empty.\n")
        }
        Command::Clear { ty: Some(ty) } => {
            let types: Vec<Arc<str>> = model.members(&ty);
            if types.is_empty() {
                let names: Vec<&str> = model.collections.iter().map(|collection| &*collection.name).collect();
                return Err(Failure::Usage(format!(
                    "--type: the schema has no type {ty}; {}",
                    suggestion(&ty, names)
                )));
            }
            cache.drop_types(&types, Time(0)).await.map_err(away)?;
            print(&format!("Nothing is cached of {} any more.\n", types.join(" and ")))
        }
    }
}
