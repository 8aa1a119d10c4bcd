//! What is in the store, and how its lists are cut by hand.

use std::cmp::Ordering;
use std::collections::{BTreeMap, HashMap};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use oponn::query::{self, OrderBy};
use serde_json::{Value as Json, json};

use crate::support::app::TestApp;
use crate::support::dice::Dice;

/// A document. All types have the same fields, as far as lists can tell.
#[derive(Clone, Debug, PartialEq)]
pub struct Doc {
    pub ty: &'static str,
    pub id: String,
    pub name: String,
    pub rank: Option<i64>,
    pub shop: Option<String>,
}

/// Which documents a list is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum On {
    Shops,
    Books,
    Fruits,
}

impl On {
    pub const ALL: [On; 3] = [On::Shops, On::Books, On::Fruits];

    pub fn field(self) -> &'static str {
        match self {
            On::Shops => "shops",
            On::Books => "books",
            On::Fruits => "fruits",
        }
    }

    /// The type or interface whose list it is.
    pub fn type_name(self) -> &'static str {
        match self {
            On::Shops => "Shop",
            On::Books => "Book",
            On::Fruits => "Fruit",
        }
    }

    fn types(self) -> &'static [&'static str] {
        match self {
            On::Shops => &["Shop"],
            On::Books => &["Book"],
            On::Fruits => &["Apple", "Orange"],
        }
    }
}

/// Orders that a list can have, as fields and whether they descend.
pub const ORDERS: [&[(&str, bool)]; 5] =
    [&[], &[("rank", false)], &[("rank", true)], &[("name", false), ("rank", true)], &[("id", true)]];

/// Some rows of a type that a request wants, in an order.
#[derive(Clone, Debug)]
pub struct List {
    pub on: On,
    pub order: usize,
    /// Lists of another number are other lists, with the same rows.
    pub number: usize,
    /// Only rows of less rank.
    pub below: Option<i64>,
}

/// A place in a list.
#[derive(Clone, Debug)]
pub enum Place {
    /// That of a document, as it was.
    Of(Doc),
    /// Bytes that are not made of a document.
    Bytes(Vec<u8>),
}

/// A cursor as a client has it.
#[derive(Clone, Debug)]
pub struct Cursor {
    pub text: String,
    pub place: Place,
}

/// What cursors of an order begin with.
#[derive(Default)]
pub struct Tags(Vec<Vec<u8>>);

impl Tags {
    /// Asks a server for them, one for each order.
    pub async fn learn(app: &TestApp, oracle: &Oracle) -> Tags {
        let mut tags = Vec::new();
        for order in 0..ORDERS.len() {
            let list = List { on: On::Books, order, number: 0, below: None };
            let text =
                format!("{{ books{} {{ edges {{ cursor }} }} }}", list.arguments(&["first: 1".into()]));
            let first = app.data(&text, json!({})).await["books"]["edges"][0]["cursor"].take();
            let bytes = URL_SAFE_NO_PAD.decode(first.as_str().unwrap_or_default()).unwrap_or_default();
            let row = row(order, oracle.rows(&list, None)[0]);
            tags.push(bytes.strip_suffix(row.as_slice()).expect("a cursor ends in its row").to_vec());
        }
        Tags(tags)
    }
}

/// Everything that has been written.
#[derive(Default)]
pub struct Oracle {
    docs: BTreeMap<(&'static str, String), Doc>,
    pub tags: Tags,
    /// Whether a server took a garbled cursor, from the first time on.
    pub taken: HashMap<(String, &'static str), bool>,
    writes: u64,
}

impl List {
    /// Its arguments in a request, with those of a window.
    pub fn arguments(&self, window: &[String]) -> String {
        let part = |(field, descending): &(&str, bool)| {
            let way = if *descending { "DESC" } else { "ASC" };
            format!("{{field: {}, direction: {way}}}", field.to_uppercase())
        };
        let order: Vec<String> = ORDERS[self.order].iter().map(part).collect();
        let below = self.below.map_or(String::new(), |below| format!(", rank: {{lt: {below}}}"));
        let filter = format!("where: {{not: {{name: {{eq: \"list {}\"}}}}{below}}}", self.number);
        let mut all = vec![filter, format!("orderBy: [{}]", order.join(", "))];
        all.extend_from_slice(window);
        format!("({})", all.join(", "))
    }

    /// How two documents stand to each other.
    fn compare(&self, a: &Doc, b: &Doc) -> Ordering {
        let part = |(field, descending): &(&str, bool)| {
            let order = match *field {
                "rank" => a.rank.cmp(&b.rank),
                "name" => a.name.cmp(&b.name),
                _ => a.id.cmp(&b.id),
            };
            if *descending { order.reverse() } else { order }
        };
        let parts = ORDERS[self.order].iter().map(part).find(|order| order.is_ne());
        parts.unwrap_or(Ordering::Equal).then_with(|| a.id.cmp(&b.id)).then_with(|| a.ty.cmp(b.ty))
    }

    /// How a document stands to a place.
    pub fn beside(&self, doc: &Doc, place: &Place) -> Ordering {
        match place {
            Place::Of(other) => self.compare(doc, other),
            Place::Bytes(bytes) => row(self.order, doc).as_slice().cmp(bytes),
        }
    }
}

/// The bytes of a document's place in an order.
fn row(order: usize, doc: &Doc) -> Vec<u8> {
    let part = |(field, descending): &(&str, bool)| OrderBy {
        path: if *field == "id" { "_id" } else { field }.to_owned(),
        direction: if *descending { query::Direction::Desc } else { query::Direction::Asc },
    };
    let order = query::Order::new(ORDERS[order].iter().map(part));
    let document = bson::doc! { "_id": &doc.id, "name": &doc.name, "rank": doc.rank };
    let raw = bson::raw::RawDocumentBuf::try_from(&document).expect("the names have no NUL");
    query::row_key(&order, doc.ty, &raw).expect("a text is an id").0
}

impl Oracle {
    /// The documents that a request makes to begin with.
    pub fn stock(&mut self, dice: &mut Dice, books: u64) -> Vec<(String, Vec<Json>)> {
        let mut made: BTreeMap<&str, Vec<Json>> = BTreeMap::new();
        for id in ["a", "b", "c", "d", "e"] {
            made.entry("Shop").or_default().push(self.put(dice, "Shop", id.to_owned(), None));
        }
        for n in 0..books {
            // Most are in one shop, and one has none.
            let shop = match n {
                0 => Some("c"),
                1..9 => Some("b"),
                9..11 => None,
                _ => Some("a"),
            };
            made.entry("Book").or_default().push(self.put(dice, "Book", format!("{n:03}"), shop));
        }
        for n in 0..8 {
            // Some ids are an apple's and an orange's.
            made.entry("Apple").or_default().push(self.put(dice, "Apple", format!("{n:03}"), None));
            made.entry("Orange").or_default().push(self.put(dice, "Orange", format!("{:03}", n + 5), None));
        }
        let create = |ty: &str| {
            format!("mutation($inputs: [{ty}Input!]!) {{ create{ty}s(inputs: $inputs) {{ id }} }}")
        };
        ["Shop", "Book", "Apple", "Orange"]
            .map(|ty| (create(ty), made.remove(ty).unwrap_or_default()))
            .into_iter()
            .collect()
    }

    /// A document as an input; it counts as written.
    fn put(&mut self, dice: &mut Dice, ty: &'static str, id: String, shop: Option<&str>) -> Json {
        let doc = draw(dice, ty, id, shop.map(str::to_owned));
        let mut input = json!({ "id": doc.id, "name": doc.name, "rank": doc.rank });
        if ty == "Book" {
            input["shopId"] = json!(doc.shop);
        }
        self.docs.insert((ty, doc.id.clone()), doc);
        input
    }

    /// A write: the mutation and its variables.
    pub fn write(&mut self, dice: &mut Dice) -> (String, Json) {
        self.writes += 1;
        let ty = dice.one_of(&["Book", "Book", "Book", "Apple", "Orange"]);
        let shop = (ty == "Book" && !dice.once_in(6)).then(|| dice.one_of(&["a", "b", "c", "d", "e"]));
        let keys: Vec<String> =
            self.docs.keys().filter(|(of, _)| *of == ty).map(|(_, id)| id.clone()).collect();
        match dice.roll(3) {
            0 if keys.len() > 2 => {
                let id = keys[dice.roll(keys.len())].clone();
                self.docs.remove(&(ty, id.clone()));
                (format!("mutation($id: ID!) {{ delete{ty}(id: $id) {{ id }} }}"), json!({ "id": id }))
            }
            1 if !keys.is_empty() => {
                let id = keys[dice.roll(keys.len())].clone();
                let mut set = self.put(dice, ty, id.clone(), shop);
                set.as_object_mut().expect("an input is an object").remove("id");
                let text = format!(
                    "mutation($id: ID!, $set: {ty}Patch!) {{ update{ty}(id: $id, set: $set) {{ id }} }}"
                );
                (text, json!({ "id": id, "set": set }))
            }
            _ => {
                let input = self.put(dice, ty, format!("new {}", self.writes), shop);
                let text = format!("mutation($input: {ty}Input!) {{ create{ty}(input: $input) {{ id }} }}");
                (text, json!({ "input": input }))
            }
        }
    }

    /// All rows of a list, of a shop's if one is named.
    pub fn rows(&self, list: &List, shop: Option<&str>) -> Vec<&Doc> {
        let wanted = |doc: &&Doc| {
            list.on.types().contains(&doc.ty)
                && shop.is_none_or(|shop| doc.shop.as_deref() == Some(shop))
                && list.below.is_none_or(|below| doc.rank.is_some_and(|rank| rank < below))
        };
        let mut rows: Vec<&Doc> = self.docs.values().filter(wanted).collect();
        rows.sort_by(|a, b| list.compare(a, b));
        rows
    }

    /// The cursor that a row has in a list.
    pub fn cursor(&self, list: &List, doc: &Doc) -> Cursor {
        let bytes = [self.tags.0[list.order].as_slice(), &row(list.order, doc)].concat();
        Cursor { text: URL_SAFE_NO_PAD.encode(bytes), place: Place::Of(doc.clone()) }
    }

    /// A cursor of the list: of a row that it has, of one that it never had, or of no row.
    pub fn some_cursor(&self, dice: &mut Dice, list: &List) -> Cursor {
        let rows = self.rows(list, None);
        let kind = dice.roll(10);
        let doc = match rows.len() {
            0 => None,
            _ if kind < 3 => None,
            1 => rows.first(),
            _ if kind == 3 => rows.first(),
            _ if kind == 4 => rows.last(),
            all => rows.get(dice.roll(all)),
        };
        let invent = |dice: &mut Dice| {
            let id = dice.one_of(&["", "0", "005", "b", "zzz"]).to_owned();
            draw(dice, list.on.types()[0], id, None)
        };
        let doc = doc.map_or_else(|| invent(dice), |doc| (*doc).clone());
        let cursor = self.cursor(list, &doc);
        if kind < 8 { cursor } else { self.garbled(dice, list, &cursor) }
    }

    /// A cursor whose bytes have been changed behind the mark of its order.
    fn garbled(&self, dice: &mut Dice, list: &List, cursor: &Cursor) -> Cursor {
        let mut bytes = URL_SAFE_NO_PAD.decode(&cursor.text).expect("a cursor is base64");
        let from = self.tags.0[list.order].len();
        for _ in 0..=dice.roll(2) {
            let at = from + dice.roll((bytes.len() - from).max(1));
            match dice.roll(5) {
                0 => bytes.truncate(at),
                1 => bytes.insert(at, dice.roll(256) as u8),
                2 if at < bytes.len() => drop(bytes.remove(at)),
                _ if at < bytes.len() => bytes[at] ^= 1 << dice.roll(8),
                _ => bytes.push(dice.roll(256) as u8),
            }
        }
        let place = Place::Bytes(bytes[from.min(bytes.len())..].to_vec());
        Cursor { text: URL_SAFE_NO_PAD.encode(bytes), place }
    }
}

/// A document with few values, so that many are alike.
fn draw(dice: &mut Dice, ty: &'static str, id: String, shop: Option<String>) -> Doc {
    let name = dice.one_of(&["", "a", "aa", "b", "Ä"]).to_owned();
    let rank = (!dice.once_in(5)).then(|| dice.roll(4) as i64 - 1);
    Doc { ty, id, name, rank, shop }
}
