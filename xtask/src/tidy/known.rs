//! What the commands in the documentation may name: packages, and subcommands of the `iqdb` tool.
//!
//! Pure. The subcommands are read from the tool's source, because xtask depends on no package.

use super::rust_text;
use super::sources::Sources;
use crate::workspace::Workspace;

/// The package of the `iqdb` tool.
pub(crate) const TOOL: &str = "iqdb-cli";

/// The names that exist.
#[derive(Debug, Default)]
pub(crate) struct Known {
    pub(crate) packages: Vec<String>,
    pub(crate) tool_commands: Vec<String>,
}

impl Known {
    pub(crate) fn of(workspace: &Workspace, sources: &Sources) -> Self {
        let folder = format!("{TOOL}/src/");
        let tool = sources.with_extension("rs").filter(|source| source.path.starts_with(&folder));
        Self {
            packages: workspace.packages.iter().map(|package| package.name.clone()).collect(),
            tool_commands: tool.flat_map(|source| subcommands(&source.text)).collect(),
        }
    }
}

/// The variants of every enum that derives clap's `Subcommand`, as they are typed. A variant that
/// is renamed by an attribute is not seen.
fn subcommands(text: &str) -> Vec<String> {
    let code = rust_text::code(text);
    let mut names = Vec::new();
    for (at, _) in code.match_indices("derive(") {
        let Some((derives, rest)) = code[at..].split_once(')') else {
            continue;
        };
        if !derives.contains("Subcommand") {
            continue;
        }
        // Attributes may stand between the derive and the enum.
        let body = rest.find("enum ").and_then(|at| rest[at..].find('{').map(|open| at + open));
        names.extend(body.map(|open| variants(&rest[open..])).unwrap_or_default());
    }
    names
}

/// The names of the variants between the braces that `body` begins with.
fn variants(body: &str) -> Vec<String> {
    let (mut names, mut depth, mut at_start) = (Vec::new(), 0_usize, true);
    for (_, token) in rust_text::tokens(body) {
        match token {
            "{" | "(" | "[" => depth += 1,
            "}" | ")" | "]" if depth == 1 => break,
            "}" | ")" | "]" => depth -= 1,
            "," if depth == 1 => at_start = true,
            "#" => {}
            name if depth == 1 && at_start => {
                names.push(kebab(name));
                at_start = false;
            }
            _ => {}
        }
    }
    names
}

fn kebab(name: &str) -> String {
    let mut kebab = String::new();
    for c in name.chars() {
        if c.is_uppercase() && !kebab.is_empty() {
            kebab.push('-');
        }
        kebab.extend(c.to_lowercase());
    }
    kebab
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn subcommands_are_the_variants() {
        let text = "#[derive(Debug, Parser)]\nstruct Cli { x: u8 }\n\
            /// What to do.\n#[derive(Debug, clap::Subcommand)]\n#[command(about = \"{\")]\n\
            pub(crate) enum Command {\n    /// Shows it, all of it.\n    Demo(demo::Args),\n    \
            #[command(visible_alias = \"b\")]\n    Bench { rows: u64, k: usize },\n    BulkLoad,\n}\n\
            #[derive(Debug)]\nenum Other { Wrong }\n";
        assert_eq!(subcommands(text), ["demo", "bench", "bulk-load"]);
    }

    #[test]
    fn a_source_without_subcommands_has_none() {
        assert_eq!(subcommands("#[derive(Debug)]\nenum Other { Wrong }"), [""; 0]);
    }
}
