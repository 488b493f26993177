//! Circles planted in small crates on the disk.

use std::fs;

use super::super::parsed;
use super::super::sources::{Source, Sources};
use super::*;

/// The problems found in a crate `a` with these files below `src`, and the uses in its circles.
fn look_at(files: &[(&str, &str)]) -> (Vec<String>, String) {
    let folder = tempfile::tempdir().unwrap();
    for (path, text) in files {
        let path = folder.path().join("a/src").join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    let sources = Sources::read(folder.path()).unwrap();
    let rust: Vec<&Source> = sources.with_extension("rs").collect();
    let (parsed, broken) = parsed::parse(&rust);
    assert!(broken.is_empty(), "{broken:?}");
    let circles = find(&["a/src/lib.rs".to_owned()], &parsed);
    let problem = |circle: &Circle<'_>| {
        let text = circle.finding().to_string().replace("a/src/", "");
        let (problem, remedy) = text.split_once("; ").unwrap();
        assert_eq!(remedy, REMEDY);
        problem.to_owned()
    };
    let list = circles.iter().map(Circle::list).collect::<String>().replace("a/src/", "");
    (circles.iter().map(problem).collect(), list)
}

fn found(files: &[(&str, &str)]) -> Vec<String> {
    look_at(files).0
}

/// What is found where `x.rs` has a type `X`, and `y.rs` has a type `Y` and uses `X`.
fn found_with(root: &str, x: &str) -> Vec<String> {
    let x = format!("{x}\npub struct X;\n");
    let y = "use crate::x::X;\npub struct Y(X);\npub const ONE: u8 = 1;\npub fn make() {}\n";
    found(&[("lib.rs", root), ("x.rs", &x), ("y.rs", y)])
}

const ROOT: &str = "mod x;\nmod y;\n";

#[test]
fn one_way_is_no_circle() {
    assert_eq!(found_with(ROOT, ""), [""; 0]);
}

#[test]
fn a_direct_circle_names_files_lines_and_items() {
    let found = found_with(ROOT, "use crate::y::Y;");
    assert_eq!(
        found,
        ["x.rs:1: 2 files use each other in a circle: x.rs:1 uses `Y` of y.rs, \
          y.rs:1 uses `X` of x.rs"]
    );
}

#[test]
fn every_way_to_name_an_item_counts() {
    for (way, item) in [
        ("use crate::y::Y;", "Y"),
        ("use crate::y::Y as Other;", "Y"),
        ("use crate::y::{self, make as _};", "make"),
        ("use crate::y as other;\ntype T = other::Y;", "Y"),
        ("use crate::{y as other};\ntype T = other::Y;", "Y"),
        ("use super::y::{ONE};", "ONE"),
        ("use crate::y::*;\nfn f() -> Y { loop {} }", "Y"),
        ("use self::super::y::*;\nfn f() { make() }", "make"),
        ("type T = crate::y::Y;", "Y"),
        ("fn f(_: Option<&[super::y::Y]>) {}", "Y"),
        ("fn f() { crate::y::make() }", "make"),
        ("fn f(n: u8) { match n { crate::y::ONE => {} _ => {} } }", "ONE"),
        ("fn f() { use crate::y::make; make() }", "make"),
        ("fn f() { use crate::y; y::make() }", "make"),
        ("fn f() { assert!(1 == crate::y::ONE, \"{}\", 2); }", "ONE"),
        ("use crate::y::*;\nfn f() { vec![ONE] }", "ONE"),
        ("macro_rules! m { () => { $crate::y::make() } }", "make"),
        ("impl From<crate::y::Y> for X { fn from(_: crate::y::Y) -> X { X } }", "Y"),
        ("mod inline { pub struct Z(super::super::y::Y); }", "Y"),
        ("trait T { const N: u8 = crate::y::ONE; }", "ONE"),
    ] {
        let found = found_with(ROOT, way);
        assert!(found.len() == 1, "{way}: {found:?}");
        assert!(found[0].contains(&format!("uses `{item}` of y.rs")), "{way}: {found:?}");
    }
}

#[test]
fn what_only_looks_like_a_use_does_not_count() {
    for way in [
        "use crate::y;",
        "use crate::y::*;",
        "use other::y::Y;",
        "use ::y::Y;",
        "type T = y::Y;",
        "// use crate::y::Y;",
        "/// [`crate::y::Y`]\nconst A: &str = \"crate::y::Y\";",
        "use crate::y::*;\nfn f(make: u8) -> u8 { make }",
        "use crate::y::*;\nfn f<Y>(y: Y) -> Y { y }",
        "use crate::y::*;\nstruct Y;\nfn f() -> Y { Y }",
        "use crate::y::*;\nfn f(a: A) { assert!(a.make(), \"{}\", a.make); }",
        "pub(in crate::y) struct Z;",
    ] {
        assert_eq!(found_with(ROOT, way), [""; 0], "{way}");
    }
}

#[test]
fn a_use_in_tests_does_not_count() {
    for way in [
        "#[cfg(test)]\nmod tests { use crate::y::Y; fn f(_: Y, _: crate::y::Y) {} }",
        "#[cfg(test)]\nuse crate::y::Y;",
        "#[cfg(all(test, unix))]\nfn f(_: crate::y::Y) {}",
        "#[test]\nfn f() { crate::y::make() }",
        "impl X { #[cfg(test)]\nfn f() { crate::y::make() } }",
    ] {
        assert_eq!(found_with(ROOT, way), [""; 0], "{way}");
    }
}

#[test]
fn a_file_of_tests_is_in_no_circle() {
    for (declaration, count) in [("#[cfg(test)]\nmod tests;", 0), ("mod tests;", 1)] {
        let found = found(&[
            ("lib.rs", ROOT),
            ("x.rs", declaration),
            ("x/tests.rs", "use crate::y::Y;\npub struct T(Y);"),
            ("y.rs", "use crate::x::tests::T;\npub struct Y(T);"),
        ]);
        assert_eq!(found.len(), count, "{declaration}: {found:?}");
    }
}

#[test]
fn a_name_leads_through_pub_use_to_where_it_is_written() {
    for root in [
        "mod x;\nmod y;\npub use y::Y;\n",
        "mod x;\nmod y;\npub use self::y::Y as Z;\npub(crate) use Z as Y;\n",
        "mod x;\nmod y;\npub use y::*;\n",
        "mod x;\nmod y;\nmod between { pub(crate) use super::y::*; }\npub(crate) use between::Y;\n",
    ] {
        let found = found_with(root, "use crate::Y;");
        assert_eq!(
            found,
            ["x.rs:1: 2 files use each other in a circle: x.rs:1 uses `Y` of y.rs, \
              y.rs:1 uses `X` of x.rs"],
            "{root}"
        );
    }
}

#[test]
fn names_that_lead_in_circles_end() {
    let root = "mod x;\nmod y;\npub use x::*;\npub use y::*;\n";
    assert_eq!(found_with(root, "use crate::*;\nuse crate::nothing;"), [""; 0]);
    assert_eq!(found_with(root, "use crate::*;\nfn f(_: Y) {}").len(), 1);
}

#[test]
fn a_parent_that_only_declares_its_children_is_in_no_circle() {
    let files = [
        ("lib.rs", "mod p;\n"),
        ("p/mod.rs", "mod child;\npub use self::child::Child;\npub struct Shared;\n"),
        ("p/child.rs", "use super::Shared;\npub struct Child(Shared);\n"),
    ];
    assert_eq!(found(&files), [""; 0]);
}

#[test]
fn a_parent_that_uses_its_children_and_is_used_by_them_is_in_one() {
    for with in ["fn f(_: Child) {}", "use self::child::make;", "fn f() { child::make() }"] {
        let parent = format!("mod child;\npub use self::child::Child;\npub struct Shared;\n{with}");
        let child = "use super::Shared;\npub struct Child(Shared);\npub fn make() {}\n";
        let found = found(&[("lib.rs", "mod p;\n"), ("p/mod.rs", &parent), ("p/child.rs", child)]);
        assert!(found.len() == 1, "{with}: {found:?}");
        assert!(found[0].contains("p/child.rs:1 uses `Shared` of p/mod.rs"), "{found:?}");
        assert!(found[0].contains("p/mod.rs:4 uses `"), "{found:?}");
    }
}

#[test]
fn handing_on_what_is_not_below_is_a_use() {
    let found = found_with(ROOT, "pub use crate::y::Y;");
    assert!(found.len() == 1, "{found:?}");
}

#[test]
fn a_type_whose_methods_lie_in_several_files_is_in_a_circle() {
    for call in ["self.rest()", "Self::rest(self)", "X::rest(self)", "drop(Self::rest(self))"] {
        let x = format!("pub struct X;\nimpl X {{\n    fn start(&self) {{ {call} }}\n}}");
        let y = "use crate::x::X;\nimpl X {\n    pub fn rest(&self) {}\n}\n";
        let found = found(&[("lib.rs", ROOT), ("x.rs", &x), ("y.rs", y)]);
        assert_eq!(
            found,
            ["x.rs:3: 2 files use each other in a circle: x.rs:3 uses `X::rest` of y.rs, \
              y.rs:1 uses `X` of x.rs"],
            "{call}"
        );
    }
}

#[test]
fn variants_lead_to_their_enum() {
    for way in ["use super::y::Kind::*;", "use super::y::*;\nconst K: Kind = Kind::A;"] {
        let y = "use crate::x::X;\npub enum Kind { A, B }\nfn f(_: X) {}";
        let x = format!("{way}\npub struct X;\n");
        let found = found(&[("lib.rs", ROOT), ("x.rs", &x), ("y.rs", y)]);
        assert!(found.len() == 1 && found[0].contains("uses `Kind` of y.rs"), "{way}: {found:?}");
    }
}

#[test]
fn macros_lead_to_where_they_are_written() {
    let y = "use crate::x::X;\nmacro_rules! make { () => {} }\npub(crate) use make;\nfn f(_: X) {}";
    for way in ["fn f() { crate::y::make!() }", "use crate::y::*;\nmake! {}"] {
        let x = format!("pub struct X;\n{way}");
        let found = found(&[("lib.rs", ROOT), ("x.rs", &x), ("y.rs", y)]);
        assert!(found.len() == 1 && found[0].contains("`make` of y.rs"), "{way}: {found:?}");
    }
    let root = "macro_rules! here { () => { x::make() } }\nmod x;\n";
    let found = found(&[("lib.rs", root), ("x.rs", "pub fn make() {}\nhere! {}\n")]);
    assert!(found.len() == 1 && found[0].contains("`here` of lib.rs"), "{found:?}");
}

#[test]
fn the_shortest_way_round_is_shown_and_every_use_is_listed() {
    let (found, list) = look_at(&[
        ("lib.rs", "mod x;\nmod y;\nmod z;\n"),
        ("x.rs", "use crate::y::Y;\npub struct X(Y);\n"),
        ("y.rs", "use crate::z::{One, Two};\npub struct Y(One, Two);\n"),
        ("z.rs", "use crate::x::X;\nuse crate::y::Y;\npub struct One(X);\npub struct Two(Y);\n"),
    ]);
    assert_eq!(
        found,
        ["y.rs:1: 3 files use each other in a circle (x.rs, y.rs, z.rs), the shortest: \
          y.rs:1 uses `One` of z.rs, z.rs:2 uses `Y` of y.rs"]
    );
    assert_eq!(
        list,
        "    x.rs:1 uses `Y` of y.rs\n    y.rs:1 uses `One` of z.rs\n    \
         y.rs:1 uses `Two` of z.rs\n    z.rs:1 uses `X` of x.rs\n    z.rs:2 uses `Y` of y.rs\n"
    );
}

#[test]
fn each_circle_is_found_once_and_crates_apart() {
    let files = [
        ("lib.rs", "mod p;\nmod q;\nmod x;\nmod y;\n"),
        ("p.rs", "use crate::q::Q;\npub struct P(Q);"),
        ("q.rs", "use crate::p::P;\npub struct Q(P);"),
        ("x.rs", "use crate::y::Y;\npub struct X(Y);"),
        ("y.rs", "use crate::{p::P, x::X};\npub struct Y(X, P);"),
    ];
    assert_eq!(found(&files).len(), 2);
}

#[test]
fn files_are_found_as_rustc_finds_them() {
    let files = [
        ("lib.rs", "mod inline { pub mod deep; }\n#[path = \"odd.rs\"]\nmod even;\n"),
        ("inline/deep.rs", "use crate::even::E;\npub struct D(E);"),
        ("odd.rs", "use crate::inline::deep::D;\npub struct E(D);"),
    ];
    let found = found(&files);
    assert!(found.len() == 1 && found[0].contains("`D` of inline/deep.rs"), "{found:?}");
}
