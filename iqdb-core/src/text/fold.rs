//! The folded form of a text: lower case and NFKC, as the standard's `toNFKC_Casefold` has both at once.
//! Characters that are never shown, such as soft hyphens, are gone in it.

use super::tables::{combining, composite, folded};

/// Folds texts, and keeps its memory from one to the next.
#[derive(Debug, Default)]
pub(super) struct Folder {
    chars: Vec<char>,
    text: String,
}

impl Folder {
    /// The folded form. O(bytes).
    pub(super) fn fold(&mut self, text: &str) -> &str {
        self.text.clear();
        if text.is_ascii() {
            self.text.push_str(text);
            self.text.make_ascii_lowercase();
            return &self.text;
        }
        self.chars.clear();
        for c in text.chars() {
            match c {
                '\0'..='\x7f' => self.chars.push(c.to_ascii_lowercase()),
                _ => match folded(c) {
                    Some(text) => self.chars.extend(text.chars()),
                    None => self.chars.push(c),
                },
            }
        }
        order_marks(&mut self.chars);
        compose(&mut self.chars);
        self.text.extend(&self.chars);
        &self.text
    }
}

/// Puts combining marks into the order of their classes, those of one class as they were.
fn order_marks(chars: &mut [char]) {
    let mut rest = chars;
    while let Some(first) = rest.iter().position(|&c| combining(c) != 0) {
        let marks = &mut rest[first..];
        let len = marks.iter().position(|&c| combining(c) == 0).unwrap_or(marks.len());
        let (marks, behind) = marks.split_at_mut(len);
        marks.sort_by_key(|&c| combining(c));
        rest = behind;
    }
}

/// Composes what can be composed: canonical composition, in place.
fn compose(chars: &mut Vec<char>) {
    // The place of the last starter among what is kept, and the class of the last mark behind it.
    let (mut starter, mut last_class) = (None, 0);
    let mut kept = 0;
    for n in 0..chars.len() {
        let (c, class) = (chars[n], combining(chars[n]));
        if let Some(at) = starter {
            let is_adjacent = at + 1 == kept;
            let is_blocked = !is_adjacent && (class == 0 || last_class >= class);
            if !is_blocked && let Some(whole) = syllable(chars[at], c).or(composite(chars[at], c)) {
                chars[at] = whole;
                continue;
            }
        }
        if class == 0 {
            starter = Some(kept);
        }
        last_class = class;
        chars[kept] = c;
        kept += 1;
    }
    chars.truncate(kept);
}

/// The Hangul syllable of two jamo, or of a syllable and a final one.
fn syllable(first: char, second: char) -> Option<char> {
    const SYLLABLES: u32 = 0xac00;
    const FINALS: u32 = 28;
    let (first, second) = (u32::from(first), u32::from(second));
    match (first, second) {
        (0x1100..0x1113, 0x1161..0x1176) => {
            char::from_u32(SYLLABLES + ((first - 0x1100) * 21 + second - 0x1161) * FINALS)
        }
        (SYLLABLES..0xd7a4, 0x11a8..0x11c3) if (first - SYLLABLES).is_multiple_of(FINALS) => {
            char::from_u32(first + second - 0x11a7)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fold(text: &str) -> String {
        Folder::default().fold(text).to_owned()
    }

    #[test]
    fn case_width_and_composition_are_gone() {
        for (text, expected) in [
            ("Rust 2024", "rust 2024"),
            ("ÉCOLE e\u{301}cole", "école école"),
            ("STRASSE Straße", "strasse strasse"),
            ("ΟΔΟΣ οδος", "οδοσ οδοσ"),
            ("ﬁne ①② ｶﾞ Ｗｉｄｅ ㎏", "fine 12 ガ wide kg"),
            ("co\u{ad}operate", "cooperate"),
            ("a\u{323}\u{307} a\u{307}\u{323}", "ạ\u{307} ạ\u{307}"),
            ("\u{1112}\u{1161}\u{11ab} 하\u{11ab} 한\u{11ab}", "한 한 한\u{11ab}"),
            ("x\u{e0100}", "x"),
            ("", ""),
        ] {
            assert_eq!(fold(text), expected, "{text:?}");
        }
    }

    #[test]
    fn folding_twice_is_folding_once() {
        let mut folder = Folder::default();
        for c in '\0'..='\u{3ffff}' {
            let once = folder.fold(c.encode_utf8(&mut [0; 4])).to_owned();
            assert_eq!(folder.fold(&once), once, "{c:?}");
        }
    }
}
