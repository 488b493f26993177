//! The words of the text of filters and paths: what a plain one is made of, and which are keywords.

const KEYWORDS: [&str; 12] = [
    "and",
    "or",
    "not",
    "in",
    "contains",
    "contains_text",
    "starts_with",
    "exists",
    "is",
    "null",
    "true",
    "false",
];

/// Whether a path that begins with `word` has to put it in backticks.
pub(crate) fn is_keyword(word: &str) -> bool {
    KEYWORDS.iter().any(|keyword| keyword.eq_ignore_ascii_case(word))
}

/// Whether a key needs no backticks for its characters.
pub(crate) fn is_word(key: &str) -> bool {
    key.chars().next().is_some_and(starts_word) && key.chars().all(continues_word)
}

pub(crate) fn starts_word(character: char) -> bool {
    character.is_ascii_alphabetic() || character == '_'
}

pub(crate) fn continues_word(character: char) -> bool {
    character.is_ascii_alphanumeric() || matches!(character, '_' | '-')
}
