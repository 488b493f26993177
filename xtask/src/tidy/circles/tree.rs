//! The modules of one crate, what their names stand for, and where a path leads.
//!
//! Pure. It follows imports to the item, through `pub use`, globs and other names.

use std::collections::BTreeMap;

use syn::Item;

/// The crate's modules; the first is its root.
pub(super) struct Tree<'a> {
    pub(super) modules: Vec<Module<'a>>,
    pub(super) items: Vec<Declared>,
}

/// A module, in a file of its own or inline.
pub(super) struct Module<'a> {
    /// The path of its file.
    pub(super) file: &'a str,
    pub(super) parent: Option<usize>,
    /// What each name stands for: several things where `cfg` chooses, or in several namespaces.
    pub(super) names: BTreeMap<String, Vec<Meaning>>,
    /// The paths in front of `::*`.
    pub(super) globs: Vec<Vec<String>>,
    pub(super) imports: Vec<Import>,
    pub(super) body: &'a [Item],
}

/// What a name in a module stands for.
#[derive(Debug, Clone)]
pub(super) enum Meaning {
    Module(usize),
    Item(usize),
    /// What this path leads to.
    Import(Vec<String>),
}

/// Something that has a name and is no module.
#[derive(Debug)]
pub(super) struct Declared {
    pub(super) name: String,
    pub(super) module: usize,
    /// Those of an enum.
    pub(super) variants: Vec<String>,
}

/// One path that a `use` names; that of a glob without its star.
#[derive(Debug)]
pub(super) struct Import {
    pub(super) path: Vec<String>,
    pub(super) line: usize,
    /// Whether it has a visibility: it hands the name on.
    pub(super) is_reexport: bool,
}

/// Where a path leads within the crate.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Target {
    Module(usize),
    /// An item, and the segment that follows it: a variant or an associated item.
    Item(usize, Option<String>),
}

impl<'a> Tree<'a> {
    /// Whether `module` is `ancestor` or below it.
    pub(super) fn is_within(&self, module: usize, ancestor: usize) -> bool {
        let mut next = Some(module);
        while let Some(module) = next {
            if module == ancestor {
                return true;
            }
            next = self.modules[module].parent;
        }
        false
    }

    /// Everything that `path`, written in the module `from`, may lead to. Nothing if it leads out
    /// of the crate.
    pub(super) fn resolve(&self, from: usize, path: &[String]) -> Vec<Target> {
        self.follow(from, path, &mut Vec::new())
    }

    /// What the macro `name` is in the module `from`: those of the modules around it are seen, too.
    pub(super) fn resolve_macro(&self, from: usize, name: &str) -> Vec<Target> {
        let path = [name.to_owned()];
        let mut next = Some(from);
        while let Some(module) = next {
            let found = self.resolve(module, &path);
            if !found.is_empty() {
                return found;
            }
            next = self.modules[module].parent;
        }
        Vec::new()
    }

    fn follow(&self, from: usize, path: &[String], busy: &mut Vec<(usize, String)>) -> Vec<Target> {
        let mut segments = path.iter();
        let Some(first) = segments.next() else {
            return Vec::new();
        };
        let mut targets = match first.as_str() {
            "crate" => vec![Target::Module(0)],
            "self" => vec![Target::Module(from)],
            "super" => self.parent_of(from),
            name => self.look_up(from, name, busy),
        };
        for segment in segments {
            let step = |target: Target| match target {
                Target::Module(module) => match segment.as_str() {
                    "self" => vec![Target::Module(module)],
                    "super" => self.parent_of(module),
                    name => self.look_up(module, name, busy),
                },
                Target::Item(item, rest) => {
                    vec![Target::Item(item, rest.or_else(|| Some(segment.clone())))]
                }
            };
            targets = targets.into_iter().flat_map(step).collect();
        }
        targets.sort();
        targets.dedup();
        targets
    }

    fn parent_of(&self, module: usize) -> Vec<Target> {
        self.modules[module].parent.map(Target::Module).into_iter().collect()
    }

    /// What `name` is in `module`. `busy` has the look-ups around this one, since imports may go
    /// in circles.
    fn look_up(&self, module: usize, name: &str, busy: &mut Vec<(usize, String)>) -> Vec<Target> {
        if busy.iter().any(|(other, of)| *other == module && of == name) {
            return Vec::new();
        }
        busy.push((module, name.to_owned()));
        let mut targets = Vec::new();
        if let Some(meanings) = self.modules[module].names.get(name) {
            for meaning in meanings {
                match meaning {
                    Meaning::Module(module) => targets.push(Target::Module(*module)),
                    Meaning::Item(item) => targets.push(Target::Item(*item, None)),
                    Meaning::Import(path) => targets.extend(self.follow(module, path, busy)),
                }
            }
        } else {
            for glob in &self.modules[module].globs {
                for target in self.follow(module, glob, busy) {
                    match target {
                        Target::Module(of) => targets.extend(self.look_up(of, name, busy)),
                        Target::Item(item, _) if self.has_variant(item, name) => {
                            targets.push(Target::Item(item, Some(name.to_owned())));
                        }
                        Target::Item(..) => {}
                    }
                }
            }
        }
        busy.pop();
        targets
    }

    fn has_variant(&self, item: usize, name: &str) -> bool {
        self.items[item].variants.iter().any(|variant| variant == name)
    }
}
