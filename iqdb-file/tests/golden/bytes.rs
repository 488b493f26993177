//! Numbers, ids and values, read one after the other by `docs/format.md`.

use iqdb_core::{DateTime, Payload, RecordId, Uuid, Value};

/// Bytes that are read from the first to the last.
pub(crate) struct Bytes<'a>(pub(crate) &'a [u8]);

impl<'a> Bytes<'a> {
    pub(crate) fn take(&mut self, len: usize) -> &'a [u8] {
        let (taken, rest) = self.0.split_at(len);
        self.0 = rest;
        taken
    }

    pub(crate) fn number(&mut self, len: usize) -> u64 {
        self.take(len).iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte))
    }

    pub(crate) fn u64(&mut self) -> u64 {
        self.number(8)
    }

    pub(crate) fn len(&mut self, bytes: usize) -> usize {
        usize::try_from(self.number(bytes)).unwrap()
    }

    pub(crate) fn text(&mut self, len: usize) -> &'a str {
        std::str::from_utf8(self.take(len)).unwrap()
    }

    pub(crate) fn f64(&mut self) -> f64 {
        f64::from_bits(self.u64())
    }

    pub(crate) fn zeros(&mut self, len: usize) {
        assert!(self.take(len).iter().all(|byte| *byte == 0), "bytes that have to be zeros");
    }

    pub(crate) fn id(&mut self) -> RecordId {
        match self.take(1)[0] {
            0 => self.u64().into(),
            1 => Uuid::from_bytes(self.take(16).try_into().unwrap()).into(),
            2 => {
                let len = self.len(2);
                self.text(len).into()
            }
            kind => panic!("an id of kind {kind}"),
        }
    }

    pub(crate) fn value(&mut self) -> Value {
        match self.take(1)[0] {
            0 => Value::Null,
            1 => Value::Bool(false),
            2 => Value::Bool(true),
            3 => Value::Int(self.u64().cast_signed()),
            4 => Value::Float(self.f64()),
            5 => self.date(),
            6 => {
                let len = self.len(4);
                self.text(len).into()
            }
            7 => {
                let end = self.len(4);
                let mut inner = Bytes(self.take(end));
                let count = inner.len(4);
                let values = (0..count).map(|_| inner.value()).collect();
                assert!(inner.0.is_empty(), "more than the elements of a list");
                Value::List(values)
            }
            8 => {
                let end = self.len(4);
                let mut inner = Bytes(self.take(end));
                let count = inner.len(4);
                let entries = inner.entries(count).collect();
                assert!(inner.0.is_empty(), "more than the entries of a map");
                Value::Map(entries)
            }
            kind => panic!("a value of kind {kind}"),
        }
    }

    pub(crate) fn payload(&mut self) -> Payload {
        let count = self.len(2);
        self.entries(count).collect()
    }

    fn entries(&mut self, count: usize) -> impl Iterator<Item = (String, Value)> {
        (0..count).map(|_| {
            let len = self.len(2);
            (self.text(len).to_owned(), self.value())
        })
    }

    pub(crate) fn date(&mut self) -> Value {
        DateTime::from_micros(self.u64().cast_signed()).unwrap().into()
    }
}
