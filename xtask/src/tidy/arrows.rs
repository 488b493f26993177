//! Checks the dependency arrows: those drawn in ARCHITECTURE.md are those cargo knows, and they
//! point one way.
//!
//! Pure. It looks at packages of the workspace only, never at what comes from a registry.

use std::collections::BTreeSet;

use super::finding::Finding;
use super::markdown;
use super::sources::Sources;
use crate::workspace::{Package, Workspace};

const DRAWN_IN: &str = "ARCHITECTURE.md";
const LANGUAGE: &str = "arrows";
const CORE: &str = "iqdb-core";
const COLUMNS: &str = "iqdb-columns";

/// What a package may depend on, dev-dependencies aside.
enum May {
    /// These and nothing else.
    Only(&'static [&'static str]),
    /// These and nothing else, dev-dependencies included.
    OnlyAlsoInTests(&'static [&'static str]),
    /// Everything but these.
    AllBut(&'static [&'static str]),
}

/// What `package` may depend on, and why. A package that is not named here is a backend, and the
/// strictest rule is the one that a new package has to argue against.
fn rule(package: &str) -> (May, &'static str) {
    match package {
        CORE => (May::Only(&[]), "everything depends on it, so it depends on nothing"),
        "iqdb-conformance" => (
            May::OnlyAlsoInTests(&[CORE]),
            "with a backend or a search in it, the oracle would be testing itself",
        ),
        "xtask" => (May::OnlyAlsoInTests(&[]), "it must work while any of them does not compile"),
        "iqdb" => (
            May::AllBut(&[
                "iqdb-cli",
                "iqdb-benches",
                "iqdb-conformance",
                "iqdb-faults",
                "iqdb-fuzz-targets",
                "xtask",
            ]),
            "the facade is core, search and the backends",
        ),
        "iqdb-cli" | "iqdb-benches" | "iqdb-faults" | "iqdb-fuzz-targets" => {
            (May::AllBut(&["xtask"]), "xtask is a tool, not a library")
        }
        "iqdb-file" => (
            May::Only(&[CORE, COLUMNS, "iqdb-arena"]),
            "it keeps what is not sealed yet in an arena, and payloads in columns",
        ),
        "iqdb-arena" => (May::Only(&[CORE, COLUMNS]), "it keeps payloads in columns"),
        _ => (May::Only(&[CORE]), "backends and search know core, never each other"),
    }
}

/// How many arrows there are, and what is wrong with them.
pub(crate) fn check(workspace: &Workspace, sources: &Sources) -> (usize, Vec<Finding>) {
    let mut findings = compare(workspace, sources);
    for package in &workspace.packages {
        findings.extend(check_rule(workspace, package, sources));
    }
    (known(workspace).len(), findings)
}

/// The arrows of cargo: normal and build dependencies, optional ones included.
fn known(workspace: &Workspace) -> BTreeSet<(&str, &str)> {
    let of = |package| workspace.arrows_of(package).filter(|dependency| !dependency.is_dev());
    workspace
        .packages
        .iter()
        .flat_map(|package| of(package).map(|to| (package.name.as_str(), to.name.as_str())))
        .collect()
}

fn compare(workspace: &Workspace, sources: &Sources) -> Vec<Finding> {
    let Some(page) = sources.get(DRAWN_IN) else {
        let remedy = format!("write it, with the arrows in a ```{LANGUAGE} block");
        return vec![Finding::new(DRAWN_IN, 1, "the file is missing", remedy)];
    };
    let known = known(workspace);
    let (mut findings, mut drawn, mut block) = (Vec::new(), BTreeSet::new(), None);
    let lines = markdown::lines(&page.text);
    for line in lines.iter().filter(|line| line.language == Some(LANGUAGE)) {
        block = block.or(Some(line.number));
        let text = line.text.trim();
        if text.is_empty() {
            continue;
        }
        let finding =
            |problem: String, remedy: &str| Finding::new(&page.path, line.number, problem, remedy);
        let Some((from, all)) = text.split_once(" -> ") else {
            findings.push(finding(format!("`{text}` is no arrow"), "write `from -> to, to`"));
            continue;
        };
        let from = from.trim();
        for to in all.split(',').map(str::trim) {
            let arrow = format!("{from} -> {to}");
            if !drawn.insert((from, to)) {
                findings.push(finding(format!("`{arrow}` is drawn twice"), "delete one of them"));
            } else if !known.contains(&(from, to)) {
                let problem = format!("`{arrow}` is drawn, but no such dependency exists");
                findings.push(finding(problem, "delete the arrow"));
            }
        }
    }
    let Some(block) = block else {
        let problem = format!("there is no ```{LANGUAGE} block");
        let remedy = "draw the dependencies, one `from -> to, to` per line";
        return vec![Finding::new(&page.path, 1, problem, remedy)];
    };
    for (from, to) in known.difference(&drawn) {
        let problem = format!("`{from} -> {to}` is a dependency, but not drawn");
        findings.push(Finding::new(&page.path, block, problem, "draw the arrow"));
    }
    findings
}

fn check_rule(workspace: &Workspace, package: &Package, sources: &Sources) -> Vec<Finding> {
    let (may, why) = rule(&package.name);
    let mut findings = Vec::new();
    for dependency in workspace.arrows_of(package) {
        let to = dependency.name.as_str();
        let allowed = match may {
            May::Only(only) => dependency.is_dev() || only.contains(&to),
            May::OnlyAlsoInTests(only) => only.contains(&to),
            May::AllBut(but) => dependency.is_dev() || !but.contains(&to),
        };
        if !allowed {
            let path = package.manifest_path.strip_prefix(&workspace.root);
            let path = path.unwrap_or(&package.manifest_path).display().to_string();
            let line = sources.get(&path).map_or(1, |manifest| line_naming(&manifest.text, to));
            let problem = format!("{} depends on {to}, which it must not: {why}", package.name);
            findings.push(Finding::new(&path, line, problem, "remove the dependency"));
        }
    }
    findings
}

/// The line of a manifest that declares the dependency `name`, or the first.
fn line_naming(manifest: &str, name: &str) -> usize {
    let declares =
        |line: &str| line.strip_prefix(name).is_some_and(|rest| rest.starts_with(['.', ' ', '=']));
    manifest.lines().position(declares).map_or(1, |at| at + 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workspace::fake::{package, workspace};

    fn found(packages: Vec<Package>, files: &[(&str, &str)]) -> Vec<String> {
        let (_, findings) = check(&workspace(packages), &Sources::new(files));
        findings.iter().map(ToString::to_string).collect()
    }

    fn good() -> Vec<Package> {
        vec![
            package("iqdb-core", &["thiserror"]),
            package("iqdb-conformance", &["iqdb-core"]),
            package("iqdb-search", &["iqdb-core", "dev:iqdb-memory"]),
            package("iqdb-memory", &["iqdb-core", "dev:iqdb-conformance", "dev:iqdb-search"]),
            package("iqdb", &["iqdb-core", "iqdb-memory"]),
            package("xtask", &["clap"]),
        ]
    }

    const PAGE: &str = "# Map\n```arrows\niqdb-conformance -> iqdb-core\niqdb-search -> iqdb-core\n\
        iqdb-memory -> iqdb-core\niqdb -> iqdb-core\niqdb -> iqdb-memory\n```\n";

    #[test]
    fn a_true_drawing_is_left_alone() {
        assert_eq!(found(good(), &[(DRAWN_IN, PAGE)]), [""; 0]);
    }

    #[test]
    fn a_difference_is_found_in_both_directions() {
        let page = PAGE.replace("iqdb -> iqdb-memory", "iqdb -> iqdb-search");
        assert_eq!(
            found(good(), &[(DRAWN_IN, &page)]),
            [
                "ARCHITECTURE.md:7: `iqdb -> iqdb-search` is drawn, but no such dependency exists; \
                 delete the arrow",
                "ARCHITECTURE.md:3: `iqdb -> iqdb-memory` is a dependency, but not drawn; \
                 draw the arrow",
            ]
        );
    }

    #[test]
    fn lines_that_are_no_arrow_or_come_twice_are_found() {
        let page = PAGE.replace("```arrows\n", "```arrows\nxtask: nothing\niqdb -> iqdb-core\n");
        let found = found(good(), &[(DRAWN_IN, &page)]);
        assert_eq!(found.len(), 2);
        assert!(found[0].contains(":3: `xtask: nothing` is no arrow"), "{found:?}");
        assert!(found[1].contains("is drawn twice"), "{found:?}");
    }

    #[test]
    fn a_missing_page_or_block_is_found() {
        assert_eq!(found(good(), &[]).len(), 1);
        let found = found(good(), &[(DRAWN_IN, "# Map\n")]);
        assert!(found.len() == 1 && found[0].contains("no ```arrows block"), "{found:?}");
    }

    /// What the rule alone says when `name` depends on `on`.
    fn forbidden(name: &str, on: &str) -> bool {
        let others = [
            "iqdb-core",
            "iqdb-columns",
            "iqdb-search",
            "iqdb-memory",
            "iqdb-conformance",
            "iqdb",
            "xtask",
        ];
        let mut packages: Vec<Package> = others
            .iter()
            .filter(|other| **other != name)
            .map(|other| package(other, &[]))
            .collect();
        packages.push(package(name, &[on]));
        let all = workspace(packages);
        let own = all.packages.iter().find(|package| package.name == name).unwrap();
        !check_rule(&all, own, &Sources::default()).is_empty()
    }

    #[test]
    fn arrows_point_one_way() {
        for (from, to) in [
            ("iqdb-core", "iqdb-memory"),
            ("iqdb-memory", "iqdb-search"),
            ("iqdb-memory", "iqdb-conformance"),
            ("iqdb-arena", "iqdb-memory"),
            ("iqdb-columns", "iqdb-memory"),
            ("iqdb-search", "iqdb-columns"),
            ("iqdb-search", "iqdb-memory"),
            ("iqdb-conformance", "iqdb-memory"),
            ("iqdb-conformance", "dev:iqdb-search"),
            ("iqdb", "iqdb-conformance"),
            ("xtask", "iqdb-core"),
            ("xtask", "dev:iqdb-core"),
            ("iqdb-cli", "xtask"),
        ] {
            assert!(forbidden(from, to), "{from} -> {to}");
        }
        for (from, to) in [
            ("iqdb-memory", "dev:iqdb-conformance"),
            ("iqdb-arena", "iqdb-core"),
            ("iqdb-arena", "iqdb-columns"),
            ("iqdb", "iqdb-search"),
            ("iqdb-cli", "iqdb-search"),
        ] {
            assert!(!forbidden(from, to), "{from} -> {to}");
        }
    }

    #[test]
    fn a_forbidden_arrow_is_found_in_its_manifest() {
        let mut packages = good();
        packages[0] = package("iqdb-core", &["iqdb-memory"]);
        let page = PAGE.replace("```arrows", "```arrows\niqdb-core -> iqdb-memory");
        let manifest = "[dependencies]\niqdb-memory.workspace = true\n";
        let found = found(packages, &[(DRAWN_IN, &page), ("iqdb-core/Cargo.toml", manifest)]);
        assert_eq!(
            found,
            ["iqdb-core/Cargo.toml:2: iqdb-core depends on iqdb-memory, which it must not: \
              everything depends on it, so it depends on nothing; remove the dependency"]
        );
    }
}
