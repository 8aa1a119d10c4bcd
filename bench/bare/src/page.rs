//! The rows as Redis has them and the answers that are made of them.

use serde::{Deserialize, Serialize};

/// A book as it is kept in Redis: whole, as JSON. The answer has a part of it.
#[derive(Deserialize, Serialize)]
pub struct Book<'a> {
    #[serde(borrow)]
    id: std::borrow::Cow<'a, str>,
    #[serde(borrow)]
    title: std::borrow::Cow<'a, str>,
    #[serde(borrow)]
    author: Option<std::borrow::Cow<'a, str>>,
    year: Option<i32>,
    #[serde(borrow)]
    price: Option<std::borrow::Cow<'a, str>>,
}

#[derive(Serialize)]
pub struct Answer<T> {
    pub data: T,
}

#[derive(Serialize)]
pub struct Books<'a> {
    pub books: Nodes<'a>,
}

#[derive(Serialize)]
pub struct Nodes<'a> {
    pub nodes: Vec<Book<'a>>,
}

#[derive(Serialize)]
pub struct OneBook<'a> {
    pub book: Option<Book<'a>>,
}
