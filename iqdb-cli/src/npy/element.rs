//! What an array may hold, and how its bytes become numbers.

use half::f16;

/// The item types that are read, those of many bytes little-endian.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Item {
    /// `<f2`, an IEEE half.
    F16,
    /// `<f4`.
    F32,
    /// `<i4`.
    I32,
    /// `|i1`.
    I8,
    /// `|u1`.
    U8,
}

impl Item {
    /// The item type that a header's `descr` names, if it is one of these.
    pub(super) fn from_descr(descr: &str) -> Option<Self> {
        match descr {
            "<f2" => Some(Self::F16),
            "<f4" => Some(Self::F32),
            "<i4" => Some(Self::I32),
            "|i1" => Some(Self::I8),
            "|u1" => Some(Self::U8),
            _ => None,
        }
    }

    /// Bytes per item.
    pub(super) fn size_bytes(self) -> u64 {
        match self {
            Self::I8 | Self::U8 => 1,
            Self::F16 => 2,
            Self::F32 | Self::I32 => 4,
        }
    }
}

/// A type that rows can be read as: `f32`, from floats of either size, or one of which the items are.
pub trait Element: Copy + sealed::Sealed {
    /// What a header has to say, for an error.
    #[doc(hidden)]
    const WANTED: &'static str;
    /// Whether items of this type can be read as `Self`.
    #[doc(hidden)]
    fn reads(item: Item) -> bool;
    /// Appends the items in `bytes`, a whole number of them.
    #[doc(hidden)]
    fn decode(item: Item, bytes: &[u8], into: &mut Vec<Self>);
    /// Whether a vector can have this component.
    #[doc(hidden)]
    fn is_finite(self) -> bool;
}

impl Element for f32 {
    const WANTED: &'static str = "'<f4' or '<f2', little-endian floats";

    fn reads(item: Item) -> bool {
        matches!(item, Item::F16 | Item::F32)
    }

    fn decode(item: Item, bytes: &[u8], into: &mut Vec<Self>) {
        if item == Item::F16 {
            let (items, _) = bytes.as_chunks();
            into.extend(items.iter().map(|item| f16::from_le_bytes(*item).to_f32()));
        } else {
            let (items, _) = bytes.as_chunks();
            into.extend(items.iter().map(|item| Self::from_le_bytes(*item)));
        }
    }

    fn is_finite(self) -> bool {
        Self::is_finite(self)
    }
}

impl Element for i32 {
    const WANTED: &'static str = "'<i4', little-endian 32-bit integers";

    fn reads(item: Item) -> bool {
        item == Item::I32
    }

    fn decode(_: Item, bytes: &[u8], into: &mut Vec<Self>) {
        let (items, _) = bytes.as_chunks();
        into.extend(items.iter().map(|item| Self::from_le_bytes(*item)));
    }

    fn is_finite(self) -> bool {
        true
    }
}

impl Element for f16 {
    const WANTED: &'static str = "'<f2', little-endian halves";

    fn reads(item: Item) -> bool {
        item == Item::F16
    }

    fn decode(_: Item, bytes: &[u8], into: &mut Vec<Self>) {
        let (items, _) = bytes.as_chunks();
        into.extend(items.iter().map(|item| Self::from_le_bytes(*item)));
    }

    fn is_finite(self) -> bool {
        Self::is_finite(self)
    }
}

impl Element for i8 {
    const WANTED: &'static str = "'|i1', signed bytes";

    fn reads(item: Item) -> bool {
        item == Item::I8
    }

    fn decode(_: Item, bytes: &[u8], into: &mut Vec<Self>) {
        into.extend(bytes.iter().map(|item| item.cast_signed()));
    }

    fn is_finite(self) -> bool {
        true
    }
}

impl Element for u8 {
    const WANTED: &'static str = "'|u1', bytes of 8 bits as numpy.packbits makes them";

    fn reads(item: Item) -> bool {
        item == Item::U8
    }

    fn decode(_: Item, bytes: &[u8], into: &mut Vec<Self>) {
        into.extend(bytes);
    }

    fn is_finite(self) -> bool {
        true
    }
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for f32 {}
    impl Sealed for half::f16 {}
    impl Sealed for i8 {}
    impl Sealed for i32 {}
    impl Sealed for u8 {}
}
