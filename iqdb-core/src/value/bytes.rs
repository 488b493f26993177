//! Values as bytes: what they are, and the parts that are read one by one. No value is known here.
//!
//! ```text
//! value = 0                              null
//!       | 1                              false
//!       | 2                              true
//!       | 3  i64                         a whole number
//!       | 4  f64                         a float, which is finite
//!       | 5  i64                         a date, in microseconds since 1970
//!       | 6  u32 len  len × u8           a string of `len` bytes of UTF-8
//!       | 7  u32 len  u32 count  values  a list: `len` bytes of `count` and as many values
//!       | 8  u32 len  u32 count  entries a map: `len` bytes of `count` and as many entries
//! entry = u16 len  len × u8  value       a key, after the one before it, and its value
//! ```
//!
//! Numbers are little-endian. A list and a map say how long they are, so that one is passed over
//! without reading it.

pub(super) const NULL: u8 = 0;
pub(super) const FALSE: u8 = 1;
pub(super) const TRUE: u8 = 2;
pub(super) const INT: u8 = 3;
pub(super) const FLOAT: u8 = 4;
pub(super) const DATE_TIME: u8 = 5;
pub(super) const TEXT: u8 = 6;
pub(super) const LIST: u8 = 7;
pub(super) const MAP: u8 = 8;
/// No kind: of a value that can't be stored.
pub(super) const TOO_DEEP: u8 = u8::MAX;

/// The elements of an encoded list or the entries of a map that are still to be read, with their
/// number before them.
#[derive(Clone, Copy)]
pub(super) struct Elements<'a> {
    rest: &'a [u8],
    count: u32,
}

impl<'a> Elements<'a> {
    pub(super) fn len(self) -> usize {
        self.count as usize
    }

    pub(super) fn take<T>(&mut self, take: fn(&mut &'a [u8]) -> Option<T>) -> Option<T> {
        self.count = self.count.checked_sub(1)?;
        take(&mut self.rest)
    }
}

pub(super) fn take_key<'a>(rest: &mut &'a [u8]) -> Option<&'a str> {
    let len = u16::from_le_bytes(take_array(rest)?);
    std::str::from_utf8(take_bytes(rest, len.into())?).ok()
}

pub(super) fn take_elements<'a>(rest: &mut &'a [u8]) -> Option<Elements<'a>> {
    let mut elements = take_sized(rest)?;
    let count = u32::from_le_bytes(take_array(&mut elements)?);
    Some(Elements { rest: elements, count })
}

pub(super) fn take_sized<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let len = u32::from_le_bytes(take_array(rest)?);
    take_bytes(rest, len as usize)
}

pub(super) fn take_bytes<'a>(rest: &mut &'a [u8], len: usize) -> Option<&'a [u8]> {
    let (taken, behind) = rest.split_at_checked(len)?;
    *rest = behind;
    Some(taken)
}

pub(super) fn take_array<const N: usize>(rest: &mut &[u8]) -> Option<[u8; N]> {
    let (taken, behind) = rest.split_first_chunk::<N>()?;
    *rest = behind;
    Some(*taken)
}
