//! A client's question: some parts of one operation, its text, and how its answer is taken apart to be judged.

use std::collections::{HashMap, VecDeque};

use serde_json::Value as Json;

use super::domain::{CODES, Fields, Filter, Kind, List, Name, On, Order, Place, SHELVES};
use super::judge::{Judge, Page, Verdict, Window};
use crate::dice::Dice;

/// Cursors of each list that a client remembers.
const CURSORS: usize = 6;
/// Parts of one operation.
const MOST_PARTS: usize = 4;
/// Questions that all clients ask again and again.
const COMMON: usize = 8;
/// Rows of a page that is to be the whole list.
pub const WHOLE: usize = 500;

/// What a client has just written, to be asked for.
pub struct Focus {
    pub name: Name,
    pub states: Vec<Fields>,
}

/// Cursors that a client was given, and of which places.
#[derive(Default)]
pub struct Cursors(HashMap<List, VecDeque<(String, Place)>>);

impl Cursors {
    fn draw(&self, dice: &mut Dice, list: &List) -> Option<&(String, Place)> {
        let known = self.0.get(list).filter(|known| !known.is_empty())?;
        known.get(dice.roll(known.len()))
    }

    fn keep(&mut self, list: &List, cursor: String, place: Place) {
        let known = self.0.entry(*list).or_default();
        if known.len() == CURSORS {
            known.pop_front();
        }
        known.push_back((cursor, place));
    }
}

/// What is selected of a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Selection {
    Nodes,
    NodesAndCounts,
    EdgesAndInfo,
    Total,
}

#[derive(Clone, Debug)]
enum Part {
    Page(Excerpt),
    /// A document by its id, or by one of its values of the unique key.
    One(Name, Option<usize>),
    /// Books of one shelf below it; no shelf: of all shelves.
    Below(Option<usize>, Excerpt),
}

/// A page of a list, and what is wanted of it.
#[derive(Clone, Debug)]
struct Excerpt {
    list: List,
    window: Window,
    /// The texts of the window's cursors.
    after: Option<String>,
    before: Option<String>,
    selection: Selection,
}

/// One operation.
#[derive(Clone, Debug)]
pub struct Ask(Vec<Part>);

impl Ask {
    /// A whole list and its length.
    pub fn whole(list: List) -> Ask {
        let window = Window { rows: WHOLE, ..Window::default() };
        let selection = Selection::NodesAndCounts;
        Ask(vec![Part::Page(Excerpt { list, window, after: None, before: None, selection })])
    }

    /// A document by its id and by all values of its unique key.
    pub fn one(name: Name) -> Ask {
        let codes = if name.kind.has_code() { CODES } else { 0 };
        let by_code = (0..codes).map(Some);
        Ask(std::iter::once(None).chain(by_code).map(|code| Part::One(name, code)).collect())
    }

    /// All books, each below its shelf.
    pub fn below_shelves() -> Ask {
        let list = List { on: On::Books, filter: Filter::All, order: Order::Rank };
        let Ask(parts) = Ask::whole(list);
        let below = |part| match part {
            Part::Page(excerpt) => Part::Below(None, excerpt),
            other => other,
        };
        Ask(parts.into_iter().map(below).collect())
    }

    /// Questions that are often on their way several times at once, and whose answers servers keep.
    pub fn common(dice: &mut Dice, names: &[Name]) -> Vec<Ask> {
        (0..COMMON).map(|_| Ask::draw(dice, &Cursors::default(), names, None)).collect()
    }

    pub fn draw(dice: &mut Dice, cursors: &Cursors, names: &[Name], focus: Option<&Focus>) -> Ask {
        let parts = 1 + dice.roll(MOST_PARTS);
        Ask((0..parts).map(|_| Part::draw(dice, cursors, names, focus)).collect())
    }

    /// The types that it asks for.
    pub fn kinds(&self) -> Vec<Kind> {
        Kind::ALL.into_iter().filter(|kind| self.0.iter().any(|part| part.asks_for(*kind))).collect()
    }

    pub fn text(&self) -> String {
        let parts: Vec<String> =
            self.0.iter().enumerate().map(|(number, part)| format!("p{number}: {}", part.text())).collect();
        format!("{{ {} }}", parts.join(" "))
    }

    /// Judges the data of an answer, and keeps the cursors in it.
    pub fn judge(&self, judge: &Judge<'_>, data: &Json, cursors: &mut Cursors) -> Verdict {
        let mut verdict = Verdict::default();
        for (number, part) in self.0.iter().enumerate() {
            part.judge(judge, &data[format!("p{number}")], cursors, &mut verdict);
        }
        verdict
    }
}

impl Part {
    fn draw(dice: &mut Dice, cursors: &Cursors, names: &[Name], focus: Option<&Focus>) -> Part {
        let name = focus.map_or_else(|| names[dice.roll(names.len())], |focus| focus.name);
        match dice.roll(10) {
            0 | 1 => {
                let by_code = name.kind.has_code() && dice.once_in(2);
                Part::One(name, by_code.then(|| dice.roll(CODES)))
            }
            2 => {
                let list = List { on: On::Books, filter: Filter::All, order: dice.one_of(&Order::ALL) };
                let excerpt = Excerpt::draw(dice, &Cursors::default(), list);
                Part::Below((!dice.once_in(3)).then(|| dice.roll(SHELVES)), excerpt)
            }
            _ => {
                let list = draw_list(dice, focus);
                Part::Page(Excerpt::draw(dice, cursors, list))
            }
        }
    }

    fn asks_for(&self, kind: Kind) -> bool {
        match self {
            Part::Page(excerpt) => excerpt.list.on.has(kind),
            Part::One(name, _) => name.kind == kind,
            Part::Below(..) => matches!(kind, Kind::Book | Kind::Shelf),
        }
    }

    fn text(&self) -> String {
        match self {
            Part::Page(excerpt) => excerpt.text(),
            Part::One(name, code) => {
                let (kind, id) = (name.kind.name(), name.id());
                let field = kind.to_lowercase();
                let shelf = if name.kind == Kind::Book {
                    format!("shelf {{ {} }}", Kind::Shelf.selection())
                } else {
                    String::new()
                };
                let selection = format!("{{ {} {shelf} }}", name.kind.selection());
                match code {
                    None => format!("{field}(id: \"{id}\") {selection}"),
                    Some(which) => format!("{field}ByCode(code: \"{}\") {selection}", name.code(*which)),
                }
            }
            Part::Below(shelf, excerpt) => {
                let selection = format!("{{ {} {} }}", Kind::Shelf.selection(), excerpt.text());
                match shelf {
                    None => format!("shelves {{ nodes {selection} }}"),
                    Some(number) => {
                        let id = Name { kind: Kind::Shelf, number: *number }.id();
                        format!("shelf(id: \"{id}\") {selection}")
                    }
                }
            }
        }
    }

    fn judge(&self, judge: &Judge<'_>, answer: &Json, cursors: &mut Cursors, verdict: &mut Verdict) {
        match self {
            Part::Page(excerpt) => excerpt.judge(judge, answer, cursors, verdict),
            Part::One(name, code) => {
                judge.one(*name, *code, answer, verdict);
                if name.kind == Kind::Book {
                    judge.parent(answer, &answer["shelf"], verdict);
                }
            }
            Part::Below(shelf, excerpt) => {
                let shelves = match shelf {
                    Some(number) => {
                        judge.one(Name { kind: Kind::Shelf, number: *number }, None, answer, verdict);
                        vec![answer]
                    }
                    None => {
                        let list = List { on: On::Shelves, filter: Filter::All, order: Order::Id };
                        let window = Window { rows: 20, ..Window::default() };
                        let rows: Vec<&Json> = answer["nodes"].as_array().into_iter().flatten().collect();
                        let page = Page {
                            list: &list,
                            window: &window,
                            rows: rows.clone(),
                            total: None,
                            next: None,
                            previous: None,
                        };
                        judge.page(&page, verdict);
                        rows
                    }
                };
                for shelf in shelves {
                    let id = shelf["id"].as_str().unwrap_or_default();
                    if let Some(name) = Name::of(Kind::Shelf, id) {
                        let list = List { filter: Filter::Shelf(name.number), ..excerpt.list };
                        let books = &shelf[excerpt.list.on.field()];
                        Excerpt { list, ..excerpt.clone() }.judge(judge, books, cursors, verdict);
                    }
                }
            }
        }
    }
}

/// A list at random, or one that a document in focus is in, or was.
fn draw_list(dice: &mut Dice, focus: Option<&Focus>) -> List {
    let on = match focus.map(|focus| focus.name.kind) {
        None if dice.once_in(20) => On::Leaves,
        None => dice.one_of(&[On::Books, On::Books, On::Discs, On::Things]),
        Some(Kind::Shelf) => On::Shelves,
        Some(Kind::Leaf) => On::Leaves,
        Some(_) if dice.once_in(3) => On::Things,
        Some(Kind::Book) => On::Books,
        Some(Kind::Disc) => On::Discs,
    };
    let mut filters = Filter::of(on);
    if let Some(focus) = focus {
        let touched = |filter: &Filter| focus.states.iter().any(|state| filter.matches(state));
        let of_focus: Vec<Filter> = filters.iter().copied().filter(touched).collect();
        filters = if of_focus.is_empty() { filters } else { of_focus };
    }
    List { on, filter: dice.one_of(&filters), order: dice.one_of(&Order::ALL) }
}

impl Excerpt {
    fn draw(dice: &mut Dice, cursors: &Cursors, list: List) -> Excerpt {
        let rows = dice.one_of(&[1, 3, 5, 10, 10, WHOLE, WHOLE, WHOLE]);
        let from_end = dice.once_in(4);
        let offset = if !from_end && dice.once_in(4) { 1 + dice.roll(6) } else { 0 };
        let mut window = Window { rows, from_end, offset, ..Window::default() };
        let (mut after, mut before) = (None, None);
        if dice.once_in(3)
            && let Some((text, place)) = cursors.draw(dice, &list)
        {
            (after, window.after) = (Some(text.clone()), Some(place.clone()));
        } else if dice.once_in(6)
            && let Some((text, place)) = cursors.draw(dice, &list)
        {
            (before, window.before) = (Some(text.clone()), Some(place.clone()));
        }
        let kinds =
            [Selection::Nodes, Selection::NodesAndCounts, Selection::NodesAndCounts, Selection::EdgesAndInfo];
        let selection = if dice.once_in(12) { Selection::Total } else { dice.one_of(&kinds) };
        Excerpt { list, window, after, before, selection }
    }

    fn text(&self) -> String {
        let Window { rows, from_end, offset, .. } = self.window;
        let mut arguments: Vec<String> = self.list.arguments().collect();
        arguments.push(format!("{}: {rows}", if from_end { "last" } else { "first" }));
        if offset > 0 {
            arguments.push(format!("offset: {offset}"));
        }
        let cursor =
            |name: &str, text: &Option<String>| text.as_ref().map(|text| format!("{name}: \"{text}\""));
        arguments.extend(cursor("after", &self.after));
        arguments.extend(cursor("before", &self.before));
        let fields = self.list.on.selection();
        let info = "pageInfo { hasNextPage hasPreviousPage }";
        let selection = match self.selection {
            Selection::Nodes => format!("nodes {{ {fields} }}"),
            Selection::NodesAndCounts => format!("nodes {{ {fields} }} totalCount {info}"),
            Selection::EdgesAndInfo => format!("edges {{ cursor node {{ {fields} }} }} {info}"),
            Selection::Total => "totalCount".to_owned(),
        };
        format!("{}({}) {{ {selection} }}", self.list.on.field(), arguments.join(", "))
    }

    fn judge(&self, judge: &Judge<'_>, answer: &Json, cursors: &mut Cursors, verdict: &mut Verdict) {
        let elements = |name: &str| answer[name].as_array().into_iter().flatten();
        let rows: Vec<&Json> = match self.selection {
            Selection::EdgesAndInfo => elements("edges").map(|edge| &edge["node"]).collect(),
            _ => elements("nodes").collect(),
        };
        // Without rows nothing is told of them.
        let nothing = Window::default();
        let window = if self.selection == Selection::Total { &nothing } else { &self.window };
        let info = &answer["pageInfo"];
        let page = Page {
            list: &self.list,
            window,
            rows,
            total: answer["totalCount"].as_i64(),
            next: info["hasNextPage"].as_bool(),
            previous: info["hasPreviousPage"].as_bool(),
        };
        let places = judge.page(&page, verdict);
        for (place, edge) in places.into_iter().flatten().zip(elements("edges")) {
            if let Some(cursor) = edge["cursor"].as_str() {
                cursors.keep(&self.list, cursor.to_owned(), place);
            }
        }
    }
}
