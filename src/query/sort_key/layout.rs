//! The bytes that have a meaning in a key.

use crate::value::Doc;

/// Levels of nesting that are told apart.
pub(super) const MAX_DEPTH: usize = Doc::DEPTH;

/// The classes of types in MongoDB's order. None is 0x00 or 0xFF, nor is a complement of one, so that
/// a rank after a terminator is never taken for an escape.
pub(super) mod rank {
    pub const MIN_KEY: u8 = 0x08;
    pub const UNDEFINED: u8 = 0x0c;
    pub const NULL: u8 = 0x10;
    pub const NUMBER: u8 = 0x18;
    pub const STRING: u8 = 0x20;
    pub const OBJECT: u8 = 0x28;
    pub const ARRAY: u8 = 0x30;
    pub const BINARY: u8 = 0x38;
    pub const OBJECT_ID: u8 = 0x40;
    pub const BOOLEAN: u8 = 0x48;
    pub const DATE: u8 = 0x50;
    pub const TIMESTAMP: u8 = 0x58;
    pub const REGEX: u8 = 0x60;
    pub const DB_POINTER: u8 = 0x68;
    pub const CODE: u8 = 0x70;
    pub const CODE_WITH_SCOPE: u8 = 0x78;
    pub const MAX_KEY: u8 = 0xf0;
}

/// Ends texts and containers. Within a text a NUL is followed by [`ESCAPE`].
pub(super) const END: u8 = 0x00;
/// Marks a NUL as one that does not end the text.
pub(super) const ESCAPE: u8 = 0xff;
