//! Transforms of a value on its way from the source to the document, one file each.

use serde_json::Value as Json;

use super::definition::choose;

mod date;
mod lower;
mod number;
mod split;
mod trim;
mod upper;

/// Transforms a value that is neither a list nor null. The error says why it cannot.
pub(super) type Transform = Box<dyn Fn(Json) -> Result<Json, String> + Send + Sync>;

/// Makes a transform from its arguments; the error describes valid arguments.
type Make = fn(Option<&toml::Value>) -> Result<Transform, String>;

const TRANSFORMS: [(&str, Make); 6] = [
    ("date", date::make),
    ("lower", lower::make),
    ("number", number::make),
    ("split", split::make),
    ("trim", trim::make),
    ("upper", upper::make),
];

/// The transforms of a `transforms` list, or the faults of all invalid ones.
pub(super) fn list(value: &toml::Value) -> Result<Vec<Transform>, Vec<String>> {
    let Some(items) = value.as_array() else {
        return Err(vec!["this has to be a list of transforms such as `[\"trim\"]`".to_owned()]);
    };
    let (mut transforms, mut faults) = (Vec::new(), Vec::new());
    for item in items {
        match one(item) {
            Ok(transform) => transforms.push(transform),
            Err(fault) => faults.push(fault),
        }
    }
    if faults.is_empty() { Ok(transforms) } else { Err(faults) }
}

fn one(item: &toml::Value) -> Result<Transform, String> {
    let (name, arguments) = match item {
        toml::Value::String(name) => (name.as_str(), None),
        toml::Value::Table(table) if table.len() == 1 => {
            let (name, arguments) = table.iter().next().expect("the table has one entry");
            (name.as_str(), Some(arguments))
        }
        _ => return Err("a transform is a name, or a table with a name and its arguments".to_owned()),
    };
    let make = choose(name, &TRANSFORMS).map_err(|fault| format!("the transform {fault}"))?;
    make(arguments).map_err(|remedy| format!("the transform `{name}` has to be written as {remedy}"))
}

/// Applies the transforms in order: to each item of a list, and not to null.
pub(super) fn apply(transforms: &[Transform], value: Json) -> Result<Json, String> {
    transforms.iter().try_fold(value, |value, transform| each(transform, value))
}

fn each(transform: &Transform, value: Json) -> Result<Json, String> {
    match value {
        Json::Null => Ok(Json::Null),
        Json::Array(items) => {
            items.into_iter().map(|item| each(transform, item)).collect::<Result<_, _>>().map(Json::Array)
        }
        value => transform(value),
    }
}

/// A transform of texts, without arguments.
fn of_text(
    name: &'static str,
    arguments: Option<&toml::Value>,
    change: impl Fn(&str) -> String + Send + Sync + 'static,
) -> Result<Transform, String> {
    match arguments {
        None => Ok(Box::new(move |value| text(name, &value).map(|text| Json::String(change(text))))),
        Some(_) => Err(format!("`\"{name}\"`, without arguments")),
    }
}

/// The text that a transform needs.
fn text<'a>(name: &str, value: &'a Json) -> Result<&'a str, String> {
    value.as_str().ok_or_else(|| format!("`{name}` needs a text, not {value}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn transformed(transforms: &str, value: Json) -> Result<Json, String> {
        let table: toml::Table = format!("t = {transforms}").parse().expect("TOML");
        let transforms = list(&table["t"]).map_err(|faults| faults.join("; "))?;
        apply(&transforms, value)
    }

    #[test]
    fn each_does_its_work() {
        for (transforms, value, result) in [
            ("['trim']", json!("  a b "), json!("a b")),
            ("['trim', 'lower']", json!(" ÀB "), json!("àb")),
            ("['upper']", json!("straße"), json!("STRASSE")),
            ("[{split = ';'}]", json!("a; b;;"), json!(["a", "b"])),
            ("[{split = ';'}, 'upper']", json!("a;b"), json!(["A", "B"])),
            ("[{date = '%d.%m.%Y'}]", json!("31.12.2024"), json!("2024-12-31")),
            ("[{date = '%d.%m.%Y %H:%M'}]", json!("31.12.2024 23:59"), json!("2024-12-31T23:59:00Z")),
            (
                "[{date = '%Y-%m-%d %H:%M %z'}]",
                json!("2024-12-31 23:59 +0200"),
                json!("2024-12-31T21:59:00Z"),
            ),
            ("[{date = '%s'}]", json!("86400"), json!("1970-01-02T00:00:00Z")),
            ("[{date = '%d.%m.%Y'}]", json!("31.12.9999"), json!("9999-12-31")),
            (
                "[{date = '%Y-%m-%d %H:%M:%S%.f'}]",
                json!("9999-12-31 23:59:59.999"),
                json!("9999-12-31T23:59:59.999Z"),
            ),
            (
                "[{date = '%Y-%m-%d %H:%M %z'}]",
                json!("0000-01-01 02:00 +0200"),
                json!("0000-01-01T00:00:00Z"),
            ),
            ("['trim']", Json::Null, Json::Null),
        ] {
            assert_eq!(transformed(transforms, value), Ok(result), "{transforms}");
        }
        let numbers = [
            ("['number']", " 1234.50 ", "1234.50"),
            ("[{number = {decimal = ',', group = '.'}}]", "1.234,50", "1234.50"),
        ];
        for (transforms, text, result) in numbers {
            assert_eq!(
                transformed(transforms, json!(text)).map(|number| number.to_string()),
                Ok(result.into())
            );
        }
    }

    #[test]
    fn values_that_do_not_fit_are_told() {
        for (transforms, value) in [
            ("['trim']", json!(1)),
            ("['number']", json!("12 apples")),
            ("[{date = '%d.%m.%Y'}]", json!("2024-12-31")),
        ] {
            assert!(transformed(transforms, value).is_err(), "{transforms}");
        }
    }

    #[test]
    fn wrong_definitions_are_told() {
        for (transforms, message) in [
            ("'trim'", "this has to be a list of transforms"),
            ("['trimm']", "the transform `trimm` is not known; did you mean `trim`?"),
            ("['split']", "the transform `split` has to be written as"),
            ("[{trim = 1}]", "without arguments"),
            ("[{number = {decimals = ','}}]", "the transform `number` has to be written as"),
            ("[3, 'x']", "a transform is a name"),
        ] {
            let error = transformed(transforms, Json::Null).expect_err(transforms);
            assert!(error.contains(message), "{error}");
        }
    }
}
