//! What is printed: a line for each class, and how to see a violation again.

use super::ablations::{Ablation, BEYOND};
use super::classes::Class;
use super::judge::Fault;
use super::settings::Settings;
use super::tally::Tally;

/// Faults with their names in the table.
const FAULTS: [(Fault, &str); 5] = [
    (Fault::Stale, "stale"),
    (Fault::Missing, "missing"),
    (Fault::Malformed, "malformed"),
    (Fault::Count, "counts"),
    (Fault::Unlike, "at rest"),
];

/// What came of a class; its first violations in full if it fails.
pub fn tell(settings: &Settings, class: &Class, tally: &Tally, fails: bool) {
    println!("{}", line(class, tally));
    for told in tally.told.iter().filter(|_| fails) {
        println!(
            "  seed {}, {} clients, {} servers: {told}",
            settings.seed, settings.clients, settings.servers
        );
    }
    if let Some(failure) = &tally.failure {
        let failure: String = failure.chars().take(600).collect();
        println!("  {} requests failed, the first: {failure}", tally.failed);
    }
}

/// All classes.
pub fn table(results: &[(&Class, Tally)]) {
    println!();
    for (class, tally) in results {
        println!("{}", line(class, tally));
    }
}

/// What came of doing without a mechanism.
pub fn lack(ablation: &Ablation, tally: &Tally) -> String {
    let found = match (tally.began, tally.first) {
        (Some(began), Some((fault, at))) => {
            let name = FAULTS.iter().find(|(known, _)| *known == fault).map_or("?", |(_, name)| name);
            format!("{name} after {:.1} s", at.saturating_duration_since(began).as_secs_f64())
        }
        _ => format!("NOT FOUND in {} s", ablation.time.as_secs()),
    };
    let (name, class) = (ablation.name(), ablation.class().name);
    format!("{name:<28} {class:<16} {found} ({} writes, {} pairs)", tally.writes, tally.pairs)
}

/// All mechanisms, and why some of them are left out.
pub fn lacks(results: &[(&Ablation, Tally)]) {
    println!();
    for (ablation, tally) in results {
        println!("{}", lack(ablation, tally));
    }
    for (mechanism, why) in BEYOND.iter().filter(|_| !results.is_empty()) {
        println!("without_{:<20} not tried: {why}", mechanism.name());
    }
}

fn line(class: &Class, tally: &Tally) -> String {
    let faults: Vec<String> = FAULTS
        .iter()
        .filter_map(|(fault, name)| tally.violations.get(fault).map(|count| format!("{count} {name}")))
        .collect();
    let faults = if faults.is_empty() { "none".to_owned() } else { faults.join(", ") };
    let (past, all) = tally.past_the_cache;
    let converged = match tally.converged {
        Some(time) => format!("{:.1} s", time.as_secs_f64()),
        None => "never".to_owned(),
    };
    format!(
        "{:<16} {} writes, {} reads, {} failed; {} pairs ({} fresh), {} counts; violations: {faults} \
         (at most {:.2e}); {:.0} % past the cache; at rest after {converged}",
        class.name,
        tally.writes,
        tally.reads,
        tally.failed,
        tally.pairs,
        tally.fresh,
        tally.counts,
        tally.bound(),
        100.0 * past / all.max(1.0),
    )
}
