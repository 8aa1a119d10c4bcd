//! Reads filters in the form of `BookWhere`.

use bson::Bson;
use serde_json::{Map, Value as Json};

use super::budget::{FilterBudget, FilterLimits};
use super::faults::Faults;
use super::fields_of;
use super::operator::{Operand, Operator};
use super::scalar::shown;
use super::subject::Subject;
use crate::engine::InputFault;
use crate::query::{CmpOp, Filter, Pattern};
use crate::schema::names::{INSENSITIVE, SENSITIVE, stored_path};
use crate::schema::{Collection, Field, Kind, Model};

/// The maximum number of characters of a search text.
const TEXT: usize = 1_000;

/// Reads the filter of a list that is the only one of its operation; see [`filter_within`].
pub fn filter(
    model: &Model,
    on: &str,
    given: &Json,
    limits: &FilterLimits,
) -> Result<Filter, Vec<InputFault>> {
    filter_within(model, on, given, limits, &FilterBudget::new(limits))
}

/// Reads the filter of a list of the collection type or interface `on`. Reports all faults at once. Null is
/// accepted only as a value in `eq`, `ne`, `in` and `nin`, and for the whole filter, where it matches every
/// document.
pub fn filter_within(
    model: &Model,
    on: &str,
    given: &Json,
    limits: &FilterLimits,
    budget: &FilterBudget,
) -> Result<Filter, Vec<InputFault>> {
    if given.is_null() {
        return Ok(Filter::all());
    }
    let mut faults = Faults::default();
    let ids = model.members(on).first().and_then(|name| model.collection(name)).map(AsRef::as_ref);
    let scope = Scope { fields: fields_of(model, on), ids, prefix: "" };
    let mut reader = Reader { model, limits, budget, spent: false };
    let filter = reader.object(&scope, given, limits.depth, &mut faults);
    faults.finish(Some(filter))
}

/// The meaning of names in a filter object.
struct Scope<'a> {
    fields: &'a [Field],
    /// The type whose ids `id` compares; `None` inside embedded values.
    ids: Option<&'a Collection>,
    prefix: &'a str,
}

struct Reader<'a> {
    model: &'a Model,
    limits: &'a FilterLimits,
    budget: &'a FilterBudget,
    /// Whether the budget has run out, which is reported once.
    spent: bool,
}

impl Reader<'_> {
    /// Reads an object of conditions, all of which must hold.
    fn object(&mut self, scope: &Scope<'_>, given: &Json, depth: usize, faults: &mut Faults) -> Filter {
        let Json::Object(conditions) = given else {
            faults.add(format!("expected an object of conditions, got {}", shown(given)));
            return Filter::none();
        };
        let Some(depth) = depth.checked_sub(1) else {
            faults.add(format!("a filter may be {} levels deep", self.limits.depth));
            return Filter::none();
        };
        let parts = conditions.iter().map(|(key, given)| {
            faults.at(key, |faults| match (key.as_str(), scope.ids) {
                ("and", _) => Filter::And(self.objects(scope, given, depth, faults)),
                ("or", _) => Filter::Or(self.objects(scope, given, depth, faults)),
                ("not", _) => Filter::Not(Box::new(self.object(scope, given, depth, faults))),
                ("id", Some(of)) => {
                    self.operators(&Subject::Id(of), "_id", Operator::of_id(), given, depth, faults)
                }
                (key, _) => self.field(scope, key, given, depth, faults),
            })
        });
        Filter::And(parts.collect())
    }

    fn objects(&mut self, scope: &Scope<'_>, given: &Json, depth: usize, faults: &mut Faults) -> Vec<Filter> {
        let Json::Array(items) = given else {
            faults.add(format!("expected a list of filters, got {}", shown(given)));
            return Vec::new();
        };
        let mut parts = Vec::with_capacity(items.len());
        for (index, item) in items.iter().enumerate() {
            faults.at_index(index, |faults| {
                if self.spend(1, faults) {
                    parts.push(self.object(scope, item, depth, faults));
                }
            });
        }
        parts
    }

    fn field(
        &mut self,
        scope: &Scope<'_>,
        name: &str,
        given: &Json,
        depth: usize,
        faults: &mut Faults,
    ) -> Filter {
        let Some(field) = scope.fields.iter().find(|field| *field.name == *name) else {
            let names: Vec<&str> = scope.fields.iter().map(|field| &*field.name).collect();
            faults.add(format!("nothing can be filtered by this; there are {}", names.join(", ")));
            return Filter::none();
        };
        let path = format!("{}{}", scope.prefix, stored_path(field));
        match (&field.ty.kind, field.ty.list) {
            (Kind::Embedded(inner), None) => {
                let prefix = format!("{path}.");
                self.object(&self.inside(inner, &prefix), given, depth, faults)
            }
            _ => self.operators(&Subject::Field(field), &path, Operator::of(&field.ty), given, depth, faults),
        }
    }

    /// The scope for an embedded type's fields.
    fn inside<'s>(&self, name: &str, prefix: &'s str) -> Scope<'s>
    where
        Self: 's,
    {
        let fields = self.model.embedded.get(name).map_or(&[][..], |inner| &inner.fields);
        Scope { fields, ids: None, prefix }
    }

    /// Reads an object of operators on one field, all of which must hold.
    fn operators(
        &mut self,
        subject: &Subject<'_>,
        path: &str,
        known: &[Operator],
        given: &Json,
        depth: usize,
        faults: &mut Faults,
    ) -> Filter {
        let names = || known.iter().map(|operator| operator.name()).collect::<Vec<_>>().join(", ");
        let Json::Object(operators) = given else {
            faults.add(format!("expected an object with operators ({}), got {}", names(), shown(given)));
            return Filter::none();
        };
        let insensitive = mode(operators, faults);
        let mut parts = Vec::with_capacity(operators.len());
        for (name, operand) in operators {
            faults.at(name, |faults| match known.iter().find(|operator| operator.name() == name) {
                None => faults.add(format!("there is no such operator here; there are {}", names())),
                Some(_) if !self.spend(1, faults) => {}
                Some(operator) => {
                    let on = On { subject, path, insensitive };
                    parts.extend(self.operator(&on, *operator, operand, depth, faults));
                }
            });
        }
        Filter::And(parts)
    }

    fn operator(
        &mut self,
        on: &On<'_>,
        operator: Operator,
        given: &Json,
        depth: usize,
        faults: &mut Faults,
    ) -> Option<Filter> {
        match operator.operand() {
            Operand::Mode => None,
            Operand::Flag => {
                let Some(flag) = given.as_bool() else {
                    faults.add(format!("expected true or false, got {}", shown(given)));
                    return None;
                };
                let holds = match operator {
                    Operator::IsEmpty => Filter::IsEmpty(on.path.to_owned()),
                    _ => on.subject.exists(on.path),
                };
                Some(if flag { holds } else { not(holds) })
            }
            Operand::Text => {
                let text = text(given, faults)?;
                let pattern = match operator {
                    Operator::Matches => {
                        faults.keep(Pattern::regex(text, on.insensitive).map_err(|error| error.0))?
                    }
                    _ => {
                        let (start, end) = (operator == Operator::StartsWith, operator == Operator::EndsWith);
                        Pattern::literal(text, start, end, on.insensitive)
                    }
                };
                self.afford(Filter::Matches(on.path.to_owned(), pattern), faults)
            }
            Operand::Filter => {
                let Kind::Embedded(inner) = on.subject.kind()? else { return None };
                let filter = self.object(&self.inside(inner, ""), given, depth, faults);
                Some(Filter::Some(on.path.to_owned(), Box::new(filter)))
            }
            Operand::Value | Operand::NullableValue => {
                let value = self.value(on, operator, given, faults)?;
                let filter = compare(on, operator, vec![value], faults);
                self.afford(filter, faults)
            }
            Operand::Values | Operand::NullableValues => {
                let values = self.values(on, operator, given, faults)?;
                let filter = compare(on, operator, values, faults);
                self.afford(filter, faults)
            }
        }
    }

    /// One value in stored form.
    fn value(&self, on: &On<'_>, operator: Operator, given: &Json, faults: &mut Faults) -> Option<Bson> {
        match (given, operator.operand()) {
            (Json::Null, Operand::NullableValue | Operand::NullableValues) => Some(Bson::Null),
            (Json::Null, _) => {
                faults.add("must not be null; eq: null finds what has no value");
                None
            }
            (given, _) => faults.keep(on.subject.stored(self.model, given)),
        }
    }

    /// A list of values in stored form.
    fn values(
        &mut self,
        on: &On<'_>,
        operator: Operator,
        given: &Json,
        faults: &mut Faults,
    ) -> Option<Vec<Bson>> {
        let most = self.limits.values;
        match given {
            Json::Array(items) if items.len() > most => {
                faults.add(format!("may have {most} values, has {}", items.len()));
                None
            }
            Json::Array(items) if self.spend(items.len(), faults) => {
                let one =
                    |(index, item)| faults.at_index(index, |faults| self.value(on, operator, item, faults));
                // Looks at every item, to find all faults.
                let values: Vec<Option<Bson>> = items.iter().enumerate().map(one).collect();
                values.into_iter().collect()
            }
            Json::Array(_) => None,
            other => {
                faults.add(format!("expected a list of values, got {}", shown(other)));
                None
            }
        }
    }

    /// Counts operators and values; `false`, and a fault, when there are too many.
    fn spend(&mut self, count: usize, faults: &mut Faults) -> bool {
        let enough = !self.spent && self.budget.take_total(count);
        if !enough && !self.spent {
            let most = self.limits.total;
            faults.add(format!("the filters of an operation may have {most} operators and values"));
        }
        self.spent |= !enough;
        enough
    }

    /// The operator's filter if the budget has room for its patterns; otherwise a fault.
    fn afford(&mut self, filter: Filter, faults: &mut Faults) -> Option<Filter> {
        if self.spent {
            return None;
        }
        self.spent = !self.budget.take_patterns(filter.size());
        if self.spent {
            faults.add(
                "the patterns and texts of an operation's filters are too large together; use fewer or shorter \
                 ones, or smaller counts than in x{1,1000}",
            );
        }
        (!self.spent).then_some(filter)
    }
}

/// The target of an operator.
struct On<'a> {
    subject: &'a Subject<'a>,
    path: &'a str,
    insensitive: bool,
}

/// The filter of a comparing operator; only operators on lists have other than one value.
fn compare(on: &On<'_>, operator: Operator, values: Vec<Bson>, faults: &mut Faults) -> Filter {
    let ordered = |op, values: Vec<Bson>, faults: &mut Faults| {
        if on.insensitive {
            faults.add(format!("cannot be used with mode: {INSENSITIVE}"));
        }
        Filter::And(values.into_iter().map(|value| on.subject.cmp(on.path, op, value)).collect())
    };
    let has = |values| Filter::HasAny(on.path.to_owned(), values);
    match operator {
        Operator::Lt => ordered(CmpOp::Lt, values, faults),
        Operator::Lte => ordered(CmpOp::Lte, values, faults),
        Operator::Gt => ordered(CmpOp::Gt, values, faults),
        Operator::Gte => ordered(CmpOp::Gte, values, faults),
        Operator::Ne | Operator::Nin => not(equal(on, values, faults)),
        Operator::Has | Operator::HasAny => has(values),
        Operator::HasAll => Filter::And(values.into_iter().map(|value| has(vec![value])).collect()),
        _ => equal(on, values, faults),
    }
}

/// Equality with one of the values.
fn equal(on: &On<'_>, values: Vec<Bson>, faults: &mut Faults) -> Filter {
    if !on.insensitive {
        return on.subject.equal(on.path, values);
    }
    let one = |value| match value {
        Bson::String(value) => {
            check_text(&value, faults);
            Filter::Matches(on.path.to_owned(), Pattern::literal(&value, true, true, true))
        }
        other => Filter::eq(on.path, other),
    };
    Filter::Or(values.into_iter().map(one).collect())
}

fn not(filter: Filter) -> Filter {
    Filter::Not(Box::new(filter))
}

/// Whether the operators ask to ignore letter case.
fn mode(operators: &Map<String, Json>, faults: &mut Faults) -> bool {
    let name = Operator::Mode.name();
    match operators.get(name) {
        None => false,
        Some(mode) => match mode.as_str() {
            Some(INSENSITIVE) => true,
            Some(SENSITIVE) => false,
            _ => {
                let expected = format!("expected {SENSITIVE} or {INSENSITIVE}, got {}", shown(mode));
                faults.at(name, |faults| faults.add(expected));
                false
            }
        },
    }
}

fn text<'a>(given: &'a Json, faults: &mut Faults) -> Option<&'a str> {
    match given {
        Json::String(text) => {
            check_text(text, faults);
            Some(text)
        }
        other => {
            faults.add(format!("expected a String, got {}", shown(other)));
            None
        }
    }
}

fn check_text(text: &str, faults: &mut Faults) {
    if text.chars().nth(TEXT).is_some() {
        faults.add(format!("a text to search for may have {TEXT} characters"));
    }
}
