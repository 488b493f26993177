//! Which file of a crate uses an item of which other file, and where.
//!
//! Pure. It sees paths: in imports, types, expressions, patterns, and among the tokens of macros.
//! Methods it sees where the type is plain: `Type::method`, `Self::method` and `self.method()`.
//! What it can't see is what a macro expands to, a method of another value, and an implementation
//! of a trait that is used through the trait.

use std::collections::{BTreeMap, BTreeSet};

use syn::visit::{self, Visit};
use syn::{
    Attribute, Expr, ExprMethodCall, Generics, ImplItem, ImplItemFn, Item, ItemFn, ItemImpl,
    ItemMod, ItemTrait, ItemUse, Macro, PatIdent, Path, Type, VisRestricted,
};

use super::super::parsed::{attributes, is_test_only};
use super::macro_tokens;
use super::tree::{Module, Target, Tree};
use super::word::{is_type_name, word};

/// For each file that uses another: the items it uses, by the line of the first use.
pub(super) type Uses<'a> = BTreeMap<(&'a str, &'a str), BTreeSet<Use>>;

/// One item that a file uses.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Use {
    /// Of the first use, from 1.
    pub(super) line: usize,
    pub(super) item: String,
}

/// All uses between different files of the crate.
pub(super) fn between_files<'a>(tree: &Tree<'a>) -> Uses<'a> {
    let members = Members::of(tree);
    let mut first = BTreeMap::new();
    for (number, module) in tree.modules.iter().enumerate() {
        let mut reader =
            Reader { tree, members: &members, module: number, own: None, bound: vec![], first };
        reader.imports(module);
        for item in module.body {
            reader.visit_item(item);
        }
        first = reader.first;
    }
    let mut uses = Uses::new();
    for ((from, to, item), line) in first {
        uses.entry((from, to)).or_default().insert(Use { line, item });
    }
    uses
}

/// Which files implement the associated items of a type: (item, name) to files.
#[derive(Debug, Default)]
struct Members<'a>(BTreeMap<(usize, String), BTreeSet<&'a str>>);

impl<'a> Members<'a> {
    fn of(tree: &Tree<'a>) -> Self {
        let mut members = Self::default();
        for (number, module) in tree.modules.iter().enumerate() {
            for item in module.body {
                let Item::Impl(block) = item else { continue };
                if block.trait_.is_some() || is_test_only(&block.attrs) {
                    continue;
                }
                let Some(own) = self_type(tree, number, block) else { continue };
                for name in block.items.iter().filter_map(member_name) {
                    members.0.entry((own, name)).or_default().insert(module.file);
                }
            }
        }
        members
    }
}

fn member_name(item: &ImplItem) -> Option<String> {
    match item {
        ImplItem::Const(item) if !is_test_only(&item.attrs) => Some(word(&item.ident)),
        ImplItem::Fn(item) if !is_test_only(&item.attrs) => Some(word(&item.sig.ident)),
        ImplItem::Type(item) if !is_test_only(&item.attrs) => Some(word(&item.ident)),
        _ => None,
    }
}

/// The item that the block implements something for, where it is one of the crate.
fn self_type(tree: &Tree<'_>, module: usize, block: &ItemImpl) -> Option<usize> {
    let Type::Path(path) = &*block.self_ty else {
        return None;
    };
    tree.resolve(module, &segments(&path.path)).into_iter().find_map(|target| match target {
        Target::Item(item, None) => Some(item),
        _ => None,
    })
}

fn segments(path: &Path) -> Vec<String> {
    path.segments.iter().map(|segment| word(&segment.ident)).collect()
}

/// Reads the code of one module.
struct Reader<'t, 'a> {
    tree: &'t Tree<'a>,
    members: &'t Members<'a>,
    module: usize,
    /// What `Self` is.
    own: Option<usize>,
    /// The names that functions and generics bind themselves, innermost last.
    bound: Vec<BTreeSet<String>>,
    /// The line of the first use of each (from, to, item).
    first: BTreeMap<(&'a str, &'a str, String), usize>,
}

impl<'a> Reader<'_, 'a> {
    fn imports(&mut self, module: &Module<'a>) {
        for import in &module.imports {
            for target in self.tree.resolve(self.module, &import.path) {
                let Target::Item(item, rest) = target else { continue };
                // A parent's `pub use` of what is below it declares, as `mod` does.
                let is_below = self.tree.is_within(self.tree.items[item].module, self.module);
                if !(import.is_reexport && is_below) {
                    self.record(item, rest, import.line);
                }
            }
        }
    }

    fn path(&mut self, path: &[String], line: usize) {
        match path {
            [first, rest @ ..] if first == "Self" => {
                if let (Some(own), Some(member)) = (self.own, rest.first()) {
                    self.member(own, member, line);
                }
            }
            [name] if self.is_bound(name) => {}
            // A variable hides no module, a generic type hides everything.
            [first, _, ..] if is_type_name(first) && self.is_bound(first) => {}
            path => {
                for target in self.tree.resolve(self.module, path) {
                    if let Target::Item(item, rest) = target {
                        self.record(item, rest, line);
                    }
                }
            }
        }
    }

    fn record(&mut self, item: usize, rest: Option<String>, line: usize) {
        let declared = &self.tree.items[item];
        self.add(self.tree.modules[declared.module].file, declared.name.clone(), line);
        if let Some(member) = rest {
            self.member(item, &member, line);
        }
    }

    /// A use of what `item` has by this name, in the files that implement it.
    fn member(&mut self, item: usize, name: &str, line: usize) {
        let of = &self.tree.items[item].name;
        for file in self.members.0.get(&(item, name.to_owned())).into_iter().flatten() {
            self.add(file, format!("{of}::{name}"), line);
        }
    }

    fn add(&mut self, to: &'a str, item: String, line: usize) {
        let from = self.tree.modules[self.module].file;
        if from != to {
            let first = self.first.entry((from, to, item)).or_insert(line);
            *first = line.min(*first);
        }
    }

    fn is_bound(&self, name: &str) -> bool {
        self.bound.iter().any(|names| names.contains(name))
    }

    fn within(&mut self, bound: BTreeSet<String>, read: impl FnOnce(&mut Self)) {
        self.bound.push(bound);
        read(self);
        self.bound.pop();
    }

    fn called_macro(&mut self, path: &[String], line: usize) {
        let targets = match path {
            [name] => self.tree.resolve_macro(self.module, name),
            path => self.tree.resolve(self.module, path),
        };
        for target in targets {
            if let Target::Item(item, _) = target {
                self.record(item, None, line);
            }
        }
    }
}

impl<'s, 'a> Visit<'s> for Reader<'_, 'a> {
    fn visit_item(&mut self, item: &'s Item) {
        if !is_test_only(attributes(item)) {
            visit::visit_item(self, item);
        }
    }

    fn visit_impl_item(&mut self, item: &'s ImplItem) {
        let attributes = match item {
            ImplItem::Const(item) => &item.attrs,
            ImplItem::Fn(item) => &item.attrs,
            ImplItem::Type(item) => &item.attrs,
            ImplItem::Macro(item) => &item.attrs,
            _ => return,
        };
        if !is_test_only(attributes) {
            visit::visit_impl_item(self, item);
        }
    }

    // A module is read by itself, and imports with the module.
    fn visit_item_mod(&mut self, _: &'s ItemMod) {}
    fn visit_item_use(&mut self, _: &'s ItemUse) {}
    // No paths to items.
    fn visit_attribute(&mut self, _: &'s Attribute) {}
    fn visit_vis_restricted(&mut self, _: &'s VisRestricted) {}

    fn visit_item_fn(&mut self, item: &'s ItemFn) {
        let bound = Bound::of(|bound| bound.visit_item_fn(item));
        self.within(bound, |reader| visit::visit_item_fn(reader, item));
    }

    fn visit_impl_item_fn(&mut self, item: &'s ImplItemFn) {
        let bound = Bound::of(|bound| bound.visit_impl_item_fn(item));
        self.within(bound, |reader| visit::visit_impl_item_fn(reader, item));
    }

    fn visit_item_impl(&mut self, block: &'s ItemImpl) {
        let own = self_type(self.tree, self.module, block);
        let around = std::mem::replace(&mut self.own, own);
        let bound = Bound::of(|bound| bound.visit_generics(&block.generics));
        self.within(bound, |reader| visit::visit_item_impl(reader, block));
        self.own = around;
    }

    fn visit_item_trait(&mut self, item: &'s ItemTrait) {
        let bound = Bound::of(|bound| bound.visit_item_trait(item));
        let around = self.own.take();
        self.within(bound, |reader| visit::visit_item_trait(reader, item));
        self.own = around;
    }

    fn visit_path(&mut self, path: &'s Path) {
        if let Some(first) = path.segments.first().filter(|_| path.leading_colon.is_none()) {
            self.path(&segments(path), first.ident.span().start().line);
        }
        visit::visit_path(self, path);
    }

    fn visit_pat_ident(&mut self, pattern: &'s PatIdent) {
        // `MAX` and `Unit` in patterns are constants, `name` is a new variable.
        if is_type_name(&word(&pattern.ident)) {
            self.path(&[word(&pattern.ident)], pattern.ident.span().start().line);
        }
        visit::visit_pat_ident(self, pattern);
    }

    fn visit_expr_method_call(&mut self, call: &'s ExprMethodCall) {
        if let (Expr::Path(receiver), Some(own)) = (&*call.receiver, self.own)
            && receiver.path.is_ident("self")
        {
            self.member(own, &word(&call.method), call.method.span().start().line);
        }
        visit::visit_expr_method_call(self, call);
    }

    fn visit_macro(&mut self, invocation: &'s Macro) {
        if let Some(first) = invocation.path.segments.first() {
            self.called_macro(&segments(&invocation.path), first.ident.span().start().line);
        }
        for found in macro_tokens::paths(invocation.tokens.clone()) {
            if found.is_macro {
                self.called_macro(&found.path, found.line);
            } else {
                self.path(&found.path, found.line);
            }
        }
    }
}

/// The names that a function binds: variables and generic types.
#[derive(Debug, Default)]
struct Bound(BTreeSet<String>);

impl Bound {
    fn of(visit: impl FnOnce(&mut Self)) -> BTreeSet<String> {
        let mut bound = Self::default();
        visit(&mut bound);
        bound.0
    }
}

impl<'s> Visit<'s> for Bound {
    fn visit_pat_ident(&mut self, pattern: &'s PatIdent) {
        let name = word(&pattern.ident);
        if !is_type_name(&name) {
            self.0.insert(name);
        }
        visit::visit_pat_ident(self, pattern);
    }

    fn visit_generics(&mut self, generics: &'s Generics) {
        self.0.extend(generics.type_params().map(|of| word(&of.ident)));
        self.0.extend(generics.const_params().map(|of| word(&of.ident)));
    }
}
