//! What is stored and asked for: four types, documents with few values, lists that many of them are in. The discs of a group
//! are a partition.

use std::cmp::Ordering;

use bson::{Bson, Document, doc};
use serde_json::{Map, Value as Json, json};

pub const SDL: &str = r#"
type Shelf @collection(plural: "Shelves") {
  id: ID! @id(as: STRING, client: true)
  group: String!
  rank: Int!
  mark: Long!
  version: Int! @version
  books: [Book!]! @hasMany(field: "shelfId", onDelete: RESTRICT)
}

type Leaf @collection(plural: "Leaves") {
  id: ID! @id(as: STRING, client: true)
  group: String!
  rank: Int!
  mark: Long!
  version: Int! @version
}

interface Thing { id: ID! group: String! rank: Int! mark: Long! }

type Book implements Thing @collection {
  id: ID! @id(as: STRING, client: true)
  code: String! @unique
  group: String!
  rank: Int!
  mark: Long!
  shelfId: ID
  shelf: Shelf @belongsTo(field: "shelfId")
  version: Int! @version
}

type Disc implements Thing @collection @partition(by: ["group"]) {
  id: ID! @id(as: STRING, client: true)
  code: String! @unique
  group: String!
  rank: Int!
  mark: Long!
  version: Int! @version
}
"#;

/// The schema file without one of the types.
pub fn sdl_without(kind: Kind) -> String {
    let start = SDL.find(&format!("type {} ", kind.name())).expect("every type is in the schema file");
    let end = start + SDL[start..].find("\n}\n").expect("a type ends") + "\n}\n".len();
    SDL[..start].to_owned() + &SDL[end..]
}

/// The type of a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    Book,
    Disc,
    /// There are so many that a write of all of them voids their type.
    Leaf,
    Shelf,
}

impl Kind {
    pub const ALL: [Kind; 4] = [Kind::Book, Kind::Disc, Kind::Leaf, Kind::Shelf];

    pub fn name(self) -> &'static str {
        match self {
            Kind::Book => "Book",
            Kind::Disc => "Disc",
            Kind::Leaf => "Leaf",
            Kind::Shelf => "Shelf",
        }
    }

    pub fn plural(self) -> &'static str {
        match self {
            Kind::Book => "Books",
            Kind::Disc => "Discs",
            Kind::Leaf => "Leaves",
            Kind::Shelf => "Shelves",
        }
    }

    pub fn collection(self) -> &'static str {
        match self {
            Kind::Book => "books",
            Kind::Disc => "discs",
            Kind::Leaf => "leaves",
            Kind::Shelf => "shelves",
        }
    }

    fn letter(self) -> char {
        match self {
            Kind::Book => 'b',
            Kind::Disc => 'd',
            Kind::Leaf => 'l',
            Kind::Shelf => 's',
        }
    }

    pub fn of(name: &str) -> Option<Kind> {
        Kind::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// Whether its documents have a unique key.
    pub fn has_code(self) -> bool {
        matches!(self, Kind::Book | Kind::Disc)
    }

    /// What is selected of a document.
    pub fn selection(self) -> &'static str {
        match self {
            Kind::Book => "__typename id group rank mark code shelfId",
            Kind::Disc => "__typename id group rank mark code",
            Kind::Leaf | Kind::Shelf => "__typename id group rank mark",
        }
    }
}

/// A document's name: its type, and its number among those of the type. Names compare as ids do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name {
    pub kind: Kind,
    pub number: usize,
}

impl Name {
    pub fn id(self) -> String {
        format!("{}{:03}", self.kind.letter(), self.number)
    }

    /// The name of a document of this type with this id; ids of other programs have none.
    pub fn of(kind: Kind, id: &str) -> Option<Name> {
        let digits = id.strip_prefix(kind.letter())?;
        let are_three = digits.len() == 3 && digits.bytes().all(|digit| digit.is_ascii_digit());
        are_three.then_some(Name { kind, number: digits.parse().ok()? })
    }

    /// One of the values of the unique key that no other document ever has.
    pub fn code(self, which: usize) -> String {
        format!("{}/{which}", self.id())
    }
}

/// The values of a document; those that its type does not have stay at their defaults.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fields {
    pub group: &'static str,
    pub rank: i64,
    pub code: String,
    pub shelf: Option<usize>,
}

pub const GROUPS: [&str; 4] = ["blue", "green", "red", "white"];
pub const RANKS: usize = 10;
pub const SHELVES: usize = 4;
/// Values of the unique key that each document takes in turn.
pub const CODES: usize = 3;

impl Fields {
    /// As an input of the API, but for the id.
    pub fn to_json(&self, kind: Kind, mark: i64) -> Json {
        let mut object = json!({ "group": self.group, "rank": self.rank, "mark": mark });
        if kind.has_code() {
            object["code"] = json!(self.code);
        }
        if kind == Kind::Book {
            object["shelfId"] = json!(self.shelf.map(|number| Name { kind: Kind::Shelf, number }.id()));
        }
        object
    }

    /// Whether what is shown of a document fits these values and this mark.
    pub fn shows(&self, kind: Kind, mark: i64, shown: &Map<String, Json>) -> bool {
        let shelf = |id: &Json| match self.shelf {
            None => id.is_null(),
            Some(number) => {
                id.as_str().and_then(|id| Name::of(Kind::Shelf, id)).is_some_and(|name| name.number == number)
            }
        };
        shown.iter().all(|(field, value)| match (field.as_str(), kind) {
            ("group", _) => value == self.group,
            ("rank", _) => value.as_i64() == Some(self.rank),
            ("mark", _) => value.as_i64() == Some(mark),
            ("code", kind) if kind.has_code() => *value == self.code,
            ("shelfId", Kind::Book) => shelf(value),
            _ => true,
        })
    }

    /// As a document of the store, but for the id.
    pub fn to_bson(&self, kind: Kind, mark: i64) -> Document {
        let mut document = doc! { "group": self.group, "rank": self.rank as i32, "mark": mark };
        if kind.has_code() {
            document.insert("code", &self.code);
        }
        if kind == Kind::Book {
            document.insert("shelfId", self.shelf.map(|number| Name { kind: Kind::Shelf, number }.id()));
        }
        document
    }

    /// A document of the store, as its values and its mark; `None` when something is missing.
    pub fn from_bson(document: &Document) -> Option<(Fields, i64)> {
        let text = |key: &str| document.get_str(key).ok().map(str::to_owned);
        let shelf = text("shelfId").and_then(|id| Name::of(Kind::Shelf, &id)).map(|name| name.number);
        let group = document.get_str("group").ok()?;
        let group = GROUPS.into_iter().find(|known| *known == group)?;
        let code = text("code").unwrap_or_default();
        Some((Fields { group, rank: number(document, "rank")?, code, shelf }, number(document, "mark")?))
    }
}

/// A whole number of a document, of whatever size.
pub fn number(document: &Document, key: &str) -> Option<i64> {
    match document.get(key)? {
        Bson::Int32(number) => Some((*number).into()),
        Bson::Int64(number) => Some(*number),
        _ => None,
    }
}

/// Which documents a list is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum On {
    Books,
    Discs,
    Leaves,
    Shelves,
    /// Those of both types that implement the interface.
    Things,
}

impl On {
    pub const ALL: [On; 5] = [On::Books, On::Discs, On::Leaves, On::Shelves, On::Things];

    pub fn field(self) -> &'static str {
        match self {
            On::Books => "books",
            On::Discs => "discs",
            On::Leaves => "leaves",
            On::Shelves => "shelves",
            On::Things => "things",
        }
    }

    pub fn has(self, kind: Kind) -> bool {
        match self {
            On::Books => kind == Kind::Book,
            On::Discs => kind == Kind::Disc,
            On::Leaves => kind == Kind::Leaf,
            On::Shelves => kind == Kind::Shelf,
            On::Things => kind.has_code(),
        }
    }

    pub fn selection(self) -> &'static str {
        match self {
            On::Books => Kind::Book.selection(),
            On::Discs => Kind::Disc.selection(),
            On::Leaves => Kind::Leaf.selection(),
            On::Shelves => Kind::Shelf.selection(),
            On::Things => "__typename id group rank mark",
        }
    }
}

/// What a list keeps out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Filter {
    All,
    Group(usize),
    Groups(usize, usize),
    NotGroup(usize),
    From(i64),
    GroupBelow(usize, i64),
    /// Books of one shelf.
    Shelf(usize),
}

impl Filter {
    /// The filters that clients ask for: few, so that lists are asked for again.
    pub fn of(on: On) -> Vec<Filter> {
        if matches!(on, On::Leaves | On::Shelves) {
            return vec![Filter::All];
        }
        let mut all = vec![Filter::All, Filter::Groups(0, 2), Filter::NotGroup(1), Filter::From(5)];
        all.extend((0..GROUPS.len()).map(Filter::Group));
        all.extend([Filter::GroupBelow(0, 6), Filter::GroupBelow(3, 4)]);
        if on == On::Books {
            all.extend((0..SHELVES).map(Filter::Shelf));
        }
        all
    }

    pub fn matches(self, fields: &Fields) -> bool {
        let in_group = |group: usize| fields.group == GROUPS[group];
        match self {
            Filter::All => true,
            Filter::Group(group) => in_group(group),
            Filter::Groups(one, other) => in_group(one) || in_group(other),
            Filter::NotGroup(group) => !in_group(group),
            Filter::From(rank) => fields.rank >= rank,
            Filter::GroupBelow(group, rank) => in_group(group) && fields.rank < rank,
            Filter::Shelf(shelf) => fields.shelf == Some(shelf),
        }
    }

    /// The argument; nothing for all documents.
    fn text(self) -> Option<String> {
        let group = |group: usize| format!("\"{}\"", GROUPS[group]);
        let text = match self {
            Filter::All => return None,
            Filter::Group(one) => format!("{{group: {{eq: {}}}}}", group(one)),
            Filter::Groups(one, other) => format!("{{group: {{in: [{}, {}]}}}}", group(one), group(other)),
            Filter::NotGroup(one) => format!("{{not: {{group: {{eq: {}}}}}}}", group(one)),
            Filter::From(rank) => format!("{{rank: {{gte: {rank}}}}}"),
            Filter::GroupBelow(one, rank) => {
                format!("{{group: {{eq: {}}}, rank: {{lt: {rank}}}}}", group(one))
            }
            Filter::Shelf(number) => {
                format!("{{shelfId: {{eq: \"{}\"}}}}", Name { kind: Kind::Shelf, number }.id())
            }
        };
        Some(format!("where: {text}"))
    }
}

/// The orders that clients ask for; ids decide between equals.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Order {
    Id,
    Rank,
    GroupAndRankDown,
}

impl Order {
    pub const ALL: [Order; 3] = [Order::Id, Order::Rank, Order::GroupAndRankDown];

    fn text(self) -> Option<&'static str> {
        match self {
            Order::Id => None,
            Order::Rank => Some("orderBy: [{field: RANK}]"),
            Order::GroupAndRankDown => Some("orderBy: [{field: GROUP}, {field: RANK, direction: DESC}]"),
        }
    }

    pub fn compare(self, a: &Place, b: &Place) -> Ordering {
        let fields = match self {
            Order::Id => Ordering::Equal,
            Order::Rank => a.rank.cmp(&b.rank),
            Order::GroupAndRankDown => a.group.cmp(b.group).then(b.rank.cmp(&a.rank)),
        };
        // As ids compare, and names of types after them.
        fields.then_with(|| a.name.cmp(&b.name))
    }
}

/// Where a document stands in any order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    pub name: Name,
    group: &'static str,
    rank: i64,
}

impl Place {
    pub fn of(name: Name, fields: &Fields) -> Place {
        Place { name, group: fields.group, rank: fields.rank }
    }
}

/// Documents of one type or interface that a filter lets through, in an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct List {
    pub on: On,
    pub filter: Filter,
    pub order: Order,
}

impl List {
    /// All lists that clients ask for.
    pub fn all() -> Vec<List> {
        let of = |on| Filter::of(on).into_iter().map(move |filter| (on, filter));
        let every = On::ALL.into_iter().flat_map(of);
        every.flat_map(|(on, filter)| Order::ALL.map(|order| List { on, filter, order })).collect()
    }

    /// The arguments that make it, without those of a window.
    pub fn arguments(&self) -> impl Iterator<Item = String> {
        self.filter.text().into_iter().chain(self.order.text().map(str::to_owned))
    }
}
