//! The text of a header: a Python dictionary of three entries, and nothing of Python beyond it.
//!
//! One pass without recursion, so the time is linear in the text whatever it says.

use iqdb::{Error, ErrorKind, Location, Result};

/// A value and where it begins in the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Located<T> {
    pub(super) value: T,
    pub(super) byte: u64,
}

/// The three entries that every header has.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Fields<'a> {
    pub(super) descr: Located<&'a str>,
    pub(super) fortran_order: Located<bool>,
    pub(super) shape: Located<Vec<u64>>,
}

/// Reads the text of a header that begins at byte `start` of its file.
pub(super) fn parse(text: &[u8], start: u64) -> Result<Fields<'_>> {
    let mut cursor = Cursor { text, at: 0, start };
    let (mut descr, mut fortran_order, mut shape) = (None, None, None);
    cursor.expect(b'{', "an opening brace")?;
    while !cursor.skip(b'}') {
        cursor.skip_spaces();
        let key_at = cursor.at;
        let key = cursor.string()?;
        cursor.expect(b':', "a colon")?;
        cursor.skip_spaces();
        let byte = cursor.byte();
        let twice = match key {
            "descr" => descr.replace(Located { value: cursor.descr()?, byte }).is_some(),
            "fortran_order" => {
                fortran_order.replace(Located { value: cursor.boolean()?, byte }).is_some()
            }
            "shape" => shape.replace(Located { value: cursor.shape()?, byte }).is_some(),
            _ => true,
        };
        if twice {
            cursor.at = key_at;
            return Err(cursor.unexpected("'descr', 'fortran_order' and 'shape', once each"));
        }
        if !cursor.skip(b',') && cursor.peek() != Some(b'}') {
            return Err(cursor.unexpected("a comma or a closing brace"));
        }
    }
    cursor.skip_spaces();
    if cursor.at != text.len() {
        return Err(cursor.unexpected("spaces to the end of the header"));
    }
    match (descr, fortran_order, shape) {
        (Some(descr), Some(fortran_order), Some(shape)) => {
            Ok(Fields { descr, fortran_order, shape })
        }
        (None, ..) => Err(cursor.unexpected("an entry 'descr'")),
        (_, None, _) => Err(cursor.unexpected("an entry 'fortran_order'")),
        (_, _, None) => Err(cursor.unexpected("an entry 'shape'")),
    }
}

struct Cursor<'a> {
    text: &'a [u8],
    at: usize,
    start: u64,
}

impl<'a> Cursor<'a> {
    /// Where the cursor stands, in the file.
    fn byte(&self) -> u64 {
        self.start + self.at as u64
    }

    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    fn skip_spaces(&mut self) {
        while self.peek().is_some_and(|byte| byte.is_ascii_whitespace()) {
            self.at += 1;
        }
    }

    /// Skips spaces and then `byte`, if it is there.
    fn skip(&mut self, byte: u8) -> bool {
        self.skip_spaces();
        let there = self.peek() == Some(byte);
        self.at += usize::from(there);
        there
    }

    fn expect(&mut self, byte: u8, name: &'static str) -> Result<()> {
        if self.skip(byte) { Ok(()) } else { Err(self.unexpected(name)) }
    }

    /// A string without escapes; no header of a plain item type needs one.
    fn string(&mut self) -> Result<&'a str> {
        self.skip_spaces();
        let Some(quote @ (b'\'' | b'"')) = self.peek() else {
            return Err(self.unexpected("a string"));
        };
        let rest = &self.text[self.at + 1..];
        let end = rest.iter().position(|byte| *byte == quote || *byte == b'\\');
        let text = match end {
            Some(end) if rest[end] == quote => str::from_utf8(&rest[..end]).ok(),
            _ => None,
        };
        let text = text.ok_or_else(|| self.unexpected("a string without escapes"))?;
        self.at += text.len() + 2;
        Ok(text)
    }

    fn descr(&mut self) -> Result<&'a str> {
        if self.peek() == Some(b'[') {
            return Err(Error::new(ErrorKind::NotSupported, "the array holds structures")
                .at(Location::Byte(self.byte()))
                .expected("one plain item type")
                .hint("save the field that holds the vectors as an array of its own"));
        }
        self.string()
    }

    fn boolean(&mut self) -> Result<bool> {
        for (word, value) in [(&b"True"[..], true), (b"False", false)] {
            if self.text[self.at..].starts_with(word) {
                self.at += word.len();
                return Ok(value);
            }
        }
        Err(self.unexpected("True or False"))
    }

    /// A tuple of whole numbers.
    fn shape(&mut self) -> Result<Vec<u64>> {
        let mut shape = Vec::new();
        self.expect(b'(', "an opening parenthesis")?;
        while !self.skip(b')') {
            shape.push(self.number()?);
            if !self.skip(b',') && self.peek() != Some(b')') {
                return Err(self.unexpected("a comma or a closing parenthesis"));
            }
        }
        Ok(shape)
    }

    fn number(&mut self) -> Result<u64> {
        self.skip_spaces();
        let digits = self.text[self.at..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        let number = str::from_utf8(&self.text[self.at..self.at + digits])
            .ok()
            .and_then(|digits| digits.parse().ok())
            .ok_or_else(|| self.unexpected("a whole number below 2^64"))?;
        self.at += digits;
        Ok(number)
    }

    fn unexpected(&self, expected: &'static str) -> Error {
        const SHOWN_BYTES: usize = 24;
        let rest = &self.text[self.at..];
        let error = Error::new(ErrorKind::Damaged, "the array's header can't be read")
            .at(Location::Byte(self.byte()))
            .expected(expected);
        if rest.is_empty() {
            error.found("the end of the header")
        } else {
            let shown = rest[..rest.len().min(SHOWN_BYTES)].escape_ascii().to_string();
            error.found(format_args!("\"{}\"", shown.replace("\\'", "'")))
        }
    }
}
