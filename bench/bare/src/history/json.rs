//! One JSON array for each profile.

use std::cmp::Reverse;

use redis::Script;
use redis::aio::MultiplexedConnection;
use serde::Serialize;

use super::item::{Asked, Item};
use crate::Failure;

/// Puts an array in the place of the one with this version.
const SWAP: &str = r"
if (redis.call('HGET', KEYS[1], 'v') or '0') ~= ARGV[1] then return 0 end
redis.call('HSET', KEYS[1], 'v', ARGV[2], 'items', ARGV[3])
return 1
";

pub struct Arrays {
    swap: Script,
}

#[derive(Serialize)]
struct Page<'a> {
    total: usize,
    items: Vec<Item<'a>>,
}

impl Arrays {
    pub fn new() -> Arrays {
        Arrays { swap: Script::new(SWAP) }
    }

    pub async fn history(
        &self,
        redis: MultiplexedConnection,
        profile: &str,
        asked: &Asked,
    ) -> Result<Vec<u8>, Failure> {
        let (_, text) = read(redis, profile).await?;
        let mut items: Vec<Item<'_>> = serde_json::from_slice(&text)?;
        items.retain(|item| asked.holds(item));
        items.sort_unstable_by(|a, b| Reverse(&a.watched_at).cmp(&Reverse(&b.watched_at)));
        let total = items.len();
        let items = items.into_iter().skip(asked.offset).take(asked.limit).collect();
        Ok(serde_json::to_vec(&Page { total, items })?)
    }

    pub async fn one(
        &self,
        redis: MultiplexedConnection,
        profile: &str,
        asset: &str,
    ) -> Result<Option<Vec<u8>>, Failure> {
        let (_, text) = read(redis, profile).await?;
        let items: Vec<Item<'_>> = serde_json::from_slice(&text)?;
        let found = items.iter().find(|item| item.asset == asset);
        Ok(found.map(serde_json::to_vec).transpose()?)
    }

    pub async fn put(
        &self,
        redis: MultiplexedConnection,
        profile: &str,
        item: &Item<'_>,
    ) -> Result<Vec<u8>, Failure> {
        loop {
            let (version, text) = read(redis.clone(), profile).await?;
            let mut items: Vec<Item<'_>> = serde_json::from_slice(&text)?;
            match items.iter_mut().find(|known| known.asset == item.asset) {
                Some(known) => *known = item.clone(),
                None => items.push(item.clone()),
            }
            let changed = serde_json::to_vec(&items)?;
            let mut swap = self.swap.key(format!("h:{profile}"));
            swap.arg(version).arg(version + 1).arg(changed);
            let swapped: bool = swap.invoke_async(&mut redis.clone()).await?;
            if swapped {
                return Ok(serde_json::to_vec(item)?);
            }
        }
    }
}

async fn read(mut redis: MultiplexedConnection, profile: &str) -> Result<(u64, Vec<u8>), Failure> {
    let mut command = redis::cmd("HMGET");
    command.arg(format!("h:{profile}")).arg("v").arg("items");
    let (version, items): (Option<u64>, Option<Vec<u8>>) = command.query_async(&mut redis).await?;
    Ok((version.unwrap_or(0), items.unwrap_or_else(|| b"[]".to_vec())))
}
