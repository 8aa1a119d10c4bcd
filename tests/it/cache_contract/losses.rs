//! Redis may lose any key at any time, by eviction or by hand: what is left is a miss or right.

use oponn::cache::{Changes, Fills, Reads, RedisCache};
use oponn::query::SortKey;
use oponn::value::Doc;
use redis::aio::MultiplexedConnection;

use super::domain::{all_of, cache_on, change, item, lease, noted, on, rows, shelf, versioned, whole};
use crate::support::redis_server::Server;

/// The keys of a small world, by what they are.
pub struct Keys {
    names: Vec<String>,
    raw: MultiplexedConnection,
}

impl Keys {
    /// The meta hash, the index, and of each shelf the batch and its fill, of each id the entity.
    pub async fn of(server: &Server, shelves: &[&str], ids: &[i64]) -> Keys {
        let prefix = "{oponn:test}:";
        let mut names = vec![format!("{prefix}m"), format!("{prefix}x:Item")];
        for name in shelves {
            let key = shelf(name).key;
            names.extend([format!("{prefix}b:{key}"), format!("{prefix}p:{key}")]);
        }
        names.extend(ids.iter().map(|id| format!("{prefix}e:Item:i{id}")));
        Keys { names, raw: server.raw().await }
    }

    pub fn len(&self) -> usize {
        self.names.len()
    }

    /// Takes one away.
    pub async fn lose(&mut self, which: usize) -> &str {
        let _: () = redis::cmd("DEL").arg(&self.names[which]).query_async(&mut self.raw).await.unwrap();
        &self.names[which]
    }
}

/// Fills, writes and fills again, in steps; between two of them something is lost.
struct Story {
    cache: RedisCache,
    keys: Keys,
    lost: Option<(usize, usize)>,
    step: usize,
}

impl Story {
    async fn between(&mut self) {
        if let Some((step, key)) = self.lost
            && step == self.step
        {
            self.keys.lose(key).await;
        }
        self.step += 1;
    }

    async fn write(&mut self, id: i64, before: Option<&Doc>, after: Option<&Doc>, t: u64) {
        let mark = self.cache.mark();
        self.between().await;
        let change = change(id, before, after, t);
        let rows = noted(&self.cache, mark, &change).await;
        self.between().await;
        self.cache.reconcile(mark, &rows).await.unwrap();
        self.between().await;
    }

    async fn check(&self, docs: &[Doc]) {
        let batch = shelf("a");
        let expected: Vec<SortKey> = rows(&batch, docs);
        if let Some(found) = whole(&self.cache, &batch).await {
            assert_eq!(found, expected, "after losing {:?}", self.lost);
        }
        let names: Vec<_> = (1..=3).map(item).collect();
        let read = self.cache.read_entities(&names).await.unwrap();
        for (id, found) in (1..).zip(read.entities) {
            let is = docs.iter().find(|doc| doc.id() == Some(oponn::value::Id::Int(id)));
            if let Some(found) = found {
                assert_eq!(found.doc.as_ref(), is, "after losing {:?}", self.lost);
            }
        }
    }

    async fn tell(&mut self) {
        let batch = shelf("a");
        let (one, two, three) = (on("a", 1, 1), on("a", 2, 2), on("a", 3, 3));
        let (two_moved, one_out) = (versioned("a", 2, 9, 2), versioned("b", 1, 1, 2));
        let held = lease(&self.cache, &batch).await;
        self.between().await;
        self.write(3, None, Some(&three), 3).await;
        // Read from the store before the write.
        let read = rows(&batch, &[one.clone(), two.clone()]);
        self.cache.commit(&held, &all_of(read)).await.unwrap();
        self.between().await;
        self.check(&[one.clone(), two.clone(), three.clone()]).await;
        self.write(2, Some(&two), Some(&two_moved), 4).await;
        self.check(&[one.clone(), two_moved.clone(), three.clone()]).await;
        self.write(1, Some(&one), Some(&one_out), 5).await;
        self.write(3, Some(&three), None, 6).await;
        let now = [two_moved];
        let batch_now = rows(&batch, &now);
        if let Some(found) = whole(&self.cache, &batch).await {
            assert_eq!(found, batch_now, "after losing {:?}", self.lost);
        }
        self.between().await;
        if let oponn::cache::LeaseState::Granted(held) = super::domain::ask_lease(&self.cache, &batch).await {
            self.between().await;
            self.cache.commit(&held, &all_of(batch_now.clone())).await.unwrap();
        }
        self.between().await;
        if let Some(found) = whole(&self.cache, &batch).await {
            assert_eq!(found, batch_now, "after losing {:?}", self.lost);
        }
    }
}

#[tokio::test]
async fn any_key_may_be_lost_between_any_two_steps() {
    let server = Server::start(&[]).await;
    let mut steps = None;
    let mut step = 0;
    while steps.is_none_or(|steps| step < steps) {
        for key in 0.. {
            server.flush().await;
            let cache = cache_on(&server).await;
            let keys = Keys::of(&server, &["a"], &[1, 2, 3]).await;
            if key == keys.len() {
                break;
            }
            let mut story = Story { cache, keys, lost: steps.map(|_| (step, key)), step: 0 };
            story.tell().await;
            if steps.is_none() {
                // Without a loss the batch is there at the end.
                assert!(whole(&story.cache, &shelf("a")).await.is_some());
                steps = Some(story.step);
            }
        }
        step += 1;
    }
    assert!(steps.is_some_and(|steps| steps > 12));
}
