//! What `xtask/mutants.json` says.

use std::path::Path;

use serde::Deserialize;

use crate::Result;

const PATH: &str = "xtask/mutants.json";

/// The scopes, and the survivors that are known.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Config {
    scopes: Vec<Scope>,
    equivalent: Vec<Equivalent>,
}

/// Something to mutate, and how much of it must be caught.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Scope {
    pub(super) name: String,
    pub(super) package: String,
    /// Globs; all files of the package when there are none.
    #[serde(default)]
    pub(super) files: Vec<String>,
    #[serde(default)]
    pub(super) all_features: bool,
    pub(super) timeout_seconds: u32,
    pub(super) caught_percent_min: f64,
}

/// A mutant that changes nothing that a caller could see, and why.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Equivalent {
    /// As cargo-mutants names it, without line and column. Of several of one name, it is about one.
    mutant: String,
    reason: String,
}

impl Config {
    pub(super) fn read(root: &Path) -> Result<Self> {
        let path = root.join(PATH);
        let text = std::fs::read_to_string(&path)
            .map_err(|error| format!("{} can't be read: {error}", path.display()))?;
        Self::parse(&text)
    }

    pub(super) fn parse(text: &str) -> Result<Self> {
        serde_json::from_str(text).map_err(|error| format!("{PATH} can't be read: {error}"))
    }

    /// The scopes of these names, or all.
    pub(super) fn select(&self, names: &[String]) -> Result<Vec<&Scope>> {
        if names.is_empty() {
            return Ok(self.scopes.iter().collect());
        }
        let known: Vec<_> = self.scopes.iter().map(|scope| scope.name.as_str()).collect();
        names
            .iter()
            .map(|name| {
                self.scopes.iter().find(|scope| scope.name == *name).ok_or_else(|| {
                    format!("there is no scope {name:?}; {PATH} has {}", known.join(", "))
                })
            })
            .collect()
    }

    /// Why a mutant of this name is known to change nothing, once per entry.
    pub(super) fn reasons(&self, mutant: &str) -> impl Iterator<Item = &str> {
        self.equivalent
            .iter()
            .filter(move |known| known.mutant == mutant)
            .map(|known| known.reason.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_committed_file_is_well_formed() {
        let config = Config::parse(include_str!("../../mutants.json")).unwrap();
        assert!(config.select(&[]).unwrap().len() >= 3);
        assert!(config.equivalent.iter().all(|known| known.reason.len() > 10));
    }

    #[test]
    fn an_unknown_scope_names_the_known_ones() {
        let config = Config::parse(r#"{"scopes": [], "equivalent": []}"#).unwrap();
        assert!(config.select(&["x".into()]).unwrap_err().contains("no scope \"x\""));
    }
}
