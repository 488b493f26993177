//! Which images of a database there are, and how they are named.

use std::fmt;
use std::str::FromStr;

use iqdb_file::reseal::landmarks;

use super::subject::{SUBJECTS, Subject};
use crate::draw;

/// A file of a database, and what happened to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Image {
    pub(crate) subject: Subject,
    pub(crate) file: String,
    pub(crate) damage: Damage,
}

/// What happened to a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Damage {
    /// This bit is another, counted from the first bit of the file.
    Flip(u64),
    /// Only this many bytes are left.
    Cut(u64),
    /// From this byte on there are zeros.
    Zero(u64),
    /// What there is from this byte on comes twice.
    Double(u64),
    /// It is not there.
    Gone,
    /// This frame is of another history of the database.
    Mixed(u64),
}

impl Damage {
    fn parts(self) -> (&'static str, u64) {
        match self {
            Self::Flip(bit) => ("flip", bit),
            Self::Cut(len) => ("cut", len),
            Self::Zero(from) => ("zero", from),
            Self::Double(from) => ("double", from),
            Self::Gone => ("gone", 0),
            Self::Mixed(frame) => ("mixed", frame),
        }
    }

    /// Does it. A file that is gone has no bytes. `other` is the same file of another history.
    pub(crate) fn apply(self, bytes: &mut Vec<u8>, name: &str, other: &[u8]) {
        let at = |n: u64| usize::try_from(n).unwrap_or(usize::MAX);
        match self {
            Self::Flip(bit) => {
                if let Some(byte) = bytes.get_mut(at(bit / 8)) {
                    *byte ^= 1 << (bit % 8);
                }
            }
            Self::Cut(len) => bytes.truncate(at(len)),
            Self::Zero(from) => bytes.iter_mut().skip(at(from)).for_each(|byte| *byte = 0),
            Self::Double(from) => bytes.extend_from_within(at(from).min(bytes.len())..),
            Self::Gone => bytes.clear(),
            Self::Mixed(frame) => {
                let mut places = landmarks(name, bytes);
                places.push(bytes.len());
                let place = places.get(at(frame)..).and_then(|places| places.first_chunk::<2>());
                let Some([start, end]) = place.copied() else { return };
                if let (Some(to), Some(from)) = (bytes.get_mut(start..end), other.get(start..end)) {
                    to.copy_from_slice(from);
                }
            }
        }
    }
}

impl fmt::Display for Image {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (damage, at) = self.damage.parts();
        write!(f, "{}/{}:{damage}:{at}", self.subject.name(), self.file)
    }
}

impl FromStr for Image {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parse = || {
            let (subject, rest) = text.split_once('/')?;
            let (file, damage) = rest.split_once(':')?;
            let (damage, at) = damage.split_once(':')?;
            let at = at.parse().ok()?;
            let damage = match damage {
                "flip" => Damage::Flip(at),
                "cut" => Damage::Cut(at),
                "zero" => Damage::Zero(at),
                "double" => Damage::Double(at),
                "gone" => Damage::Gone,
                "mixed" => Damage::Mixed(at),
                _ => return None,
            };
            let subject = SUBJECTS.into_iter().find(|known| known.name() == subject)?;
            Some(Self { subject, file: file.to_owned(), damage })
        };
        parse().ok_or_else(|| format!("`{text}` names no image"))
    }
}

/// The images of a database with these files and their lengths.
pub(crate) fn all(subject: Subject, files: &[(String, u64)], long: bool) -> Vec<Image> {
    let mut images = Vec::new();
    for (file, len) in files {
        let mut add = |damage| images.push(Image { subject, file: file.clone(), damage });
        if subject.is_mixed() {
            (0..subject.frames()).for_each(|frame| add(Damage::Mixed(frame)));
            continue;
        }
        let bytes: Vec<u64> = (0..*len).filter(|byte| subject.means(file, *byte)).collect();
        for byte in bytes {
            match long {
                true => (0..8).for_each(|bit| add(Damage::Flip(8 * byte + bit))),
                false => add(Damage::Flip(8 * byte + draw::mixed(byte, *len) % 8)),
            }
        }
        if subject.is_only_flipped() {
            continue;
        }
        for at in (0..*len).filter(|at| long || is_telling(*at, *len)) {
            add(Damage::Cut(at));
        }
        for at in (0..*len).step_by(if long { 8 } else { 64 }) {
            add(Damage::Zero(at));
            add(Damage::Double(at));
        }
        add(Damage::Gone);
    }
    images
}

/// Lengths around those at which something ends, and some between.
fn is_telling(at: u64, len: u64) -> bool {
    at.is_multiple_of(37) || at % 64 < 2 || at % 64 == 63 || len - at < 64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_is_found_by_its_name() {
        for subject in SUBJECTS {
            let images = all(subject, &[("log-1".to_owned(), 130)], true);
            let expected = match subject {
                Subject::Mixed => usize::try_from(subject.frames()).unwrap(),
                Subject::Behind => 130 * 8,
                _ => 130 * 8 + 130 + 2 * 17 + 1,
            };
            assert_eq!(images.len(), expected);
            for image in images {
                assert_eq!(image.to_string().parse(), Ok(image));
            }
        }
        for text in ["", "a/b:flip:1", "compact/b:bend:1", "compact/b:flip:x", "compact/flip:1"] {
            assert!(text.parse::<Image>().is_err(), "{text}");
        }
    }

    #[test]
    fn damage_is_done_where_it_says() {
        let done = |damage: Damage| {
            let mut bytes = vec![1, 2, 3];
            damage.apply(&mut bytes, "log-00000001", &[]);
            bytes
        };
        assert_eq!(done(Damage::Flip(8)), [1, 3, 3]);
        assert_eq!(done(Damage::Cut(1)), [1]);
        assert_eq!(done(Damage::Zero(1)), [1, 0, 0]);
        assert_eq!(done(Damage::Double(1)), [1, 2, 3, 2, 3]);
        assert_eq!(done(Damage::Gone), []);
    }
}
