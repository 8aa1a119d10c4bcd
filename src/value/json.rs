//! Parses untrusted JSON exactly as written.
//!
//! To keep numbers exact, serde_json gives some object keys a special meaning: a client that sends these
//! keys controls what is parsed and how deep. serde_json also changes the notation of exponents. This
//! parser bounds the depth, keeps each number's text, and refuses the special keys, because they would
//! regain their meaning wherever a value passes through serde.

use std::fmt;

use serde_json::{Map, Number, Value as Json};

/// Maximum nesting of lists and objects.
pub const DEPTH: usize = 128;

/// Prefix of serde_json's special keys.
const RESERVED: &str = "$serde_json::private::";

/// Why a text is refused as JSON, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JsonFault {
    /// What is wrong.
    pub what: String,
    /// Offset of the byte at which it is.
    pub at: usize,
    line: usize,
    column: usize,
}

/// A field of an object, and where it stands: offsets of bytes in the text.
#[derive(Clone, Debug, PartialEq)]
pub struct Field {
    /// Its key.
    pub key: String,
    /// Where the key begins, with its quotation mark.
    pub key_at: usize,
    /// Its value.
    pub value: Json,
    /// Where the value begins.
    pub at: usize,
}

impl fmt::Display for JsonFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at line {} column {}", self.what, self.line, self.column)
    }
}

impl std::error::Error for JsonFault {}

/// The value that a text in UTF-8 holds; a byte order mark before it is skipped.
pub fn parse(bytes: &[u8]) -> Result<Json, JsonFault> {
    let text = std::str::from_utf8(bytes).map_err(|error| place(bytes, error.valid_up_to(), "no UTF-8"))?;
    let mut reader = Reader { text, at: if text.starts_with('\u{feff}') { 3 } else { 0 } };
    let read = reader.value(DEPTH).and_then(|value| match reader.peek() {
        None => Ok(value),
        Some(_) => Err("something after the end of the value".to_owned()),
    });
    read.map_err(|what| place(bytes, reader.at, &what))
}

/// The fields of the object that begins at an offset of a text that parses: in their order, repeated ones too.
pub fn fields(text: &str, at: usize) -> Result<Vec<Field>, JsonFault> {
    let (mut reader, mut fields) = (Reader { text, at }, Vec::new());
    let read = match reader.peek() {
        Some(b'{') => reader.fields(DEPTH, |field| fields.push(field)),
        _ => Err("expected an object".to_owned()),
    };
    read.map(|()| fields).map_err(|what| place(text.as_bytes(), reader.at, &what))
}

/// The items of the list that begins at an offset of a text that parses, and where each begins.
pub fn items(text: &str, at: usize) -> Result<Vec<(usize, Json)>, JsonFault> {
    let (mut reader, mut items) = (Reader { text, at }, Vec::new());
    let read = match reader.peek() {
        Some(b'[') => reader.items(DEPTH, |at, item| items.push((at, item))),
        _ => Err("expected a list".to_owned()),
    };
    read.map(|()| items).map_err(|what| place(text.as_bytes(), reader.at, &what))
}

fn place(bytes: &[u8], at: usize, what: &str) -> JsonFault {
    let at = at.min(bytes.len());
    let before = &bytes[..at];
    let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
    let column = before.iter().rev().take_while(|byte| **byte != b'\n').count() + 1;
    JsonFault { what: what.to_owned(), at, line, column }
}

struct Reader<'a> {
    text: &'a str,
    /// The next byte to read, or the place of a fault.
    at: usize,
}

impl<'a> Reader<'a> {
    fn byte(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    /// The next byte that is not white space.
    fn peek(&mut self) -> Option<u8> {
        while let Some(b' ' | b'\n' | b'\r' | b'\t') = self.byte() {
            self.at += 1;
        }
        self.byte()
    }

    /// Takes the next byte if it is this one, white space before it included.
    fn take(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    /// A value with at most `depth` levels.
    fn value(&mut self, depth: usize) -> Result<Json, String> {
        let deeper = || depth.checked_sub(1).ok_or_else(|| format!("more than {DEPTH} levels"));
        match self.peek() {
            Some(b'{') => self.object(deeper()?),
            Some(b'[') => self.list(deeper()?),
            Some(b'"') => self.string().map(Json::String),
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(_) => self.word(),
            None => Err("expected a value, but the text ends".to_owned()),
        }
    }

    fn object(&mut self, depth: usize) -> Result<Json, String> {
        let mut object = Map::new();
        self.fields(depth, |field| {
            object.insert(field.key, field.value);
        })?;
        Ok(Json::Object(object))
    }

    fn fields(&mut self, depth: usize, mut each: impl FnMut(Field)) -> Result<(), String> {
        self.at += 1;
        if self.take(b'}') {
            return Ok(());
        }
        loop {
            if self.peek() != Some(b'"') {
                return Err("expected a key in quotes".to_owned());
            }
            let key_at = self.at;
            let key = self.string()?;
            if key.starts_with(RESERVED) {
                self.at = key_at;
                return Err(format!("a key that begins with `{RESERVED}`, which is not taken,"));
            }
            if !self.take(b':') {
                return Err("expected `:`".to_owned());
            }
            self.peek();
            let at = self.at;
            let value = self.value(depth)?;
            each(Field { key, key_at, value, at });
            if self.take(b'}') {
                return Ok(());
            }
            if !self.take(b',') {
                return Err("expected `,` or `}`".to_owned());
            }
        }
    }

    fn list(&mut self, depth: usize) -> Result<Json, String> {
        let mut list = Vec::new();
        self.items(depth, |_, item| list.push(item))?;
        Ok(Json::Array(list))
    }

    fn items(&mut self, depth: usize, mut each: impl FnMut(usize, Json)) -> Result<(), String> {
        self.at += 1;
        if self.take(b']') {
            return Ok(());
        }
        loop {
            self.peek();
            let at = self.at;
            each(at, self.value(depth)?);
            if self.take(b']') {
                return Ok(());
            }
            if !self.take(b',') {
                return Err("expected `,` or `]`".to_owned());
            }
        }
    }

    fn string(&mut self) -> Result<String, String> {
        let start = self.at;
        let mut escapes = false;
        loop {
            self.at += 1;
            match self.byte() {
                Some(b'"') => break,
                Some(b'\\') => {
                    escapes = true;
                    self.at += 1;
                }
                Some(0..=0x1f) => return Err("a control character in a string".to_owned()),
                Some(_) => {}
                None => {
                    self.at = start;
                    return Err("a string without an end".to_owned());
                }
            }
        }
        self.at += 1;
        let quoted = &self.text[start..self.at];
        if !escapes {
            return Ok(quoted[1..quoted.len() - 1].to_owned());
        }
        serde_json::from_str(quoted).map_err(|_| {
            self.at = start;
            "a string with an escape that is none".to_owned()
        })
    }

    fn number(&mut self) -> Result<Json, String> {
        let start = self.at;
        self.at += usize::from(self.byte() == Some(b'-'));
        match self.byte() {
            Some(b'0') => self.at += 1,
            _ => self.digits()?,
        }
        if self.byte() == Some(b'.') {
            self.at += 1;
            self.digits()?;
        }
        if let Some(b'e' | b'E') = self.byte() {
            self.at += 1;
            self.at += usize::from(matches!(self.byte(), Some(b'+' | b'-')));
            self.digits()?;
        }
        // Parsing is what rewrites it; that it is a number has been seen.
        Ok(Json::Number(Number::from_string_unchecked(self.text[start..self.at].to_owned())))
    }

    fn digits(&mut self) -> Result<(), String> {
        let count = self.text.as_bytes()[self.at..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        self.at += count;
        if count > 0 { Ok(()) } else { Err("expected a digit".to_owned()) }
    }

    fn word(&mut self) -> Result<Json, String> {
        let words = [("null", Json::Null), ("true", Json::Bool(true)), ("false", Json::Bool(false))];
        let found =
            words.into_iter().find(|(word, _)| self.text.as_bytes()[self.at..].starts_with(word.as_bytes()));
        let (word, value) = found.ok_or_else(|| "expected a value".to_owned())?;
        self.at += word.len();
        Ok(value)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn refused(text: &str) -> String {
        parse(text.as_bytes()).expect_err(text).to_string()
    }

    #[test]
    fn numbers_keep_their_text() {
        for text in ["0", "-0", "1.0", "1E5", "1e5", "1e-05", "1.50E+007", "1e400", &"9".repeat(5_000)] {
            assert_eq!(parse(text.as_bytes()).expect(text).to_string(), text);
        }
    }

    #[test]
    fn keys_with_a_meaning_of_their_own_are_refused_however_they_are_written() {
        for key in [
            "$serde_json::private::Number",
            "$serde_json::private::RawValue",
            "\\u0024serde_json::private::RawValue",
            "$serde_json::private:\\u003aNumber",
            "$\\u0073erde_json::private::x",
        ] {
            for text in
                [format!("{{\"{key}\": \"1\"}}"), format!("[{{\"a\": {{\"b\": 1, \"{key}\": \"1\"}}}}]")]
            {
                assert!(refused(&text).contains("is not taken"), "{text}");
            }
            assert!(parse(format!("{{\"a\": \"{key}\"}}").as_bytes()).is_ok(), "it is a text like others");
        }
        assert!(parse(br#"{"$serde": 1, "a$serde_json::private::Number": 2}"#).is_ok());
    }

    #[test]
    fn fields_and_items_have_their_places() {
        let text = "{ \"a\" : 1,\n \"b\":[ {\"a\": \"\"}, 2 ], \"a\": null}";
        let found = fields(text, 0).expect("an object");
        let places: Vec<_> = found.iter().map(|field| (&*field.key, field.key_at, field.at)).collect();
        assert_eq!(places, [("a", 2, 8), ("b", 12, 16), ("a", 34, 39)]);
        let found = items(text, 16).expect("a list");
        assert_eq!(found.iter().map(|(at, _)| *at).collect::<Vec<_>>(), [18, 29]);
        assert_eq!(fields(text, found[0].0).expect("an object")[0].at, 24);
        for (text, fault) in [("[]", "expected an object"), ("{\"a\"", "expected `:`")] {
            assert_eq!(fields(text, 0).expect_err(text).what, fault);
        }
        assert_eq!(items("{}", 0).expect_err("an object").what, "expected a list");
    }

    #[test]
    fn the_depth_is_bounded() {
        let nested =
            |open: &str, close: &str, levels| format!("{}1{}", open.repeat(levels), close.repeat(levels));
        for (open, close) in [("[", "]"), ("{\"a\":", "}"), (" [ {\"a\" : ", "}]")] {
            let levels = DEPTH / open.matches(['[', '{']).count();
            assert!(parse(nested(open, close, levels).as_bytes()).is_ok());
            for levels in [levels + 1, 1_000_000] {
                assert!(refused(&nested(open, close, levels)).starts_with("more than 128 levels at line 1"));
            }
        }
        assert!(refused(&"[".repeat(1_000_000)).contains("levels"));
    }

    #[test]
    fn faults_have_their_place() {
        for (text, fault) in [
            ("", "expected a value, but the text ends at line 1 column 1"),
            ("{\n \"a\": tru}", "expected a value at line 2 column 7"),
            ("[1,]", "expected a value at line 1 column 4"),
            ("{\"a\" 1}", "expected `:` at line 1 column 6"),
            ("{a: 1}", "expected a key in quotes at line 1 column 2"),
            ("[1 2]", "expected `,` or `]` at line 1 column 4"),
            ("1 2", "something after the end of the value at line 1 column 3"),
            ("\"a", "a string without an end at line 1 column 1"),
            ("01", "something after the end of the value at line 1 column 2"),
        ] {
            assert_eq!(refused(text), fault, "{text}");
        }
        assert_eq!(parse(b"[\"\xff\"]").expect_err("no UTF-8").to_string(), "no UTF-8 at line 1 column 3");
        assert_eq!(parse("\u{feff}[]".as_bytes()), Ok(Json::Array(Vec::new())));
    }

    /// As serde_json reads it, exponents in its notation.
    fn expected(text: &str) -> Option<Json> {
        serde_json::from_str(text).ok()
    }

    fn normal(value: Json) -> Json {
        expected(&value.to_string()).expect("what was read is JSON")
    }

    proptest! {
        #[test]
        fn what_is_json_is_as_it_ever_was(
            text in r#"([\[\]{},:" \n]|"a":|null|true|-?[0-9]{1,3}(\.[0-9]+)?([eE][+-]?[0-9]{1,2})?|"([a-zé😀]|\\[nu"\\]|\\ud83d\\ude00|\\u[0-9a-f]{4}|[\x00\t])*"){0,12}"#
        ) {
            prop_assert_eq!(parse(text.as_bytes()).ok().map(normal), expected(&text), "{}", text);
        }

        #[test]
        fn values_are_read_as_they_are_written(value in any_json()) {
            for text in [value.to_string(), format!("{value:#}")] {
                prop_assert_eq!(parse(text.as_bytes()), Ok(value.clone()), "{}", text);
            }
        }
    }

    fn any_json() -> impl Strategy<Value = Json> {
        let leaf = prop_oneof![
            Just(Json::Null),
            any::<bool>().prop_map(Json::Bool),
            any::<i64>().prop_map(Json::from),
            any::<f64>().prop_map(Json::from),
            any::<String>().prop_map(Json::String),
        ];
        leaf.prop_recursive(6, 64, 6, |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..6).prop_map(Json::Array),
                proptest::collection::vec((any::<String>(), inner), 0..6)
                    .prop_map(|fields| Json::Object(fields.into_iter().collect())),
            ]
        })
    }
}
