//! A request for windows, its text, and the answer that it must have.

use serde_json::{Map, Value as Json, json};

use super::oracle::{Cursor, Doc, List, ORDERS, On, Oracle, Place};
use crate::support::dice::Dice;

/// Rows of a page without `first` and `last`.
const DEFAULT: usize = 20;
/// Rows that may be asked for.
const MOST: i64 = 1_000;
/// Rows that a list over several types passes over at the most.
const MERGED_OFFSET: i64 = 10_000;

/// Everything below a list that can be selected, by what it needs.
const SELECTIONS: [&str; 9] = [
    "{ __typename }",
    "{ nodes @include(if: false) { id } totalCount @include(if: false) pageInfo @skip(if: true) { endCursor } edges @include(if: false) { cursor } }",
    "{ pageInfo { hasNextPage hasPreviousPage startCursor endCursor } }",
    "{ edges { cursor } }",
    "{ nodes { id } }",
    "{ totalCount }",
    "{ totalCount pageInfo { hasNextPage hasPreviousPage startCursor endCursor } }",
    "{ nodes { id } totalCount }",
    WHOLE,
];
const WHOLE: &str = "{ nodes { __typename id name rank } edges { cursor node { id } } totalCount
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor } }";

/// Where the lists stand.
#[derive(Clone, Copy, Debug)]
enum Under {
    Root,
    /// Under each of the first so many shops.
    Shops(usize),
    /// Under the one shop.
    Shop(&'static str),
    /// Under the shops of so many books.
    BooksShops(usize),
}

#[derive(Clone, Debug, Default)]
struct Window {
    first: Option<i64>,
    last: Option<i64>,
    offset: Option<i64>,
    after: Option<Cursor>,
    before: Option<Cursor>,
}

#[derive(Clone, Debug)]
struct Part {
    list: List,
    window: Window,
    selection: &'static str,
}

/// One request: the same or several windows, each under an alias.
#[derive(Clone, Debug)]
pub struct Ask {
    under: Under,
    parts: Vec<Part>,
}

impl Ask {
    pub fn draw(dice: &mut Dice, oracle: &Oracle) -> Ask {
        let under = match dice.roll(5) {
            0 | 1 => Under::Root,
            2 => Under::Shops(dice.one_of(&[0, 1, 2, 2, 3, 5])),
            3 => Under::Shop(dice.one_of(&["a", "b", "c", "d", "nobody's"])),
            _ if dice.once_in(2) => Under::BooksShops(dice.one_of(&[1, 4, 12])),
            _ => Under::Shops(dice.one_of(&[2, 4, 5])),
        };
        let on = if matches!(under, Under::Root) { dice.one_of(&On::ALL) } else { On::Books };
        let list = List {
            on,
            order: dice.roll(ORDERS.len()),
            // Mostly one that nobody has asked for.
            number: if dice.once_in(3) { dice.roll(3) } else { dice.roll(1_000_000) },
            below: dice.once_in(4).then(|| dice.roll(4) as i64),
        };
        let part = |dice: &mut Dice| Part {
            window: Window::draw(dice, oracle, &list),
            selection: dice.one_of(&SELECTIONS),
            list: list.clone(),
        };
        let parts = (0..=dice.roll(3) / 2).map(|_| part(dice)).collect();
        Ask { under, parts }
    }

    /// The same lists, all of them.
    pub fn whole(&self) -> Ask {
        let window = Window { first: Some(MOST), ..Window::default() };
        Ask {
            under: self.under,
            parts: vec![Part { list: self.parts[0].list.clone(), window, selection: WHOLE }],
        }
    }

    pub fn text(&self) -> String {
        let part = |(index, part): (usize, &Part)| {
            let arguments = part.list.arguments(&part.window.arguments());
            format!("w{index}: {}{arguments} {}", part.list.on.field(), part.selection)
        };
        let parts = self.parts.iter().enumerate().map(part).collect::<Vec<_>>().join("\n");
        match self.under {
            Under::Root => format!("{{ {parts} }}"),
            Under::Shops(first) => format!("{{ shops(first: {first}) {{ nodes {{ id {parts} }} }} }}"),
            Under::Shop(id) => format!("{{ shop(id: \"{id}\") {{ id {parts} }} }}"),
            Under::BooksShops(first) => {
                format!("{{ books(first: {first}) {{ nodes {{ id shop {{ id {parts} }} }} }} }}")
            }
        }
    }

    /// Compares an answer: how many windows it has, and what is wrong with it.
    pub fn check(&self, oracle: &mut Oracle, answer: &Json) -> (u64, Option<String>) {
        let errors = answer["errors"].as_array().map_or(&[][..], Vec::as_slice);
        let faulty = |error: &&Json| error["extensions"]["code"] != "BAD_USER_INPUT";
        if let Some(error) = errors.iter().find(faulty) {
            return (1, Some(format!("fails: {error}")));
        }
        let of = |error: &Json, index: usize| {
            let alias = json!(format!("w{index}"));
            error["path"].as_array().is_some_and(|path| path.contains(&alias))
        };
        let fails = |index: usize| errors.iter().any(|error| of(error, index));
        let refused = |name: &str, index: usize| {
            errors.iter().any(|error| of(error, index) && error["extensions"]["argument"] == json!([name]))
        };
        // Whether bytes are a cursor is for the server to say, but always the same.
        for (index, part) in self.parts.iter().enumerate() {
            for (name, cursor) in part.window.cursors() {
                if matches!(cursor.place, Place::Bytes(_)) && self.parents(oracle).iter().any(Option::is_some)
                {
                    let taken = !refused(name, index);
                    let key = (cursor.text.clone(), part.list.on.field());
                    if *oracle.taken.entry(key).or_insert(taken) != taken {
                        return (1, Some(format!("{name} was a cursor before, or was none")));
                    }
                }
            }
            // What stands behind a list that fails may not be told of.
            if fails(index) {
                break;
            }
        }
        let (windows, expected, fails) = self.expected(oracle);
        if answer["data"] != expected {
            return (
                windows,
                Some(format!("is    {}\n  wants {expected}\n  {}", answer["data"], json!(errors))),
            );
        }
        if fails != errors.is_empty() {
            return (windows, None);
        }
        (
            windows,
            Some(format!(
                "has these errors, and must {}: {}",
                if fails { "fail" } else { "not" },
                json!(errors)
            )),
        )
    }

    /// The shops under which the lists stand; none for a place where there is no shop.
    fn parents(&self, oracle: &Oracle) -> Vec<Option<String>> {
        let all = |on| oracle.rows(&List { on, order: 0, number: 0, below: None }, None);
        match self.under {
            Under::Root => vec![Some(String::new())],
            Under::Shops(first) => {
                all(On::Shops).into_iter().take(first).map(|shop| Some(shop.id.clone())).collect()
            }
            Under::Shop(id) => vec![all(On::Shops).iter().any(|shop| shop.id == id).then(|| id.to_owned())],
            Under::BooksShops(first) => {
                all(On::Books).into_iter().take(first).map(|book| book.shop.clone()).collect()
            }
        }
    }

    /// The answer's data, how many windows it has, and whether there are errors.
    fn expected(&self, oracle: &Oracle) -> (u64, Json, bool) {
        let mut windows = 0;
        let mut fails = false;
        let mut lists = |shop: Option<&str>, mut object: Map<String, Json>| {
            for (index, part) in self.parts.iter().enumerate() {
                windows += 1;
                match part.expected(oracle, shop) {
                    Some(list) => drop(object.insert(format!("w{index}"), list)),
                    None => {
                        fails = true;
                        return Json::Null;
                    }
                }
            }
            Json::Object(object)
        };
        let parents = self.parents(oracle);
        let mut shop = |id: &Option<String>| match id {
            Some(id) => lists(Some(id), Map::from_iter([("id".to_owned(), json!(id))])),
            None => Json::Null,
        };
        let data = match self.under {
            Under::Root => lists(None, Map::new()),
            Under::Shops(_) => json!({ "shops": { "nodes": parents.iter().map(shop).collect::<Vec<_>>() } }),
            Under::Shop(_) => json!({ "shop": shop(&parents[0]) }),
            Under::BooksShops(_) => {
                let books = oracle.rows(&List { on: On::Books, order: 0, number: 0, below: None }, None);
                let nodes =
                    books.iter().zip(&parents).map(|(book, of)| json!({ "id": book.id, "shop": shop(of) }));
                json!({ "books": { "nodes": nodes.collect::<Vec<_>>() } })
            }
        };
        (windows, data, fails)
    }
}

impl Window {
    fn draw(dice: &mut Dice, oracle: &Oracle, list: &List) -> Window {
        let count = |dice: &mut Dice| match dice.roll(40) {
            0 => dice.one_of(&[-1, MOST + 1]),
            1..4 => MOST,
            4..14 => 0,
            14..24 => 1,
            _ => dice.roll(12) as i64,
        };
        let mut window = Window::default();
        match dice.roll(8) {
            0 => {}
            1..3 => window.last = Some(count(dice)),
            _ => window.first = Some(count(dice)),
        }
        if dice.once_in(20) {
            window.last = Some(count(dice));
        }
        if dice.once_in(if window.last.is_none() { 3 } else { 20 }) {
            let offset =
                dice.one_of(&[0, 1, 2, 5, 30, MERGED_OFFSET, MERGED_OFFSET + 1, i64::from(i32::MAX)]);
            window.offset = Some(offset);
        }
        window.after = dice.once_in(2).then(|| oracle.some_cursor(dice, list));
        window.before = dice.once_in(4).then(|| oracle.some_cursor(dice, list));
        window
    }

    fn cursors(&self) -> impl Iterator<Item = (&'static str, &Cursor)> {
        [("after", &self.after), ("before", &self.before)]
            .into_iter()
            .filter_map(|(name, cursor)| Some((name, cursor.as_ref()?)))
    }

    fn arguments(&self) -> Vec<String> {
        let numbers = [("first", self.first), ("last", self.last), ("offset", self.offset)];
        let numbers = numbers.into_iter().filter_map(|(name, n)| Some(format!("{name}: {}", n?)));
        numbers.chain(self.cursors().map(|(name, cursor)| format!("{name}: \"{}\"", cursor.text))).collect()
    }

    /// Whether no server may answer it.
    fn is_refused(&self, oracle: &Oracle, on: On) -> bool {
        let counts = [self.first, self.last].into_iter().flatten();
        let most = if on == On::Fruits { MERGED_OFFSET } else { i64::MAX };
        let bad = counts.into_iter().any(|n| !(0..=MOST).contains(&n));
        let both = self.last.is_some() && (self.first.is_some() || self.offset.is_some());
        let garbled =
            |(_, cursor): (_, &Cursor)| oracle.taken.get(&(cursor.text.clone(), on.field())) == Some(&false);
        bad || both || self.offset.is_some_and(|offset| offset > most) || self.cursors().any(garbled)
    }
}

impl Part {
    /// The list as it must be answered; `None` when it is refused.
    fn expected(&self, oracle: &Oracle, shop: Option<&str>) -> Option<Json> {
        let Part { list, window, selection } = self;
        if window.is_refused(oracle, list.on) {
            return None;
        }
        let all = oracle.rows(list, shop);
        let number = |n: Option<i64>| n.and_then(|n| usize::try_from(n).ok());
        let passed = |cursor: &Cursor, at_most: bool| {
            let before = |doc: &&&Doc| {
                let beside = list.beside(doc, &cursor.place);
                beside.is_lt() || at_most && beside.is_eq()
            };
            all.iter().take_while(before).count()
        };
        let start = window.after.as_ref().map_or(0, |after| passed(after, true));
        let end = window.before.as_ref().map_or(all.len(), |before| passed(before, false)).max(start);
        let (from, to) = match number(window.last) {
            Some(last) => (end.saturating_sub(last).max(start), end),
            None => {
                let from = (start + number(window.offset).unwrap_or(0)).min(end);
                (from, (from + number(window.first).unwrap_or(DEFAULT)).min(end))
            }
        };
        let page = &all[from..to];
        let cursor = |doc: &&&Doc| oracle.cursor(list, doc).text;
        let mut answer = Map::new();
        let mut field = |name: &str, value: Json| drop(answer.insert(name.to_owned(), value));
        let asks = |what: &str| selection.contains(what) && !selection.contains("false");
        if asks("{ __typename }") {
            field("__typename", json!(format!("{}Connection", &list.on.type_name())));
        }
        if *selection == WHOLE {
            let node = |doc: &&Doc| json!({ "__typename": doc.ty, "id": doc.id, "name": doc.name, "rank": doc.rank });
            field("nodes", page.iter().map(node).collect());
            let edge = |doc: &&Doc| json!({ "cursor": cursor(&doc), "node": { "id": doc.id } });
            field("edges", page.iter().map(edge).collect());
        } else {
            if asks("nodes") {
                field("nodes", page.iter().map(|doc| json!({ "id": doc.id })).collect());
            }
            if asks("edges") {
                field("edges", page.iter().map(|doc| json!({ "cursor": cursor(&doc) })).collect());
            }
        }
        if asks("totalCount") {
            field("totalCount", json!(all.len()));
        }
        if asks("pageInfo") {
            let info = json!({
                "hasNextPage": to < all.len(), "hasPreviousPage": from > 0,
                "startCursor": page.first().as_ref().map(cursor),
                "endCursor": page.last().as_ref().map(cursor),
            });
            field("pageInfo", info);
        }
        Some(Json::Object(answer))
    }
}
