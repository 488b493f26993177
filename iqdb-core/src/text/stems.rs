//! Stems: the words of a language by Snowball's algorithms, without those that are too frequent to tell
//! texts apart.
//!
//! The crate is pinned to one version, and tests pin a hash of what it makes of many words: an update can't
//! change what an analyzer gives.

use frostem::{Algorithm, Stemmer};

use super::segments::words;

/// How the words of a language are stemmed, and which of them are dropped.
pub(super) struct Language {
    algorithm: Algorithm,
    /// In the order of their bytes, folded.
    stop_words: &'static [&'static str],
}

pub(super) const ENGLISH: Language =
    Language { algorithm: Algorithm::English, stop_words: &ENGLISH_STOP_WORDS };

pub(super) const GERMAN: Language =
    Language { algorithm: Algorithm::German, stop_words: &GERMAN_STOP_WORDS };

/// The apostrophes of typography, between letters: part of a word, and unknown to the algorithms.
const APOSTROPHES: [char; 2] = ['\u{2018}', '\u{2019}'];

impl Language {
    /// Calls `each` with the stem of every word of a folded text that is no stop word, in order. O(bytes).
    pub(super) fn stems(&self, folded: &str, mut each: impl FnMut(&str)) {
        let stemmer = Stemmer::new(self.algorithm);
        words(folded, |word| {
            let spelled;
            let word = match word.contains(APOSTROPHES) {
                true => {
                    spelled = word.replace(APOSTROPHES, "'");
                    &*spelled
                }
                false => word,
            };
            if self.stop_words.binary_search(&word).is_err() {
                let stem = stemmer.stem(word);
                // A term has to have bytes, whatever an algorithm takes off.
                each(if stem.is_empty() { word } else { &stem });
            }
        });
    }
}

/// The usual ones of search engines.
const ENGLISH_STOP_WORDS: [&str; 33] = [
    "a", "an", "and", "are", "as", "at", "be", "but", "by", "for", "if", "in", "into", "is", "it",
    "no", "not", "of", "on", "or", "such", "that", "the", "their", "then", "there", "these",
    "they", "this", "to", "was", "will", "with",
];

/// Articles, pronouns, prepositions, conjunctions, particles, and forms of *sein*, *haben* and *werden*.
const GERMAN_STOP_WORDS: [&str; 108] = [
    "aber", "als", "am", "an", "auch", "auf", "aus", "bei", "beim", "bin", "bis", "bist", "da",
    "dann", "das", "dass", "dem", "den", "denn", "der", "des", "dich", "die", "diese", "diesem",
    "diesen", "dieser", "dieses", "dir", "doch", "du", "durch", "ein", "eine", "einem", "einen",
    "einer", "eines", "er", "es", "euch", "für", "gegen", "haben", "hat", "hatte", "hatten",
    "hier", "ich", "ihm", "ihn", "ihnen", "ihr", "im", "in", "ins", "ist", "ja", "kein", "keine",
    "keinem", "keinen", "keiner", "keines", "man", "mich", "mir", "mit", "nach", "nicht", "noch",
    "nun", "nur", "ob", "oder", "ohne", "schon", "sehr", "seid", "seit", "sich", "sie", "sind",
    "so", "sondern", "um", "und", "uns", "unter", "vom", "von", "vor", "war", "waren", "was",
    "weil", "wenn", "wer", "werden", "wie", "wir", "wird", "wurde", "wurden", "zu", "zum", "zur",
    "über",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stop_words_are_in_order_and_folded() {
        for list in [&ENGLISH_STOP_WORDS[..], &GERMAN_STOP_WORDS] {
            assert!(list.is_sorted_by(|a, b| a < b));
            let mut folder = super::super::fold::Folder::default();
            assert!(list.iter().all(|word| folder.fold(word) == *word));
        }
    }

    #[test]
    fn stop_words_never_change() {
        let hash = |list: &[&str]| {
            let step = |hash: u64, byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3);
            format!("{:016x}", list.join(" ").bytes().fold(0xcbf2_9ce4_8422_2325, step))
        };
        assert_eq!(hash(&ENGLISH_STOP_WORDS), "bad9b2da78d60208");
        assert_eq!(hash(&GERMAN_STOP_WORDS), "ec72cf367aa6c84a");
    }
}
