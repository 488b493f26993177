//! Numbers, ids and payloads as bytes, the same on every machine.
//!
//! Whole numbers are little-endian, floats are their bits, and nothing is aligned. Reading believes
//! no length before the bytes are there, keeps the published limits, and ends in an
//! [`ErrorKind::Damaged`] that names the byte at which it went wrong: hostile bytes cost a small
//! multiple of their own length and never a panic. There is one way to write each thing, and no
//! other is read.

// What is fuzzed on its own.
#![cfg_attr(not(feature = "sim"), allow(unreachable_pub))]

mod id;
mod payload;
#[cfg(test)]
mod tests;

use iqdb_core::{Error, ErrorKind, Location, Result};

pub use id::{put_id, take_id};
pub use payload::{put_payload, take_payload, take_value};

/// Appends one byte.
pub fn put_u8(out: &mut Vec<u8>, value: u8) {
    out.push(value);
}

/// Appends two bytes.
pub fn put_u16(out: &mut Vec<u8>, value: u16) {
    out.extend_from_slice(&value.to_le_bytes());
}

/// Appends four bytes.
pub fn put_u32(out: &mut Vec<u8>, value: u32) {
    out.extend_from_slice(&value.to_le_bytes());
}

/// Appends eight bytes.
pub fn put_u64(out: &mut Vec<u8>, value: u64) {
    out.extend_from_slice(&value.to_le_bytes());
}

/// Appends bytes as they are, without their length.
pub fn put_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    out.extend_from_slice(bytes);
}

/// Reads bytes from the first to the last. After an error it stands where it stood before the call
/// or somewhere behind, and is good for nothing.
#[derive(Debug, Clone)]
pub struct Reader<'a> {
    bytes: &'a [u8],
    /// How many bytes have been read.
    at: usize,
    /// Where the first byte is, counted from where errors shall count.
    base: u64,
}

impl<'a> Reader<'a> {
    /// Reads `bytes`; errors count from their first one.
    #[must_use]
    pub fn new(bytes: &'a [u8]) -> Self {
        Self::at(bytes, 0)
    }

    /// Reads `bytes`, the first of which is byte number `base` of what errors shall speak of.
    #[must_use]
    pub fn at(bytes: &'a [u8], base: u64) -> Self {
        Self { bytes, at: 0, base }
    }

    /// Where the next byte is, as errors count.
    #[must_use]
    pub fn offset(&self) -> u64 {
        self.base.saturating_add(self.at as u64)
    }

    /// How many bytes are left.
    #[must_use]
    pub fn remaining(&self) -> usize {
        self.bytes.len() - self.at
    }

    /// The bytes that are left.
    #[must_use]
    pub fn rest(&self) -> &'a [u8] {
        &self.bytes[self.at..]
    }

    /// An error that names the next byte.
    #[must_use]
    pub fn damaged(&self, message: &'static str) -> Error {
        damaged_at(self.offset(), message)
    }

    /// Sees that nothing is left.
    ///
    /// # Errors
    /// [`ErrorKind::Damaged`] when there is.
    pub fn finish(&self) -> Result<()> {
        match self.remaining() {
            0 => Ok(()),
            left => Err(self
                .damaged("there is more than was written")
                .expected("the end")
                .found(format_args!("{left} more bytes"))),
        }
    }

    /// The next `len` bytes.
    ///
    /// # Errors
    /// [`ErrorKind::Damaged`] when there are fewer.
    pub fn take_bytes(&mut self, len: usize) -> Result<&'a [u8]> {
        match self.bytes[self.at..].get(..len) {
            Some(bytes) => {
                self.at += len;
                Ok(bytes)
            }
            None => Err(self.too_short(len as u64)),
        }
    }

    /// The next `len` bytes, for a length that was read, too.
    ///
    /// # Errors
    /// [`ErrorKind::Damaged`] when there are fewer.
    pub fn take_long(&mut self, len: u64) -> Result<&'a [u8]> {
        // What fits no usize is more than there is.
        self.take_bytes(usize::try_from(len).unwrap_or(usize::MAX)).map_err(|_| self.too_short(len))
    }

    /// The next `len` bytes, which are UTF-8.
    ///
    /// # Errors
    /// [`ErrorKind::Damaged`] when there are fewer, or they are no UTF-8.
    pub fn take_text(&mut self, len: u64) -> Result<&'a str> {
        let start = self.offset();
        std::str::from_utf8(self.take_long(len)?).map_err(|error| {
            let at = start.saturating_add(error.valid_up_to() as u64);
            damaged_at(at, "a string is no UTF-8").caused_by(error)
        })
    }

    /// The next byte.
    ///
    /// # Errors
    /// [`ErrorKind::Damaged`] when there is none.
    pub fn take_u8(&mut self) -> Result<u8> {
        self.take_array().map(u8::from_le_bytes)
    }

    /// The next two bytes.
    ///
    /// # Errors
    /// [`ErrorKind::Damaged`] when there are fewer.
    pub fn take_u16(&mut self) -> Result<u16> {
        self.take_array().map(u16::from_le_bytes)
    }

    /// The next four bytes.
    ///
    /// # Errors
    /// [`ErrorKind::Damaged`] when there are fewer.
    pub fn take_u32(&mut self) -> Result<u32> {
        self.take_array().map(u32::from_le_bytes)
    }

    /// The next eight bytes.
    ///
    /// # Errors
    /// [`ErrorKind::Damaged`] when there are fewer.
    pub fn take_u64(&mut self) -> Result<u64> {
        self.take_array().map(u64::from_le_bytes)
    }

    /// The next `N` bytes.
    ///
    /// # Errors
    /// [`ErrorKind::Damaged`] when there are fewer.
    pub fn take_array<const N: usize>(&mut self) -> Result<[u8; N]> {
        match self.bytes[self.at..].first_chunk() {
            Some(bytes) => {
                self.at += N;
                Ok(*bytes)
            }
            None => Err(self.too_short(N as u64)),
        }
    }

    fn too_short(&self, len: u64) -> Error {
        self.damaged("the bytes end too early")
            .expected(format_args!("{len} more bytes"))
            .found(format_args!("{} bytes", self.remaining()))
    }
}

/// An error that names a byte.
#[must_use]
pub fn damaged_at(offset: u64, message: &'static str) -> Error {
    Error::new(ErrorKind::Damaged, message).at(Location::Byte(offset))
}
