//! Finds dead files: those below a `src` folder that no `mod` declaration reaches.
//!
//! Pure. It follows declarations as rustc does, without expanding macros; a file that only a macro
//! or an `include!` names is taken for dead.

use std::collections::{BTreeMap, BTreeSet};

use super::finding::Finding;
use super::rust_text;
use super::sources::Source;

/// A `mod name;` in some file.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Declaration {
    pub(crate) name: String,
    /// The inline modules around it, outermost first.
    pub(crate) inside: Vec<String>,
    /// What a `#[path = "…"]` says.
    pub(crate) path: Option<String>,
}

/// The files that nothing reaches.
pub(crate) fn check(files: &[&Source]) -> Vec<Finding> {
    let texts: BTreeMap<&str, &str> =
        files.iter().map(|file| (file.path.as_str(), file.text.as_str())).collect();
    let mut to_visit: Vec<String> =
        texts.keys().filter(|path| is_root(path)).map(|path| (*path).to_owned()).collect();
    let mut reached = BTreeSet::new();
    while let Some(path) = to_visit.pop() {
        let Some(text) = texts.get(path.as_str()) else {
            continue;
        };
        if reached.insert(path.clone()) {
            to_visit.extend(declarations(text).iter().flat_map(|decl| candidates(&path, decl)));
        }
    }
    let dead = texts.keys().filter(|path| is_in_src(path) && !reached.contains(**path));
    dead.map(|path| {
        Finding::new(path, 1, "no `mod` declaration reaches the file", "declare it, or delete it")
    })
    .collect()
}

fn is_in_src(path: &str) -> bool {
    path.starts_with("src/") || path.contains("/src/")
}

/// What cargo builds without being told: `src/lib.rs`, `src/main.rs`, `src/bin/x.rs` and
/// `src/bin/x/main.rs`.
fn is_root(path: &str) -> bool {
    let Some(at) = path.rfind("src/").filter(|_| is_in_src(path)) else {
        return false;
    };
    let parts: Vec<&str> = path[at..].split('/').collect();
    matches!(
        parts[..],
        ["src", "lib.rs" | "main.rs"] | ["src", "bin", _] | ["src", "bin", _, "main.rs"]
    )
}

fn declarations(text: &str) -> Vec<Declaration> {
    let code = rust_text::code(text);
    let mut found = Vec::new();
    // One entry per open brace: the module's name, or nothing for another block.
    let mut open: Vec<Option<String>> = Vec::new();
    let mut path = None;
    let mut tokens = rust_text::tokens(&code).peekable();
    while let Some((at, token)) = tokens.next() {
        match token {
            "{" => open.push(None),
            "}" => drop(open.pop()),
            "path" if code[..at].trim_end().ends_with("#[") => path = string_after(text, at),
            "mod" => {
                let Some((_, name)) = tokens.next() else {
                    break;
                };
                match tokens.peek().map(|(_, next)| *next) {
                    Some(";") => found.push(Declaration {
                        name: name.to_owned(),
                        inside: open.iter().flatten().cloned().collect(),
                        path: path.take(),
                    }),
                    Some("{") => {
                        tokens.next();
                        open.push(Some(name.to_owned()));
                    }
                    _ => {}
                }
            }
            _ => {}
        }
    }
    found
}

fn string_after(text: &str, at: usize) -> Option<String> {
    text[at..].split('"').nth(1).map(str::to_owned)
}

/// The places where rustc would look for the module.
pub(crate) fn candidates(declared_in: &str, declaration: &Declaration) -> Vec<String> {
    let (folder, file) = declared_in.rsplit_once('/').unwrap_or(("", declared_in));
    if let Some(path) = &declaration.path {
        return vec![format!("{folder}/{path}")];
    }
    let is_mod_rs = file == "mod.rs" || is_root(declared_in);
    let mut base = vec![folder];
    if !is_mod_rs {
        base.push(file.strip_suffix(".rs").unwrap_or(file));
    }
    base.extend(declaration.inside.iter().map(String::as_str));
    let (base, name) = (base.join("/"), &declaration.name);
    vec![format!("{base}/{name}.rs"), format!("{base}/{name}/mod.rs")]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dead(files: &[(&str, &str)]) -> Vec<String> {
        let files: Vec<Source> = files.iter().map(|(path, text)| Source::new(path, text)).collect();
        check(&files.iter().collect::<Vec<_>>()).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn declared_files_are_reached() {
        let found = dead(&[
            ("a/src/lib.rs", "mod x;\npub(crate) mod y;\nmod inline { mod deep; }\nfn f() {}"),
            ("a/src/x.rs", "#[cfg(test)]\nmod tests;\n#[path = \"odd.rs\"]\nmod even;"),
            ("a/src/x/tests.rs", ""),
            ("a/src/odd.rs", ""),
            ("a/src/y/mod.rs", "mod z;"),
            ("a/src/y/z.rs", ""),
            ("a/src/inline/deep.rs", ""),
            ("b/src/main.rs", ""),
            ("b/src/bin/tool.rs", "mod part;"),
            ("b/src/bin/part.rs", ""),
            ("b/tests/free.rs", ""),
        ]);
        assert_eq!(found, [""; 0]);
    }

    #[test]
    fn a_file_that_nothing_declares_is_dead() {
        let found = dead(&[("a/src/lib.rs", "mod x;"), ("a/src/x.rs", ""), ("a/src/old.rs", "")]);
        assert_eq!(
            found,
            ["a/src/old.rs:1: no `mod` declaration reaches the file; declare it, or delete it"]
        );
    }

    #[test]
    fn a_declaration_in_a_comment_or_string_reaches_nothing() {
        for text in ["// mod old;", "const A: &str = \"mod old;\";", "/* mod old; */"] {
            assert_eq!(dead(&[("a/src/lib.rs", text), ("a/src/old.rs", "")]).len(), 1, "{text}");
        }
    }

    #[test]
    fn dead_files_do_not_keep_each_other_alive() {
        let found = dead(&[("a/src/lib.rs", ""), ("a/src/x.rs", "mod y;"), ("a/src/x/y.rs", "")]);
        assert_eq!(found.len(), 2);
    }
}
