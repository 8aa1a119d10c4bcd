//! How long, with how many and from which seed: `OPONN_TEST_...` in the environment.

use std::time::Duration;

#[derive(Clone, Debug)]
pub struct Settings {
    /// `OPONN_TEST_SEED`: what is drawn of it; what happens at the same time is up to the machine.
    pub seed: u64,
    /// `OPONN_TEST_SECONDS`: how long the faults of a class go on.
    pub time: Duration,
    /// `OPONN_TEST_PAIRS`: how many pairs a class checks at least, however long that takes.
    pub pairs: u64,
    /// `OPONN_TEST_CLIENTS`
    pub clients: usize,
    /// `OPONN_TEST_SERVERS`
    pub servers: usize,
}

impl Settings {
    pub fn from_environment() -> Settings {
        Settings {
            seed: number("OPONN_TEST_SEED", 1),
            time: Duration::from_secs(number("OPONN_TEST_SECONDS", 3)),
            pairs: number("OPONN_TEST_PAIRS", 0),
            clients: number("OPONN_TEST_CLIENTS", 4).max(1) as usize,
            servers: number("OPONN_TEST_SERVERS", 2).max(1) as usize,
        }
    }
}

fn number(variable: &str, default: u64) -> u64 {
    match std::env::var(variable) {
        Ok(value) if !value.is_empty() => {
            value.parse().unwrap_or_else(|_| panic!("{variable} is no whole number: {value}"))
        }
        _ => default,
    }
}
