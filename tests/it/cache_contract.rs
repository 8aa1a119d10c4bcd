//! What every cache must do: one suite, run on memory and on Redis; and what only Redis can go through.

pub mod domain;

mod blocks;
mod bounds;
mod distrust;
mod entities;
mod fills;
mod footprint;
mod journal;
mod losses;
mod merging;
mod pages;
mod partitions;
mod schedules;
mod sharing;
mod suspects;
mod until;
mod voids;

/// Makes of each case a test on memory and a test on Redis.
macro_rules! on_both {
    ($($case:ident),* $(,)?) => {
        mod memory {
            $(#[tokio::test]
            async fn $case() {
                super::$case($crate::cache_contract::domain::Kind::Memory).await;
            })*
        }
        mod redis {
            $(#[tokio::test]
            async fn $case() {
                super::$case($crate::cache_contract::domain::Kind::Redis).await;
            })*
        }
    };
}
use on_both;
