//! The words of a folded text: those of UAX #29 that hold a letter or a digit, and pairs of letters of
//! scripts that put no spaces between words.

use super::tables::{Class, class};

/// Calls `each` with every word of a folded text, in order. O(bytes).
pub(super) fn words<'a>(text: &'a str, mut each: impl FnMut(&'a str)) {
    let mut rest = Rest { text, at: 0 };
    while let Some((start, class)) = rest.take() {
        match class {
            Class::Unspaced => pairs(&mut rest, start, &mut each),
            Class::Letter | Class::Hebrew | Class::Digit | Class::Connector => {
                if let Some(end) = word(&mut rest, class) {
                    each(&text[start..end]);
                }
            }
            _ => {}
        }
    }
}

/// A text from some byte on.
#[derive(Clone, Copy)]
struct Rest<'a> {
    text: &'a str,
    at: usize,
}

impl Rest<'_> {
    fn peek(&self) -> Option<(Class, usize)> {
        let c = self.text[self.at..].chars().next()?;
        Some((class(c), c.len_utf8()))
    }

    /// The next character, by where it starts.
    fn take(&mut self) -> Option<(usize, Class)> {
        let (class, len) = self.peek()?;
        let start = self.at;
        self.at += len;
        Some((start, class))
    }

    /// Goes behind the marks that belong to what is before.
    fn skip_marks(&mut self) {
        while let Some((Class::Extend, len)) = self.peek() {
            self.at += len;
        }
    }
}

/// Goes behind the word whose first character has this class and has been taken. Its end, unless it is
/// made of connectors alone.
fn word(rest: &mut Rest<'_>, first: Class) -> Option<usize> {
    let (mut last, mut is_word) = (first, first != Class::Connector);
    loop {
        rest.skip_marks();
        let Some((next, len)) = rest.peek() else { break };
        let is_part = match next {
            Class::Letter | Class::Hebrew | Class::Digit => {
                is_word = true;
                true
            }
            Class::Connector => true,
            Class::Apostrophe if last == Class::Hebrew => {
                // Part of the word, whatever follows it: what follows is looked at as if after a letter.
                rest.at += len;
                rest.skip_marks();
                if !matches!(rest.peek(), Some((Class::Letter | Class::Hebrew, _))) {
                    break;
                }
                continue;
            }
            _ => false,
        };
        if is_part {
            last = next;
            rest.at += len;
            continue;
        }
        let mut beyond = *rest;
        beyond.at += len;
        beyond.skip_marks();
        match beyond.peek() {
            Some((after, len)) if joins(last, next, after) => {
                last = after;
                beyond.at += len;
                *rest = beyond;
            }
            _ => break,
        }
    }
    is_word.then_some(rest.at)
}

/// Whether `mid` is part of a word between these two.
fn joins(before: Class, mid: Class, after: Class) -> bool {
    let is_letter = |class| matches!(class, Class::Letter | Class::Hebrew);
    match mid {
        Class::MidLetter => is_letter(before) && is_letter(after),
        Class::MidNumber => before == Class::Digit && after == Class::Digit,
        Class::Mid | Class::Apostrophe => {
            is_letter(before) && is_letter(after) || before == Class::Digit && after == Class::Digit
        }
        Class::Quote => before == Class::Hebrew && after == Class::Hebrew,
        _ => false,
    }
}

/// Calls `each` with each two neighbours among the letters of a run, which `first` begins, or with the one
/// letter of a short run. A letter has its marks behind it.
fn pairs<'a>(rest: &mut Rest<'a>, first: usize, each: &mut impl FnMut(&'a str)) {
    let text = rest.text;
    // Where the last two letters start.
    let (mut before, mut last) = (None, first);
    loop {
        rest.skip_marks();
        match rest.peek() {
            Some((Class::Unspaced, len)) => {
                if let Some(before) = before {
                    each(&text[before..rest.at]);
                }
                (before, last) = (Some(last), rest.at);
                rest.at += len;
            }
            _ => return each(&text[before.unwrap_or(last)..rest.at]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Vec<&str> {
        let mut found = Vec::new();
        words(text, |word| found.push(word));
        found
    }

    #[test]
    fn words_are_those_of_the_standard() {
        for (text, expected) in [
            (
                "the quick (\"brown\") fox can't jump 32.3 feet, right?",
                &["the", "quick", "brown", "fox", "can't", "jump", "32.3", "feet", "right"][..],
            ),
            (
                "a.b a. b 1,000.5 1,a a,1 'a' x'",
                &["a.b", "a", "b", "1,000.5", "1", "a", "a", "1", "a", "x"],
            ),
            ("snake_case _ __ _x x_ 3d e2e", &["snake_case", "_x", "x_", "3d", "e2e"]),
            ("l·l a:b 1:2", &["l·l", "a:b", "1", "2"]),
            ("צה\"ל א' ג'ז", &["צה\"ל", "א'", "ג'ז"]),
            ("e\u{301}a \u{301}b", &["e\u{301}a", "b"]),
            ("", &[]),
            (" ,.- 😀", &[]),
        ] {
            assert_eq!(of(text), expected, "{text:?}");
        }
    }

    #[test]
    fn scripts_without_spaces_are_cut_into_pairs() {
        for (text, expected) in [
            ("東京都", &["東京", "京都"][..]),
            ("東 京都x手机3", &["東", "京都", "x", "手机", "3"]),
            ("かな カタカナ", &["かな", "カタ", "タカ", "カナ"]),
            ("한국어 는", &["한국", "국어", "는"]),
            ("ไทยนี้", &["ไท", "ทย", "ยนี้"]),
        ] {
            assert_eq!(of(text), expected, "{text:?}");
        }
    }
}
