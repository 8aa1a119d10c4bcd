//! Decodes bytes into values that compare equal to the encoded ones. Accepts any bytes, because they may
//! come from a client.

use bson::spec::BinarySubtype;
use bson::{Binary, Bson, DateTime, Document, JavaScriptCodeWithScope, Regex, Timestamp};

use super::number;
use super::write::{END, ESCAPE, MAX_DEPTH, rank};

/// A place in a key.
pub(super) struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
    /// Xor-ed to every byte: 0xFF within descending parts.
    flip: u8,
}

impl<'a> Reader<'a> {
    pub fn new(bytes: &'a [u8]) -> Reader<'a> {
        Reader { bytes, at: 0, flip: 0 }
    }

    /// Whether what follows is complemented.
    pub fn flip(&mut self, flip: bool) {
        self.flip = if flip { 0xff } else { 0 };
    }

    /// What has not been read, as it is.
    pub fn rest(&self) -> &'a [u8] {
        &self.bytes[self.at..]
    }

    /// What has not been read, as text.
    pub fn rest_text(&self) -> Option<&'a str> {
        std::str::from_utf8(self.rest()).ok()
    }

    /// Reads a value.
    pub fn value(&mut self) -> Option<Bson> {
        self.nested(MAX_DEPTH)
    }

    /// Passes over a value.
    pub fn skip(&mut self) -> Option<()> {
        match self.byte()? {
            rank::MIN_KEY | rank::UNDEFINED | rank::NULL | rank::MAX_KEY => Some(()),
            rank::NUMBER => match self.pass(9)? ^ self.flip {
                number::WHOLE => Some(()),
                _ => {
                    let negative = self.bytes[self.at - 9] ^ self.flip < 0x80;
                    self.pass(2)?;
                    self.pass_until(if negative { !END } else { END })
                }
            },
            rank::STRING | rank::CODE => self.skip_text(),
            rank::BINARY => {
                let length = u32::from_be_bytes(self.take()?) as usize;
                self.pass(length.checked_add(1)?).map(drop)
            }
            rank::OBJECT_ID => self.pass(12).map(drop),
            rank::BOOLEAN => self.pass(1).map(drop),
            rank::DATE | rank::TIMESTAMP => self.pass(8).map(drop),
            // Rare in an order: reading is good enough.
            _ => {
                self.at -= 1;
                self.value().map(drop)
            }
        }
    }

    fn nested(&mut self, depth: usize) -> Option<Bson> {
        Some(match self.byte()? {
            rank::MIN_KEY => Bson::MinKey,
            rank::UNDEFINED => Bson::Undefined,
            rank::NULL => Bson::Null,
            rank::MAX_KEY => Bson::MaxKey,
            rank::NUMBER => number::read(u64::from_be_bytes(self.take()?), self)?,
            rank::STRING => Bson::String(self.text()?),
            rank::CODE => Bson::JavaScriptCode(self.text()?),
            rank::OBJECT_ID => Bson::ObjectId(bson::oid::ObjectId::from_bytes(self.take()?)),
            rank::BOOLEAN => match self.byte()? {
                0 => Bson::Boolean(false),
                1 => Bson::Boolean(true),
                _ => return None,
            },
            rank::DATE => {
                Bson::DateTime(DateTime::from_millis((u64::from_be_bytes(self.take()?) ^ (1 << 63)) as i64))
            }
            rank::TIMESTAMP => Bson::Timestamp(Timestamp {
                time: u32::from_be_bytes(self.take()?),
                increment: u32::from_be_bytes(self.take()?),
            }),
            rank::BINARY => {
                let length = u32::from_be_bytes(self.take()?) as usize;
                let subtype = BinarySubtype::from(self.byte()?);
                let end = self.at.checked_add(length)?;
                let bytes = self.bytes.get(self.at..end)?.iter().map(|byte| byte ^ self.flip).collect();
                self.at = end;
                Bson::Binary(Binary { subtype, bytes })
            }
            rank::REGEX => Bson::RegularExpression(Regex {
                pattern: self.text()?.try_into().ok()?,
                options: self.text()?.try_into().ok()?,
            }),
            rank::OBJECT => Bson::Document(self.document(depth)?),
            rank::ARRAY => {
                let mut elements = Vec::new();
                while self.peek()? != END {
                    elements.push(self.nested(depth.checked_sub(1)?)?);
                }
                self.at += 1;
                Bson::Array(elements)
            }
            rank::CODE_WITH_SCOPE => {
                let code = self.text()?;
                match self.nested(depth.checked_sub(1)?)? {
                    Bson::Document(scope) => {
                        Bson::JavaScriptCodeWithScope(JavaScriptCodeWithScope { code, scope })
                    }
                    _ => return None,
                }
            }
            rank::DB_POINTER => {
                let length = u32::from_be_bytes(self.take()?) as usize;
                let end = self.at.checked_add(length)?;
                let bytes: Vec<u8> =
                    self.bytes.get(self.at..end)?.iter().map(|byte| byte ^ self.flip).collect();
                self.at = end;
                let holder = Document::from_reader(bytes.as_slice()).ok()?;
                holder.get("p").filter(|value| matches!(value, Bson::DbPointer(_)))?.clone()
            }
            _ => return None,
        })
    }

    fn document(&mut self, depth: usize) -> Option<Document> {
        let mut document = Document::new();
        while self.byte()? != END {
            let name = self.text()?;
            document.insert(name, self.nested(depth.checked_sub(1)?)?);
        }
        Some(document)
    }

    /// Reads one byte.
    pub fn byte(&mut self) -> Option<u8> {
        let byte = self.peek()?;
        self.at += 1;
        Some(byte)
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).map(|byte| byte ^ self.flip)
    }

    /// Reads a fixed number of bytes.
    pub fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let mut taken: [u8; N] = self.bytes.get(self.at..self.at.checked_add(N)?)?.try_into().ok()?;
        taken.iter_mut().for_each(|byte| *byte ^= self.flip);
        self.at += N;
        Some(taken)
    }

    /// Passes over bytes; the last of them as it is.
    fn pass(&mut self, count: usize) -> Option<u8> {
        let end = self.at.checked_add(count)?;
        let last = *self.bytes.get(end.checked_sub(1)?)?;
        self.at = end;
        Some(last)
    }

    fn pass_until(&mut self, end: u8) -> Option<()> {
        let end = end ^ self.flip;
        self.at += self.rest().iter().position(|byte| *byte == end)? + 1;
        Some(())
    }

    fn skip_text(&mut self) -> Option<()> {
        loop {
            self.pass_until(END)?;
            match self.peek() {
                Some(ESCAPE) => self.at += 1,
                _ => return Some(()),
            }
        }
    }

    fn text(&mut self) -> Option<String> {
        let start = self.at;
        self.skip_text()?;
        let mut bytes = Vec::with_capacity(self.at - start);
        let mut escaped = false;
        for byte in &self.bytes[start..self.at - 1] {
            let byte = byte ^ self.flip;
            if !escaped {
                bytes.push(byte);
            }
            escaped = byte == END;
        }
        String::from_utf8(bytes).ok()
    }
}
