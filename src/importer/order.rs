//! Sorts loaders into the order in which they must run.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::faults::LoaderFault;
use super::loader::Loader;
use crate::spelling::suggestion;

/// Each loader after those that it names and those whose type it refers to; otherwise in the order
/// given. `all` has the names of loaders that are known, chosen or not.
pub(super) fn sort(
    loaders: Vec<Loader>,
    all: &BTreeMap<String, PathBuf>,
) -> Result<Vec<Loader>, Vec<LoaderFault>> {
    let mut faults = Vec::new();
    for loader in &loaders {
        for name in loader.after.iter().filter(|name| !all.contains_key(*name)) {
            let hint = suggestion(name, all.keys().map(String::as_str));
            faults.push(LoaderFault::new(
                &loader.file,
                "after",
                format!("there is no loader `{name}`; {hint}"),
            ));
        }
    }
    let waits: Vec<Vec<usize>> = loaders.iter().map(|loader| waits_for(loader, &loaders)).collect();
    let mut order: Vec<usize> = Vec::new();
    while order.len() < loaders.len() {
        let is_free =
            |place: &usize| !order.contains(place) && waits[*place].iter().all(|other| order.contains(other));
        match (0..loaders.len()).find(is_free) {
            Some(place) => order.push(place),
            None => {
                faults.push(circle(&loaders, &waits, &order));
                break;
            }
        }
    }
    if !faults.is_empty() {
        return Err(faults);
    }
    let mut loaders: Vec<Option<Loader>> = loaders.into_iter().map(Some).collect();
    Ok(order.into_iter().filter_map(|place| loaders[place].take()).collect())
}

/// A loader does not wait for others of its own type: `after` decides their order.
fn waits_for(loader: &Loader, loaders: &[Loader]) -> Vec<usize> {
    let refers = |other: &Loader| loader.referenced().any(|ty| *ty == other.target.name);
    let waits = |other: &Loader| {
        loader.after.contains(&other.name) || (refers(other) && other.target.name != loader.target.name)
    };
    loaders.iter().enumerate().filter(|(_, other)| waits(other)).map(|(place, _)| place).collect()
}

/// Follows the waiting from any loader that is left until one comes again.
fn circle(loaders: &[Loader], waits: &[Vec<usize>], done: &[usize]) -> LoaderFault {
    let is_left = |place: &usize| !done.contains(place);
    let mut path: Vec<usize> = (0..loaders.len()).find(is_left).into_iter().collect();
    while let Some(next) = path.last().and_then(|last| waits[*last].iter().copied().find(is_left)) {
        if let Some(start) = path.iter().position(|place| *place == next) {
            path.drain(..start);
            path.push(next);
            break;
        }
        path.push(next);
    }
    let names: Vec<_> = path.iter().map(|place| format!("`{}`", loaders[*place].name)).collect();
    let file = path.first().map_or_else(PathBuf::new, |place| loaders[*place].file.clone());
    let message = format!(
        "loaders wait for each other in a circle: {}; import one of them in a second step",
        names.join(" after ")
    );
    LoaderFault::new(&file, "", message)
}
