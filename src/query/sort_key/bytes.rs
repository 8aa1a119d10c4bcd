//! Reads the bytes of a key: one after the other, turned back where they are complemented.

use super::layout::{END, ESCAPE};

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

    /// Reads one byte.
    pub fn byte(&mut self) -> Option<u8> {
        let byte = self.peek()?;
        self.at += 1;
        Some(byte)
    }

    /// The next byte, which stays to be read.
    pub fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).map(|byte| byte ^ self.flip)
    }

    /// Reads a fixed number of bytes.
    pub fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let mut taken: [u8; N] = self.bytes.get(self.at..self.at.checked_add(N)?)?.try_into().ok()?;
        taken.iter_mut().for_each(|byte| *byte ^= self.flip);
        self.at += N;
        Some(taken)
    }

    /// Reads so many bytes.
    pub fn copy(&mut self, count: usize) -> Option<Vec<u8>> {
        let end = self.at.checked_add(count)?;
        let bytes = self.bytes.get(self.at..end)?.iter().map(|byte| byte ^ self.flip).collect();
        self.at = end;
        Some(bytes)
    }

    /// Passes over so many bytes.
    pub fn pass(&mut self, count: usize) -> Option<()> {
        let end = self.at.checked_add(count).filter(|end| *end <= self.bytes.len())?;
        self.at = end;
        Some(())
    }

    /// Passes over all bytes up to this one, and over it.
    pub fn pass_until(&mut self, end: u8) -> Option<()> {
        let end = end ^ self.flip;
        self.at += self.rest().iter().position(|byte| *byte == end)? + 1;
        Some(())
    }

    /// Passes over a text.
    pub fn skip_text(&mut self) -> Option<()> {
        loop {
            self.pass_until(END)?;
            match self.peek() {
                Some(ESCAPE) => self.at += 1,
                _ => return Some(()),
            }
        }
    }

    /// Reads a text.
    pub fn text(&mut self) -> Option<String> {
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
