//! `oponn import`: runs loaders.

use std::fmt::Write as _;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::PathBuf;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::failure::Failure;
use super::output::{counted, print};
use super::progress::Bar;
use super::stop::Stop;
use super::{parts, schema_file};
use crate::config::Config;
use crate::engine::Engine;
use crate::importer::{self, Loader, Options, Summary};
use crate::schema::Model;

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Names of the loaders to run [default: all]
    #[arg(value_name = "LOADER")]
    names: Vec<String>,
    /// Read, map and resolve everything, but write nothing
    #[arg(long)]
    dry_run: bool,
    /// Write every rejected record with the reason to this file, one JSON object per line
    #[arg(long, value_name = "FILE")]
    rejects: Option<PathBuf>,
}

pub(super) async fn run(config: Config, arguments: Arguments) -> Result<(), Failure> {
    let model = schema_file::model(&config)?;
    // Report faults in loaders before opening anything.
    let loaders = load(&config, &arguments.names, &model)?;
    if loaders.is_empty() {
        return Err(Failure::Failed(format!("there are no loaders in {}", config.loaders.display())));
    }
    let mut rejects = match &arguments.rejects {
        None => None,
        Some(path) => Some(BufWriter::new(File::create(path).map_err(|error| {
            Failure::Failed(format!("--rejects: {} cannot be written: {error}", path.display()))
        })?)),
    };
    let store = parts::store(&config, &model).await?;
    let metrics = Arc::default();
    let cache = parts::cache(&config, &metrics).await?;
    parts::wait_for_cache(&config, cache.as_ref()).await.map_err(|error| {
        let message =
            "Servers that still reach it would go on to serve what is old; start it and import then.";
        Failure::Failed(format!("cache {}: {error}. {message}", config.cache))
    })?;
    let engine = parts::engine(&config, model, &store, cache.clone(), metrics).await;
    let options = Options {
        dry_run: arguments.dry_run,
        rejects: rejects.as_mut().map(|rejects| rejects as &mut (dyn Write + Send)),
        stop: Arc::default(),
    };
    let left: Vec<String> = loaders.iter().map(|loader| loader.name.clone()).collect();
    let (stop, told) = (Stop::listen()?, options.stop.clone());
    let mut import = pin!(carry_out(&engine, loaders, options));
    let carried_out = tokio::select! {
        carried_out = &mut import => carried_out,
        () = stop.told() => {
            // What has been written must reach the cache.
            told.store(true, Ordering::Relaxed);
            import.await
        }
    };
    if !arguments.dry_run {
        engine.end().await;
        // Even when the import failed half-way: servers must not go on serving what it has changed.
        parts::wait_for_cache(&config, cache.as_ref()).await.map_err(|error| {
            let message =
                "Not every change may have reached it; run `oponn cache clear` as soon as it is back.";
            Failure::Failed(format!("cache {}: {error}. {message}", config.cache))
        })?;
    }
    let summaries = carried_out?;
    print(&report(&summaries, arguments.dry_run))?;
    for name in &left[summaries.len()..] {
        print(&format!("{name}: not run\n"))?;
    }
    match summaries.iter().all(Summary::is_clean) {
        true => Ok(()),
        false => Err(Failure::Told),
    }
}

/// Imports everything into a new store, before the store is served for the first time.
pub(super) async fn first_import(config: &Config, engine: &Engine) -> Result<(), Failure> {
    if !config.loaders.is_dir() {
        tracing::info!(
            "the store is new and there is no folder {}: it stays empty",
            config.loaders.display()
        );
        return Ok(());
    }
    let loaders = match load(config, &[], engine.model()) {
        Ok(loaders) => loaders,
        Err(faults) => {
            tracing::warn!("nothing was imported; mend the loaders and run `oponn import`:\n{faults}");
            return Ok(());
        }
    };
    for summary in carry_out(engine, loaders, Options::default()).await? {
        let Summary { loader, created, rejected, failure, .. } = &summary;
        match failure {
            None if *rejected == 0 => tracing::info!(loader, created, "imported"),
            _ => tracing::warn!(
                loader,
                created,
                rejected,
                failure,
                "imported with faults; run `oponn import` to see them"
            ),
        }
    }
    Ok(())
}

fn load(config: &Config, names: &[String], model: &Model) -> Result<Vec<Loader>, Failure> {
    let env = |name: &str| std::env::var(name).ok();
    importer::load(&config.loaders, names, model, &env).map_err(|faults| {
        let lines: Vec<String> = faults.iter().map(ToString::to_string).collect();
        Failure::Failed(lines.join("\n"))
    })
}

async fn carry_out(
    engine: &Engine,
    loaders: Vec<Loader>,
    options: Options<'_>,
) -> Result<Vec<Summary>, Failure> {
    importer::run(engine, loaders, options, &mut Bar::new())
        .await
        .map_err(|error| Failure::Failed(format!("the rejected records cannot be written: {error}")))
}

/// One line per loader, followed by its rejected records.
fn report(summaries: &[Summary], dry_run: bool) -> String {
    let mut text = String::new();
    for summary in summaries {
        let Summary { loader, created, updated, unchanged, fit, rejected, .. } = summary;
        let _ = match dry_run {
            true => writeln!(text, "{loader}: {fit} fit, {rejected} rejected (dry run: nothing was written)"),
            false => {
                writeln!(
                    text,
                    "{loader}: {created} created, {updated} updated, {unchanged} unchanged, {rejected} rejected"
                )
            }
        };
        for reject in &summary.rejects {
            let _ = writeln!(text, "  record {}: {}", reject.record, reject.reason);
        }
        let more = summary.rejected as usize - summary.rejects.len();
        if more > 0 {
            let _ = writeln!(text, "  and {} more; --rejects FILE keeps all", counted(more, "record"));
        }
        if let Some(failure) = &summary.failure {
            let _ = writeln!(text, "  ended early: {failure}");
        }
    }
    text
}
