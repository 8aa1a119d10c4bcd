//! Metrics as Prometheus reads them.

use std::collections::{BTreeMap, BTreeSet};

/// What a server answered to a request for its metrics.
pub struct Scrape {
    types: BTreeMap<String, String>,
    series: Vec<(String, BTreeMap<String, String>, f64)>,
}

impl Scrape {
    pub fn parse(text: &str) -> Scrape {
        let (mut types, mut series) = (BTreeMap::new(), Vec::new());
        for line in text.lines() {
            if let Some(declared) = line.strip_prefix("# TYPE ") {
                let (name, kind) = declared.split_once(' ').expect("a name and a type");
                types.insert(name.to_owned(), kind.to_owned());
            } else if !line.starts_with('#') {
                let (name, value) = line.rsplit_once(' ').expect("a series and a value");
                let (name, labels) = name.split_once('{').unwrap_or((name, "}"));
                let label = |label: &str| {
                    let (name, value) = label.split_once("=\"")?;
                    Some((name.to_owned(), value.trim_end_matches('"').to_owned()))
                };
                let labels = labels.trim_end_matches('}').split(',').filter_map(label).collect();
                series.push((name.to_owned(), labels, value.parse().expect("a number")));
            }
        }
        Scrape { types, series }
    }

    /// The names of all families: of a histogram, without what its series add.
    pub fn families(&self) -> impl Iterator<Item = &String> {
        self.types.keys()
    }

    /// The labels of a family, or of one series of a histogram, with their values; `le` is among them where
    /// it is told. `None`: there is no such series.
    pub fn labels_of(&self, name: &str) -> Option<BTreeMap<String, BTreeSet<String>>> {
        let mut found: Option<BTreeMap<String, BTreeSet<String>>> = None;
        for (series, labels, _) in &self.series {
            let suffix = series.strip_prefix(name);
            if matches!(suffix, Some("" | "_bucket" | "_sum" | "_count")) {
                let found = found.get_or_insert_default();
                for (label, value) in labels {
                    found.entry(label.clone()).or_default().insert(value.clone());
                }
            }
        }
        found
    }

    /// The sum of the series that have these labels; there has to be one.
    pub fn value(&self, name: &str, labels: &[(&str, &str)]) -> f64 {
        let fits = |found: &BTreeMap<String, String>| {
            labels.iter().all(|(label, value)| found.get(*label).is_some_and(|found| found == value))
        };
        let found: Vec<f64> = self
            .series
            .iter()
            .filter(|(series, found, _)| series == name && fits(found))
            .map(|(_, _, value)| *value)
            .collect();
        assert!(!found.is_empty(), "there is no metric {name} with {labels:?}");
        found.iter().sum()
    }

    /// What has come to it since another scrape.
    pub fn since(&self, before: &Scrape, name: &str, labels: &[(&str, &str)]) -> f64 {
        self.value(name, labels) - before.value(name, labels)
    }
}
