//! The Rust files of the checkout as syntax trees, and what of a tree is a test.
//!
//! Pure. It parses and never expands a macro.

use syn::parse::Parser;
use syn::punctuated::Punctuated;
use syn::{Attribute, Item, Meta, Token};

use super::finding::Finding;
use super::sources::Source;

/// One file that parses.
pub(crate) struct Parsed<'a> {
    pub(crate) source: &'a Source,
    pub(crate) tree: syn::File,
}

/// The trees of these files, and a finding for each file that is no Rust.
pub(crate) fn parse<'a>(files: &[&'a Source]) -> (Vec<Parsed<'a>>, Vec<Finding>) {
    let (mut parsed, mut findings) = (Vec::new(), Vec::new());
    for source in files {
        match syn::parse_file(&source.text) {
            Ok(tree) => parsed.push(Parsed { source, tree }),
            Err(error) => {
                let line = error.span().start().line;
                let problem = format!("the file can't be parsed: {error}");
                findings.push(Finding::new(&source.path, line, problem, "write Rust"));
            }
        }
    }
    (parsed, findings)
}

/// Whether something with these attributes is compiled for tests only: it is a `#[test]`, or its
/// `#[cfg(…)]` is false without `test`.
pub(crate) fn is_test_only(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| match &attribute.meta {
        Meta::Path(path) => path.is_ident("test"),
        Meta::List(list) if list.path.is_ident("cfg") => {
            list.parse_args::<Meta>().is_ok_and(|meta| needs_test(&meta))
        }
        _ => false,
    })
}

/// The attributes of an item; none of an item that syn does not know.
pub(crate) fn attributes(item: &Item) -> &[Attribute] {
    match item {
        Item::Const(item) => &item.attrs,
        Item::Enum(item) => &item.attrs,
        Item::ExternCrate(item) => &item.attrs,
        Item::Fn(item) => &item.attrs,
        Item::ForeignMod(item) => &item.attrs,
        Item::Impl(item) => &item.attrs,
        Item::Macro(item) => &item.attrs,
        Item::Mod(item) => &item.attrs,
        Item::Static(item) => &item.attrs,
        Item::Struct(item) => &item.attrs,
        Item::Trait(item) => &item.attrs,
        Item::TraitAlias(item) => &item.attrs,
        Item::Type(item) => &item.attrs,
        Item::Union(item) => &item.attrs,
        Item::Use(item) => &item.attrs,
        _ => &[],
    }
}

/// Whether a condition of `cfg` can only be true where `test` is.
fn needs_test(meta: &Meta) -> bool {
    match meta {
        Meta::Path(path) => path.is_ident("test"),
        Meta::List(list) => {
            let parts = Punctuated::<Meta, Token![,]>::parse_terminated.parse2(list.tokens.clone());
            let parts: Vec<Meta> =
                parts.map(|parts| parts.into_iter().collect()).unwrap_or_default();
            if list.path.is_ident("all") {
                parts.iter().any(needs_test)
            } else {
                list.path.is_ident("any") && !parts.is_empty() && parts.iter().all(needs_test)
            }
        }
        Meta::NameValue(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_needs_test_is_test_only() {
        for (attribute, expected) in [
            ("#[test]", true),
            ("#[cfg(test)]", true),
            ("#[cfg(all(test, unix))]", true),
            ("#[cfg(any(test, all(unix, test)))]", true),
            ("#[cfg(any(test, feature = \"sim\"))]", false),
            ("#[cfg(not(test))]", false),
            ("#[cfg(unix)]", false),
            ("#[must_use]", false),
        ] {
            let tree = syn::parse_file(&format!("{attribute} fn f() {{}}")).unwrap();
            assert_eq!(is_test_only(attributes(&tree.items[0])), expected, "{attribute}");
        }
    }

    #[test]
    fn a_file_that_is_no_rust_is_found() {
        let bad = Source::new("a/src/bad.rs", "//! Header.\nfn f( {}\n");
        let (parsed, findings) = parse(&[&bad]);
        assert!(parsed.is_empty());
        assert!(findings.len() == 1, "{findings:?}");
        let text = findings[0].to_string();
        assert!(text.starts_with("a/src/bad.rs:2: the file can't be parsed: "), "{text}");
    }
}
