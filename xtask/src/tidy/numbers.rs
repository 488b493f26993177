//! Numbers that show whether the code stays readable: how long files and functions are, how many
//! fields types have, and how many lines of comment leave open who acts.
//!
//! Pure. It counts and never judges. Functions, types and comments of tests don't count.

use syn::visit::{self, Visit};
use syn::{Block, Fields, ImplItemFn, Item, ItemEnum, ItemFn, ItemStruct, Signature, TraitItemFn};

use super::parsed::{Parsed, attributes, is_test_only};
use super::rust_text;

/// Words that stand in for the one who acts, or for a number.
const VAGUE: [&str; 4] = ["whoever", "nobody", "somebody", "so many"];

/// One part of the report per number.
pub(crate) fn seen(parsed: &[Parsed<'_>]) -> Vec<String> {
    let mut lengths: Vec<usize> =
        parsed.iter().map(|file| file.source.text.lines().count()).collect();
    lengths.sort_unstable();
    let median = lengths.get(lengths.len() / 2).copied().unwrap_or_default();
    let mut seen = vec![format!("median of {median} lines")];

    let (mut largest, mut vague) = (Largest::default(), 0);
    for file in parsed.iter().filter(|file| !file.source.is_test()) {
        largest.path.clone_from(&file.source.path);
        largest.visit_file(&file.tree);
        vague += vague_comments(&file.source.text);
    }
    seen.extend(largest.function.map(|place| place.say("longest function has", "lines")));
    seen.extend(largest.fields.map(|place| place.say("widest type has", "fields")));
    seen.push(format!("{vague} lines of comment say {}", VAGUE.join(", ")));
    seen
}

fn vague_comments(text: &str) -> usize {
    let comments = rust_text::comments(text).to_lowercase();
    comments.lines().filter(|line| VAGUE.iter().any(|vague| has_words(line, vague))).count()
}

fn has_words(line: &str, words: &str) -> bool {
    let is_apart = |(at, _)| {
        !line[..at].ends_with(char::is_alphanumeric)
            && !line[at + words.len()..].starts_with(char::is_alphanumeric)
    };
    line.match_indices(words).any(is_apart)
}

/// A function or type, its size and where it is.
#[derive(Debug)]
struct Place {
    size: usize,
    name: String,
    path: String,
    line: usize,
}

impl Place {
    fn say(&self, has: &str, unit: &str) -> String {
        let Self { size, name, path, line } = self;
        format!("the {has} {size} {unit} (`{name}`, {path}:{line})")
    }
}

/// The largest of the files visited so far; of equals the first.
#[derive(Debug, Default)]
struct Largest {
    /// Of the file that is visited.
    path: String,
    function: Option<Place>,
    fields: Option<Place>,
}

impl Largest {
    fn offer_function(&mut self, signature: &Signature, block: &Block) {
        let first = signature.fn_token.span.start().line;
        let last = block.brace_token.span.close().end().line;
        let (name, size) = (signature.ident.to_string(), last - first + 1);
        let place = Place { size, name, path: self.path.clone(), line: first };
        keep_larger(&mut self.function, place);
    }

    fn offer_fields(&mut self, name: String, line: usize, fields: &Fields) {
        let place = Place { size: fields.len(), name, path: self.path.clone(), line };
        keep_larger(&mut self.fields, place);
    }
}

fn keep_larger(kept: &mut Option<Place>, place: Place) {
    if kept.as_ref().is_none_or(|kept| kept.size < place.size) {
        *kept = Some(place);
    }
}

impl<'a> Visit<'a> for Largest {
    fn visit_item(&mut self, item: &'a Item) {
        if !is_test_only(attributes(item)) {
            visit::visit_item(self, item);
        }
    }

    fn visit_item_fn(&mut self, item: &'a ItemFn) {
        self.offer_function(&item.sig, &item.block);
        visit::visit_item_fn(self, item);
    }

    fn visit_impl_item_fn(&mut self, item: &'a ImplItemFn) {
        if !is_test_only(&item.attrs) {
            self.offer_function(&item.sig, &item.block);
            visit::visit_impl_item_fn(self, item);
        }
    }

    fn visit_trait_item_fn(&mut self, item: &'a TraitItemFn) {
        if let Some(block) = &item.default {
            self.offer_function(&item.sig, block);
        }
        visit::visit_trait_item_fn(self, item);
    }

    fn visit_item_struct(&mut self, item: &'a ItemStruct) {
        self.offer_fields(item.ident.to_string(), item.ident.span().start().line, &item.fields);
        visit::visit_item_struct(self, item);
    }

    fn visit_item_enum(&mut self, item: &'a ItemEnum) {
        for variant in &item.variants {
            let name = format!("{}::{}", item.ident, variant.ident);
            self.offer_fields(name, variant.ident.span().start().line, &variant.fields);
        }
        visit::visit_item_enum(self, item);
    }
}

#[cfg(test)]
mod tests {
    use super::super::parsed;
    use super::super::sources::Source;
    use super::*;

    fn seen_in(files: &[(&str, &str)]) -> Vec<String> {
        let files: Vec<Source> = files.iter().map(|(path, text)| Source::new(path, text)).collect();
        let (parsed, broken) = parsed::parse(&files.iter().collect::<Vec<_>>());
        assert!(broken.is_empty(), "{broken:?}");
        seen(&parsed)
    }

    #[test]
    fn the_largest_are_named_with_their_place() {
        let seen = seen_in(&[
            ("a/src/lib.rs", "struct A(u8);\nimpl A {\n    fn long(\n    ) {\n    }\n}\n"),
            ("a/src/x.rs", "enum B {\n    C { d: u8, e: u8 },\n    F(u8),\n}\n"),
            ("a/src/y.rs", "trait T {\n    fn f() {\n    }\n    fn g();\n}\nfn short() {}\n"),
        ]);
        assert_eq!(
            seen,
            [
                "median of 6 lines",
                "the longest function has 3 lines (`long`, a/src/lib.rs:3)",
                "the widest type has 2 fields (`B::C`, a/src/x.rs:2)",
                "0 lines of comment say whoever, nobody, somebody, so many",
            ]
        );
    }

    #[test]
    fn tests_count_as_files_alone() {
        let large = "struct A(u8, u8);\nfn f() {\n\n}\n// nobody\n";
        let inside = format!("struct B(u8);\nfn g() {{}}\n#[cfg(test)]\nmod tests {{\n{large}}}\n");
        let inside = inside.replace("// nobody\n", "");
        let seen = seen_in(&[
            ("a/src/lib.rs", &inside),
            ("a/src/tests.rs", large),
            ("a/src/x/tests/y.rs", large),
            ("a/tests/z.rs", large),
        ]);
        assert_eq!(
            seen,
            [
                "median of 5 lines",
                "the longest function has 1 lines (`g`, a/src/lib.rs:2)",
                "the widest type has 1 fields (`B`, a/src/lib.rs:1)",
                "0 lines of comment say whoever, nobody, somebody, so many",
            ]
        );
    }

    #[test]
    fn vague_words_count_by_line_of_comment() {
        for (text, count) in [
            ("// Nobody waits, and whoever waits is nobody.\nfn f() {}\n/// so many\nfn g() {}", 2),
            ("//! Somebody.\n/* so\nmany */\nfn f() {}", 1),
            ("const A: &str = \"nobody\"; fn nobody() {}", 0),
            ("// `nobodys_name`, whoeverelse, so many2", 0),
        ] {
            assert_eq!(vague_comments(text), count, "{text}");
        }
    }
}
