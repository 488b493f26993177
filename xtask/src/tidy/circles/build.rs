//! Builds the tree of a crate's modules from its files.
//!
//! Pure. It follows `mod` declarations as rustc does and expands no macro: an item that only a
//! macro declares is not in the tree. Tests are left out. What a function imports or declares for
//! itself is taken for an import or item of its module.

use std::collections::BTreeMap;

use proc_macro2::Ident;
use syn::visit::{self, Visit};
use syn::{Attribute, Item, ItemMacro, ItemMod, ItemUse, UseTree, Visibility};

use super::super::parsed::{Parsed, attributes, is_test_only};
use super::super::reach::{Declaration, candidates};
use super::tree::{Declared, Import, Meaning, Module, Tree};
use super::word::word;

/// The tree below the file `root`; `None` if there is no such file.
pub(super) fn tree<'a>(root: &str, files: &BTreeMap<&str, &'a Parsed<'a>>) -> Option<Tree<'a>> {
    let file = files.get(root)?;
    let tree = Tree { modules: Vec::new(), items: Vec::new() };
    let mut builder = Builder { tree, files, module: 0, inside: Vec::new() };
    builder.add_module(&file.source.path, None, &file.tree.items);
    Some(builder.tree)
}

/// Walks the files of a crate and fills a tree.
struct Builder<'a, 'f> {
    tree: Tree<'a>,
    files: &'f BTreeMap<&'f str, &'a Parsed<'a>>,
    /// The module that is being filled.
    module: usize,
    /// The inline modules of its file around it, outermost first.
    inside: Vec<String>,
}

impl<'a> Builder<'a, '_> {
    fn add_module(&mut self, file: &'a str, parent: Option<usize>, body: &'a [Item]) -> usize {
        let (names, globs, imports) = (BTreeMap::new(), Vec::new(), Vec::new());
        let module = self.tree.modules.len();
        self.tree.modules.push(Module { file, parent, names, globs, imports, body });
        let around = std::mem::replace(&mut self.module, module);
        for item in body {
            self.visit_item(item);
        }
        self.module = around;
        module
    }

    fn name(&mut self, module: usize, name: String, meaning: Meaning) {
        self.tree.modules[module].names.entry(name).or_default().push(meaning);
    }

    fn declare(&mut self, name: &Ident, variants: Vec<String>) {
        let (item, name) = (self.tree.items.len(), word(name));
        self.tree.items.push(Declared { name: name.clone(), module: self.module, variants });
        self.name(self.module, name, Meaning::Item(item));
    }

    fn declare_macro(&mut self, item: &ItemMacro) {
        let Some(name) = &item.ident else {
            return;
        };
        self.declare(name, Vec::new());
        if self.module != 0 && item.attrs.iter().any(|attr| attr.path().is_ident("macro_export")) {
            let exported = Meaning::Item(self.tree.items.len() - 1);
            self.name(0, word(name), exported);
        }
    }

    fn declare_module(&mut self, item: &'a ItemMod) {
        let name = word(&item.ident);
        let file = self.tree.modules[self.module].file;
        if let Some((_, body)) = &item.content {
            self.inside.push(name.clone());
            let module = self.add_module(file, Some(self.module), body);
            self.inside.pop();
            self.name(self.module, name, Meaning::Module(module));
            return;
        }
        let inside = self.inside.clone();
        let declaration = Declaration { name: name.clone(), inside, path: path_of(&item.attrs) };
        let found = candidates(file, &declaration);
        if let Some(parsed) = found.iter().find_map(|path| self.files.get(path.as_str())).copied() {
            let around = std::mem::take(&mut self.inside);
            let body = &parsed.tree.items;
            let module = self.add_module(&parsed.source.path, Some(self.module), body);
            self.inside = around;
            self.name(self.module, name, Meaning::Module(module));
        }
    }

    fn import(&mut self, item: &ItemUse) {
        // `use ::name` is always another crate.
        if item.leading_colon.is_none() {
            let is_reexport = !matches!(item.vis, Visibility::Inherited);
            self.import_tree(&item.tree, &mut Vec::new(), is_reexport);
        }
    }

    fn import_tree(&mut self, tree: &UseTree, prefix: &mut Vec<String>, is_reexport: bool) {
        match tree {
            UseTree::Path(path) => {
                prefix.push(word(&path.ident));
                self.import_tree(&path.tree, prefix, is_reexport);
                prefix.pop();
            }
            UseTree::Group(group) => {
                for tree in &group.items {
                    self.import_tree(tree, prefix, is_reexport);
                }
            }
            UseTree::Name(name) if name.ident == "self" => {
                let alias = prefix.last().cloned().unwrap_or_default();
                self.import_path(prefix.clone(), &name.ident, Some(alias), is_reexport);
            }
            UseTree::Name(name) => {
                let path = joined(prefix, &name.ident);
                self.import_path(path, &name.ident, Some(word(&name.ident)), is_reexport);
            }
            UseTree::Rename(rename) => {
                let path = if rename.ident == "self" {
                    prefix.clone()
                } else {
                    joined(prefix, &rename.ident)
                };
                let alias = word(&rename.rename);
                self.import_path(path, &rename.ident, Some(alias), is_reexport);
            }
            UseTree::Glob(glob) => {
                let line = glob.star_token.spans[0].start().line;
                let module = &mut self.tree.modules[self.module];
                module.imports.push(Import { path: prefix.clone(), line, is_reexport });
                module.globs.push(prefix.clone());
            }
        }
    }

    fn import_path(
        &mut self,
        path: Vec<String>,
        at: &Ident,
        alias: Option<String>,
        is_reexport: bool,
    ) {
        let line = at.span().start().line;
        if let Some(alias) = alias.filter(|alias| alias != "_") {
            self.name(self.module, alias, Meaning::Import(path.clone()));
        }
        self.tree.modules[self.module].imports.push(Import { path, line, is_reexport });
    }
}

impl<'a> Visit<'a> for Builder<'a, '_> {
    fn visit_item(&mut self, item: &'a Item) {
        if is_test_only(attributes(item)) {
            return;
        }
        match item {
            Item::Const(item) => self.declare(&item.ident, Vec::new()),
            Item::Enum(item) => {
                let variants = item.variants.iter().map(|variant| word(&variant.ident)).collect();
                self.declare(&item.ident, variants);
            }
            Item::Fn(item) => self.declare(&item.sig.ident, Vec::new()),
            Item::Macro(item) => self.declare_macro(item),
            Item::Mod(item) => return self.declare_module(item),
            Item::Static(item) => self.declare(&item.ident, Vec::new()),
            Item::Struct(item) => self.declare(&item.ident, Vec::new()),
            Item::Trait(item) => self.declare(&item.ident, Vec::new()),
            Item::TraitAlias(item) => self.declare(&item.ident, Vec::new()),
            Item::Type(item) => self.declare(&item.ident, Vec::new()),
            Item::Union(item) => self.declare(&item.ident, Vec::new()),
            Item::Use(item) => return self.import(item),
            _ => {}
        }
        visit::visit_item(self, item);
    }
}

fn joined(prefix: &[String], last: &Ident) -> Vec<String> {
    prefix.iter().cloned().chain([word(last)]).collect()
}

/// What a `#[path = "…"]` says.
fn path_of(attributes: &[Attribute]) -> Option<String> {
    let attribute = attributes.iter().find(|attribute| attribute.path().is_ident("path"))?;
    let syn::Meta::NameValue(pair) = &attribute.meta else {
        return None;
    };
    let syn::Expr::Lit(syn::ExprLit { lit: syn::Lit::Str(text), .. }) = &pair.value else {
        return None;
    };
    Some(text.value())
}
