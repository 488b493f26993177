//! What the workspace consists of, as `cargo metadata` says.
//!
//! It names no package: a backend that is added later is found, not listed.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::Result;
use crate::cargo::Invocation;

/// The packages of the workspace and where it lies.
#[derive(Debug, Deserialize)]
pub(crate) struct Workspace {
    #[serde(rename = "workspace_root")]
    pub(crate) root: PathBuf,
    #[serde(rename = "target_directory")]
    pub(crate) target: PathBuf,
    pub(crate) packages: Vec<Package>,
}

/// One package of the workspace.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Package {
    pub(crate) name: String,
    pub(crate) manifest_path: PathBuf,
    /// Every feature, those that optional dependencies imply included.
    pub(crate) features: BTreeMap<String, Vec<String>>,
    pub(crate) targets: Vec<Target>,
    pub(crate) dependencies: Vec<Dependency>,
}

/// Something that cargo builds of a package.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Target {
    pub(crate) name: String,
    pub(crate) kind: Vec<String>,
    /// Its root file.
    pub(crate) src_path: PathBuf,
}

/// Something that a package depends on.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Dependency {
    pub(crate) name: String,
    /// `None` for a normal one, else `dev` or `build`.
    pub(crate) kind: Option<String>,
}

impl Workspace {
    /// Asks cargo about the workspace that the current directory is in.
    pub(crate) fn load() -> Result<Self> {
        let metadata =
            Invocation::new(["metadata", "--no-deps", "--format-version", "1", "--locked"]);
        let captured = metadata.capture(Path::new("."))?;
        if !captured.success {
            return Err(format!("`{metadata}` failed:\n{}", captured.stderr.trim_end()));
        }
        Self::from_metadata(&captured.stdout)
            .map_err(|error| format!("the answer of `{metadata}` could not be read: {error}"))
    }

    fn from_metadata(json: &str) -> serde_json::Result<Self> {
        serde_json::from_str(json)
    }

    /// A target folder of its own for builds of this kind, below ours, or they would rebuild each
    /// other's dependencies and wait for each other's locks. Relative to the root where it can be.
    pub(crate) fn target_for(&self, kind: &str) -> String {
        let target = self.target.strip_prefix(&self.root).unwrap_or(&self.target);
        target.join(kind).display().to_string()
    }

    /// The root files of its libraries, from the workspace's root, with `/`.
    pub(crate) fn library_roots(&self) -> Vec<String> {
        let targets = self.packages.iter().flat_map(|package| &package.targets);
        let libraries = targets.filter(|target| target.kind.iter().any(|kind| kind == "lib"));
        libraries
            .filter_map(|library| library.src_path.strip_prefix(&self.root).ok())
            .map(|path| path.display().to_string().replace('\\', "/"))
            .collect()
    }

    /// The dependencies of `package` that are packages of the workspace themselves.
    pub(crate) fn arrows_of<'a>(
        &'a self,
        package: &'a Package,
    ) -> impl Iterator<Item = &'a Dependency> {
        package
            .dependencies
            .iter()
            .filter(|dependency| self.packages.iter().any(|other| other.name == dependency.name))
    }
}

impl Package {
    /// Whether it has an integration test target of this name.
    pub(crate) fn has_test(&self, name: &str) -> bool {
        self.has_target(name, "test")
    }

    /// Whether it has an example of this name.
    pub(crate) fn has_example(&self, name: &str) -> bool {
        self.has_target(name, "example")
    }

    fn has_target(&self, name: &str, kind: &str) -> bool {
        let is_it =
            |target: &Target| target.name == name && target.kind.iter().any(|of| of == kind);
        self.targets.iter().any(is_it)
    }

    /// Its name without `iqdb-`, as people say it.
    pub(crate) fn short_name(&self) -> &str {
        self.name.strip_prefix("iqdb-").unwrap_or(&self.name)
    }
}

impl Dependency {
    /// Whether it is there only for tests, examples and benches.
    pub(crate) fn is_dev(&self) -> bool {
        self.kind.as_deref() == Some("dev")
    }
}

#[cfg(test)]
pub(crate) mod fake {
    //! Workspaces that tests make up.

    use super::*;

    /// A package called `name` that depends on these; `dev:` in front makes it a dev-dependency.
    pub(crate) fn package(name: &str, dependencies: &[&str]) -> Package {
        let dependencies = dependencies
            .iter()
            .map(|dependency| match dependency.strip_prefix("dev:") {
                Some(name) => Dependency { name: name.to_owned(), kind: Some("dev".to_owned()) },
                None => Dependency { name: (*dependency).to_owned(), kind: None },
            })
            .collect();
        Package {
            name: name.to_owned(),
            manifest_path: Path::new("/w").join(name).join("Cargo.toml"),
            features: BTreeMap::new(),
            targets: Vec::new(),
            dependencies,
        }
    }

    /// A target of this name and kind.
    pub(crate) fn target(name: &str, kind: &str, path: &str) -> Target {
        let src_path = Path::new("/w/a").join(path);
        Target { name: name.to_owned(), kind: vec![kind.to_owned()], src_path }
    }

    /// A workspace of these packages.
    pub(crate) fn workspace(packages: Vec<Package>) -> Workspace {
        Workspace { root: "/w".into(), target: "/w/target".into(), packages }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metadata_is_read() {
        let workspace = Workspace::from_metadata(
            r#"{"packages": [{
                "name": "iqdb-memory", "version": "0.1.0",
                "manifest_path": "/w/iqdb-memory/Cargo.toml",
                "features": {"serde": ["dep:serde"]},
                "targets": [{"name": "iqdb_memory", "kind": ["lib"],
                             "src_path": "/w/iqdb-memory/src/lib.rs"},
                            {"name": "conformance", "kind": ["test"],
                             "src_path": "/w/iqdb-memory/tests/conformance.rs"}],
                "dependencies": [{"name": "serde", "kind": null, "optional": true},
                                 {"name": "iqdb-memory", "kind": "dev", "optional": false}]
            }], "workspace_root": "/w", "target_directory": "/w/target", "version": 1}"#,
        )
        .unwrap();
        let package = &workspace.packages[0];
        assert_eq!(package.short_name(), "memory");
        assert!(package.has_test("conformance") && !package.has_test("iqdb_memory"));
        assert_eq!(workspace.library_roots(), ["iqdb-memory/src/lib.rs"]);
        let arrows: Vec<_> = workspace.arrows_of(package).collect();
        assert!(arrows.len() == 1 && arrows[0].is_dev());
    }
}
