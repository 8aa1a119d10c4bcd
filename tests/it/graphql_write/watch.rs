//! Watches lists across writes: they are right at once, and answered without the store.

use futures_util::future::join_all;
use serde_json::{Value as Json, json};

use super::On;
use crate::support::app::{Setup, TestApp};

/// An application whose lists are cached, and beside it one on the same store that caches nothing.
pub struct Watch {
    pub app: TestApp,
    plain: TestApp,
    lists: Vec<&'static str>,
}

impl Watch {
    /// Starts both.
    pub async fn start(setup: Setup, lists: &[&'static str]) -> Watch {
        let app = setup.start().await;
        let plain = TestApp::uncached(&app).await;
        Watch { app, plain, lists: lists.to_vec() }
    }

    /// As [`Watch::start`], for applications that need no settings.
    pub async fn of(on: On, sdl: &str, lists: &[&'static str]) -> Watch {
        Watch::start(on.with(sdl), lists).await
    }

    /// Reads all lists, so that the cache has them.
    pub async fn warm(&self) {
        for list in &self.lists {
            self.app.data(list, json!({})).await;
        }
        self.settled("warming").await;
    }

    /// Writes, and finds every list as the store has it, without asking it.
    pub async fn write(&self, mutation: &str, variables: Json) -> Json {
        let before = self.all(&self.app).await;
        let done = self.app.data(mutation, variables).await;
        assert_ne!(self.settled(mutation).await, before, "{mutation} changes none of the lists");
        done
    }

    /// Every list is as the store has it.
    pub async fn right(&self, after: &str) {
        self.compare(&self.all(&self.app).await, after).await;
    }

    /// Every list is as the store has it, and is answered without asking it; they are given.
    async fn settled(&self, after: &str) -> Vec<Json> {
        let before = self.app.store_operations().await;
        let mut seen = Vec::with_capacity(self.lists.len());
        for list in &self.lists {
            seen.push(self.app.data(list, json!({})).await);
            let operations = self.app.store_operations().await - before;
            assert_eq!(operations, 0, "{list}\nasks the store after {after}");
        }
        self.compare(&seen, after).await;
        seen
    }

    async fn compare(&self, seen: &[Json], after: &str) {
        let expected = self.all(&self.plain).await;
        for ((list, seen), expected) in self.lists.iter().zip(seen).zip(&expected) {
            assert_eq!(seen, expected, "{list}\nafter {after}");
        }
    }

    async fn all(&self, app: &TestApp) -> Vec<Json> {
        join_all(self.lists.iter().map(|list| app.data(list, json!({})))).await
    }
}
