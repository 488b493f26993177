//! Parts of records.

use crate::FieldId;

/// Which parts of a record a bulk read has to bring, besides its id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Parts {
    /// A bit for each field.
    fields: u16,
    payload: bool,
}

impl Parts {
    /// All of them.
    pub const ALL: Self = Self { fields: u16::MAX, payload: true };

    /// The id alone.
    pub const ID: Self = Self { fields: 0, payload: false };

    /// The same, and the vectors of a field.
    #[must_use]
    pub fn with_field(mut self, field: FieldId) -> Self {
        self.fields |= 1 << field.index();
        self
    }

    /// The same, and the payload.
    #[must_use]
    pub fn with_payload(mut self) -> Self {
        self.payload = true;
        self
    }

    /// Whether the vectors of a field are among them.
    #[must_use]
    pub fn has(self, field: FieldId) -> bool {
        self.fields >> field.index() & 1 == 1
    }

    /// Whether the payload is among them.
    #[must_use]
    pub fn payload(self) -> bool {
        self.payload
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::FIELDS_MAX;

    #[test]
    fn each_part_is_there_when_it_was_asked_for() {
        let fields: Vec<_> = (0..FIELDS_MAX).filter_map(FieldId::new).collect();
        assert_eq!(fields.len(), FIELDS_MAX);
        for field in &fields {
            assert!(Parts::ALL.has(*field) && !Parts::ID.has(*field));
            let one = Parts::ID.with_field(*field);
            assert!(fields.iter().all(|other| one.has(*other) == (other == field)));
            assert!(!one.payload() && one.with_payload().payload());
        }
    }
}
