//! What happens to the files of a database: a few small changes, at places that matter.

use arbitrary::{Arbitrary, Result, Unstructured};
use iqdb_file::reseal::{Files, landmarks};

/// One change. All numbers are taken modulo what there is, so that each means something.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Mutation {
    pub(super) kind: u8,
    /// Which file, and how its place is counted.
    pub(super) file: u8,
    pub(super) place: u8,
    pub(super) offset: u16,
    pub(super) argument: [u8; 3],
}

/// Numbers at which something changes.
const NUMBERS: [u64; 16] = [
    0,
    1,
    2,
    7,
    63,
    64,
    4_096,
    1 << 16,
    1 << 31,
    u32::MAX as u64,
    1 << 32,
    1 << 62,
    i64::MAX as u64,
    u64::MAX - 7,
    u64::MAX,
    // A NaN, twice.
    0x7fc0_0001_7fc0_0001,
];

/// Names that a file may get besides its own.
const NAMES: [&str; 9] = [
    "manifest-00000099",
    "manifest-00000099.new",
    "manifest-00000001",
    "log-00000002",
    "log-00000099",
    "segment-00000099",
    "derived-00000003",
    "reserve",
    "notes.txt",
];

impl Mutation {
    pub(super) const KINDS: u8 = 12;

    /// Eight bytes of it.
    pub(super) fn take(from: &mut Unstructured<'_>) -> Result<Self> {
        Ok(Self {
            kind: u8::arbitrary(from)?,
            file: u8::arbitrary(from)?,
            place: u8::arbitrary(from)?,
            offset: u16::arbitrary(from)?,
            argument: <[u8; 3]>::arbitrary(from)?,
        })
    }

    /// The bytes that [`take`](Self::take) reads.
    pub(super) fn bytes(&self) -> Vec<u8> {
        let [low, high] = self.offset.to_le_bytes();
        let [a, b, c] = self.argument;
        vec![self.kind, self.file, self.place, low, high, a, b, c]
    }

    /// Changes at most one byte to one that the input chooses, and others only to what is elsewhere
    /// in the files or in a list: a hash is never hit by that.
    pub(super) fn apply(&self, files: &mut Files) {
        let names: Vec<String> = files.keys().cloned().collect();
        let Some(name) = nth(&names, self.file) else {
            return;
        };
        let other = nth(&names, self.argument[0]).unwrap_or(name);
        let copied = files.get(other).cloned().unwrap_or_default();
        let Some(bytes) = files.get_mut(name) else {
            return;
        };
        let at = self.place_in(name, bytes);
        let [a, b, c] = self.argument;
        match self.kind % Self::KINDS {
            0 => {
                if let Some(byte) = bytes.get_mut(at) {
                    *byte ^= 1 << (a % 8);
                }
            }
            1 => {
                if let Some(byte) = bytes.get_mut(at) {
                    *byte = a;
                }
            }
            2 => change(bytes, at, b, |number| {
                number.wrapping_add_signed(i64::from(a.cast_signed()))
            }),
            3 => {
                change(bytes, at, b, |_| match NUMBERS.get(usize::from(a) % (NUMBERS.len() + 1)) {
                    Some(number) => *number,
                    None => copied.len() as u64,
                });
            }
            4 => bytes.truncate(at),
            5 => {
                let tail = bytes.len().saturating_sub(usize::from(a));
                let tail = bytes[tail..].to_vec();
                let zeros = vec![0; usize::from(b)];
                bytes.extend(if c % 2 == 0 { tail } else { zeros });
            }
            6 => {
                let end = bytes.len().min(at + usize::from(u16::from_le_bytes([a, b])));
                bytes[at..end].fill(0);
            }
            7 => {
                let from = usize::from(u16::from_le_bytes([a, b])) * 8 % bytes.len().max(1);
                let len = (usize::from(c) * 8).min(bytes.len() - from).min(bytes.len() - at);
                bytes.copy_within(from..from + len, at);
            }
            8 => {
                let end = copied.len().min(bytes.len()).min(at + usize::from(b) * 8);
                if let (Some(to), Some(from)) = (bytes.get_mut(at..end), copied.get(at..end)) {
                    to.copy_from_slice(from);
                }
            }
            9 => {
                let own = std::mem::replace(bytes, copied);
                files.insert(other.clone(), own);
            }
            10 => _ = files.remove(name),
            _ => {
                let to = nth(&NAMES, a).copied().unwrap_or_default();
                let own = bytes.clone();
                files.insert(to.to_owned(), own);
            }
        }
    }

    /// A byte of the file, or its end.
    fn place_in(&self, name: &str, bytes: &[u8]) -> usize {
        let (len, offset) = (bytes.len(), usize::from(self.offset));
        let near = |from: usize| (from + offset % 128).min(len);
        match self.place % 5 {
            0 => offset % (len + 1),
            1 => near(0),
            2 => near(len.saturating_sub(128)),
            3 => 8 * offset % (len + 1),
            _ => {
                let [which, beyond] = self.offset.to_le_bytes();
                let landmarks = landmarks(name, bytes);
                let landmark = nth(&landmarks, which).copied().unwrap_or(0);
                landmark.saturating_add(usize::from(beyond % 64)).min(len)
            }
        }
    }
}

fn nth<T>(items: &[T], n: u8) -> Option<&T> {
    items.get(usize::from(n) % items.len().max(1))
}

/// Changes a number of 1, 2, 4 or 8 bytes.
fn change(bytes: &mut [u8], at: usize, width: u8, new: impl Fn(u64) -> u64) {
    let width = 1 << (width % 4);
    if let Some(room) = bytes.get_mut(at..at + width) {
        let mut number = [0; 8];
        number[..width].copy_from_slice(room);
        let number = new(u64::from_le_bytes(number)).to_le_bytes();
        room.copy_from_slice(&number[..width]);
    }
}
