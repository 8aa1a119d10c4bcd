//! Decodes bytes into values that compare equal to the encoded ones. Accepts any bytes, because they may
//! come from a client.

use bson::spec::BinarySubtype;
use bson::{Binary, Bson, DateTime, Document, JavaScriptCodeWithScope, Regex, Timestamp};

use super::bytes::Reader;
use super::layout::{END, MAX_DEPTH, rank};
use super::number;

impl Reader<'_> {
    /// Reads a value.
    pub fn value(&mut self) -> Option<Bson> {
        self.nested(MAX_DEPTH)
    }

    /// Passes over a value.
    pub fn skip(&mut self) -> Option<()> {
        match self.byte()? {
            rank::MIN_KEY | rank::UNDEFINED | rank::NULL | rank::MAX_KEY => Some(()),
            rank::NUMBER => {
                let [first, .., form] = self.take::<9>()?;
                if form == number::WHOLE {
                    return Some(());
                }
                self.pass(2)?;
                let negative = first < 0x80;
                self.pass_until(if negative { !END } else { END })
            }
            rank::STRING | rank::CODE => self.skip_text(),
            rank::BINARY => {
                let length = u32::from_be_bytes(self.take()?) as usize;
                self.pass(length.checked_add(1)?)
            }
            rank::OBJECT_ID => self.pass(12),
            rank::BOOLEAN => self.pass(1),
            rank::DATE | rank::TIMESTAMP => self.pass(8),
            // Rare in an order: reading is good enough.
            rank => self.of_rank(rank, MAX_DEPTH).map(drop),
        }
    }

    fn nested(&mut self, depth: usize) -> Option<Bson> {
        let rank = self.byte()?;
        self.of_rank(rank, depth)
    }

    /// Reads the rest of a value whose rank has been read.
    fn of_rank(&mut self, rank: u8, depth: usize) -> Option<Bson> {
        Some(match rank {
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
                Bson::Binary(Binary { subtype, bytes: self.copy(length)? })
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
                self.byte()?;
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
                let holder = Document::from_reader(self.copy(length)?.as_slice()).ok()?;
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
}
