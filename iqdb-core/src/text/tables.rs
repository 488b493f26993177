//! The tables of `words/1`, derived from the Unicode Character Database 15.0 by `unicode/tables.py`,
//! under the licence `unicode/LICENSE-UNICODE`. They never change.
//!
//! The file begins with the lengths of five sections, 4 bytes each: the code points that folding
//! changes (3 bytes, and where the text ends in 2), those texts, the pairs that compose (3 bytes for each
//! of the two and for their composite), and by range (3 bytes for the first and 3 for the last code point)
//! the combining class and the class of word breaks (1 byte). Numbers are little-endian.

const FILE: &[u8] = include_bytes!("unicode/words_1.bin");

const LENGTHS: usize = 5 * 4;
const FOLDED: &[u8] = section(0);
const TEXTS: &[u8] = section(1);
const PAIRS: &[u8] = section(2);
const COMBINING: &[u8] = section(3);
const CLASSES: &[u8] = section(4);

const fn section(n: usize) -> &'static [u8] {
    let (mut at, mut before) = (LENGTHS, 0);
    while before < n {
        at += length(before);
        before += 1;
    }
    FILE.split_at(at).1.split_at(length(n)).0
}

const fn length(n: usize) -> usize {
    let at = 4 * n;
    u32::from_le_bytes([FILE[at], FILE[at + 1], FILE[at + 2], FILE[at + 3]]) as usize
}

/// What a character is to the rules of word breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Class {
    /// Punctuation, spaces and the like: part of no word.
    Other,
    Letter,
    Hebrew,
    Digit,
    /// `_` and its like, which are as good as letters beside one.
    Connector,
    /// Part of a word between two letters.
    MidLetter,
    /// Part of a word between two digits.
    MidNumber,
    /// Part of a word between two letters or two digits.
    Mid,
    Apostrophe,
    Quote,
    /// A combining mark or an invisible character, which belongs to what is before it.
    Extend,
    /// A letter of a script without spaces between words: Han, kana, Hangul, Thai and others.
    Unspaced,
}

const CLASS_OF: [Class; 12] = [
    Class::Other,
    Class::Letter,
    Class::Hebrew,
    Class::Digit,
    Class::Connector,
    Class::MidLetter,
    Class::MidNumber,
    Class::Mid,
    Class::Apostrophe,
    Class::Quote,
    Class::Extend,
    Class::Unspaced,
];

/// The class of a character. O(log ranges).
pub(super) fn class(c: char) -> Class {
    match c {
        'a'..='z' => Class::Letter,
        '0'..='9' => Class::Digit,
        ' ' => Class::Other,
        _ => CLASS_OF[usize::from(in_ranges(CLASSES, c))],
    }
}

/// The canonical combining class. O(log ranges).
pub(super) fn combining(c: char) -> u8 {
    match c {
        // The first combining mark.
        ..'\u{300}' => 0,
        _ => in_ranges(COMBINING, c),
    }
}

/// The decomposition of what `NFKC_Casefold` makes of a character, or `None` for one that it leaves alone.
/// O(log characters).
pub(super) fn folded(c: char) -> Option<&'static str> {
    // The plane of tags and variation selectors, all of them invisible.
    if ('\u{e0000}'..='\u{e0fff}').contains(&c) {
        return Some("");
    }
    const ENTRY: usize = 5;
    let n = search(FOLDED, ENTRY, |entry| u24(entry).cmp(&u32::from(c)))?;
    let end =
        |n: usize| usize::from(u16::from_le_bytes([FOLDED[n * ENTRY + 3], FOLDED[n * ENTRY + 4]]));
    let start = n.checked_sub(1).map_or(0, end);
    // The script has written whole characters.
    std::str::from_utf8(&TEXTS[start..end(n)]).ok()
}

/// The character that two compose to. O(log pairs).
pub(super) fn composite(first: char, second: char) -> Option<char> {
    const ENTRY: usize = 9;
    let pair = (u32::from(first), u32::from(second));
    let n = search(PAIRS, ENTRY, |entry| (u24(entry), u24(&entry[3..])).cmp(&pair))?;
    char::from_u32(u24(&PAIRS[n * ENTRY + 6..]))
}

/// The value of the range that a character is in; 0 for one in none.
fn in_ranges(ranges: &[u8], c: char) -> u8 {
    const ENTRY: usize = 7;
    let c = u32::from(c);
    let found = search(ranges, ENTRY, |entry| {
        let (first, last) = (u24(entry), u24(&entry[3..]));
        if last < c {
            std::cmp::Ordering::Less
        } else if first > c {
            std::cmp::Ordering::Greater
        } else {
            std::cmp::Ordering::Equal
        }
    });
    found.map_or(0, |n| ranges[n * ENTRY + 6])
}

fn u24(bytes: &[u8]) -> u32 {
    u32::from_le_bytes([bytes[0], bytes[1], bytes[2], 0])
}

/// The number of the entry that compares equal, among sorted ones of this size.
fn search(
    entries: &[u8],
    size: usize,
    compare: impl Fn(&[u8]) -> std::cmp::Ordering,
) -> Option<usize> {
    let (mut from, mut to) = (0, entries.len() / size);
    while from < to {
        let middle = usize::midpoint(from, to);
        match compare(&entries[middle * size..][..size]) {
            std::cmp::Ordering::Equal => return Some(middle),
            std::cmp::Ordering::Less => from = middle + 1,
            std::cmp::Ordering::Greater => to = middle,
        }
    }
    None
}
