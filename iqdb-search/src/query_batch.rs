//! The queries of a search, prepared before the first row is read: the bound of each query, the
//! queries of each filter, and panels where many queries have one filter. All threads share it,
//! read only.

use std::collections::HashMap;
use std::ops::Range;

use iqdb_core::{Element, FieldKind, Input, Metric, Plan, Query};

use crate::kernel::{Engine, FloatKernel, Margin, ScoreBound, ScoreForm};
use crate::widen::push_vector;

/// Components in a cache line.
const CACHE_LINE_COMPONENTS: usize = 16;

/// The queries of a search, grouped by their filter.
///
/// Queries are numbered by their place in the batch. The queries of a group have *slots*, one after
/// the other: a panel may have more slots than queries.
#[derive(Debug, Default)]
pub(crate) struct QueryBatch {
    /// What the vectors are; `None` before the first search.
    kind: Option<FieldKind>,
    pub(crate) dim: usize,
    pub(crate) engine: Engine,
    pub(crate) groups: Vec<Group>,
    pub(crate) bounds: Vec<ScoreBound>,
    /// Whether the search compares codes: the kernel can, and no query forbids it.
    pub(crate) by_codes: bool,
    /// The vectors of the queries as `f32`, one after the other; none where they are no numbers.
    vectors: Vec<f32>,
    /// The query of each slot; the slots without a query come last in their group.
    slots: Vec<Option<usize>>,
    /// The components of all panels, as [`Panel`](crate::kernel::Panel) wants them, and of the
    /// queries that are in none, each at the start of a cache line: a load across two lines costs
    /// two loads.
    packed: Vec<f32>,
    /// Where the first of them is in `packed`.
    start: usize,
    /// The group of each distinct filter, by the filter's address.
    filters: HashMap<usize, usize>,
}

/// The queries with one filter, which want the same rows.
#[derive(Debug, Clone)]
pub(crate) struct Group {
    /// One of its queries, for the filter.
    pub(crate) example: usize,
    pub(crate) form: ScoreForm,
    /// The kernel that scores its panels, if it has any.
    pub(crate) panels: Option<FloatKernel>,
    queries: usize,
    slots: Range<usize>,
    /// Where its components are.
    packed: usize,
}

impl QueryBatch {
    /// Forgets the last search, keeps the memory, and gets ready for these queries.
    pub(crate) fn prepare(&mut self, engine: Engine, kind: FieldKind, queries: &[Query<'_>]) {
        self.kind = Some(kind);
        self.dim = if self.has_numbers() { kind.dim().unwrap_or(0) } else { 0 };
        self.engine = engine;
        self.vectors.clear();
        self.bounds.clear();
        self.group(queries);
        self.by_codes = false;
        self.lay_out(queries);
        if !self.has_numbers() {
            return;
        }
        for query in queries {
            // A query for text is of a field without numbers.
            if let Input::Vector(vector) = query.input() {
                push_vector(&mut self.vectors, vector);
            }
        }
        let (metric, vectors) = (self.metric(), self.vectors.chunks(self.dim));
        self.bounds.extend(vectors.map(|vector| ScoreBound::new(metric, vector)));
        self.by_codes =
            engine.codes().is_some() && queries.iter().all(|query| query.plan() != Plan::F32);
        self.pack();
    }

    /// The metric of the field.
    pub(crate) fn metric(&self) -> Metric {
        self.kind.and_then(FieldKind::metric).unwrap_or(Metric::Dot)
    }

    /// Whether the vectors are of numbers, which are scored as `f32`.
    pub(crate) fn has_numbers(&self) -> bool {
        matches!(self.kind, Some(FieldKind::Dense { element, .. }) if element != Element::Binary)
    }

    /// What a plain scan of the vectors is called.
    pub(crate) fn plain_plan(&self) -> &'static str {
        self.kind.and_then(FieldKind::element).map_or("sparse", Element::as_str)
    }

    /// The vectors of all queries, as `f32`, one after the other.
    pub(crate) fn vectors(&self) -> &[f32] {
        &self.vectors
    }

    /// The vector of query number `n`, as `f32`.
    pub(crate) fn vector(&self, n: usize) -> &[f32] {
        &self.vectors[n * self.dim..][..self.dim]
    }

    /// Finds the distinct filters, in the order of the queries.
    fn group(&mut self, queries: &[Query<'_>]) {
        self.groups.clear();
        self.filters.clear();
        for (n, query) in queries.iter().enumerate() {
            let group = *self.filters.entry(address(query)).or_insert(self.groups.len());
            if group == self.groups.len() {
                self.groups.push(Group {
                    example: n,
                    form: ScoreForm::None,
                    panels: None,
                    queries: 0,
                    slots: 0..0,
                    packed: 0,
                });
            }
            self.groups[group].queries += 1;
        }
    }

    /// Gives each group its slots, in whole registers where it has panels, and each query one.
    fn lay_out(&mut self, queries: &[Query<'_>]) {
        let (metric, has_numbers) = (self.metric(), self.has_numbers());
        let (mut slot, mut packed) = (0, 0);
        for group in &mut self.groups {
            group.panels = self.engine.panels(group.queries).filter(|_| has_numbers);
            group.form = self.engine.form(metric, group.panels.is_some());
            let slots = match group.panels {
                Some(kernel) => group.queries.next_multiple_of(kernel.panel_width(1)),
                None => group.queries,
            };
            // Filled below.
            group.slots = slot..slot;
            group.packed = packed;
            slot += slots;
            packed += slots * group.stride(self.dim);
        }
        self.slots.clear();
        self.slots.resize(slot, None);
        for (n, query) in queries.iter().enumerate() {
            let slots = &mut self.groups[self.filters[&address(query)]].slots;
            self.slots[slots.end] = Some(n);
            slots.end += 1;
        }
        for group in &mut self.groups {
            if let Some(kernel) = group.panels {
                let len = group.slots.len().next_multiple_of(kernel.panel_width(1));
                group.slots.end = group.slots.start + len;
            }
        }
        self.packed.clear();
        self.packed.resize(packed + CACHE_LINE_COMPONENTS, 0.0);
        self.start = self
            .packed
            .as_ptr()
            .align_offset(CACHE_LINE_COMPONENTS * size_of::<f32>())
            .min(CACHE_LINE_COMPONENTS);
    }

    /// Writes the queries into their panels, or one after the other.
    fn pack(&mut self) {
        let (vectors, dim) = (&self.vectors, self.dim);
        let vector = |query: usize| &vectors[query * dim..][..dim];
        let packed = &mut self.packed[self.start..];
        for group in &self.groups {
            if group.panels.is_none() {
                for slot in group.slots() {
                    let Some(query) = self.slots[slot] else { continue };
                    packed[group.row(slot, self.dim)].copy_from_slice(vector(query));
                }
            }
            for (slots, components) in group.panels(self.dim) {
                let width = slots.len();
                let components = &mut packed[components];
                for (n, query) in self.slots[slots].iter().enumerate() {
                    let Some(query) = query else { continue };
                    for (k, component) in vector(*query).iter().enumerate() {
                        components[k * width + n] = *component;
                    }
                }
            }
        }
    }

    /// The query of each slot of a group, those without one last.
    pub(crate) fn slots(&self, slots: Range<usize>) -> &[Option<usize>] {
        &self.slots[slots]
    }

    /// The components of a panel, or of one query of a group without panels.
    pub(crate) fn components(&self, components: Range<usize>) -> &[f32] {
        &self.packed[self.start..][components]
    }

    /// How many slots there are.
    pub(crate) fn slot_count(&self) -> usize {
        self.slots.len()
    }

    pub(crate) fn margin(&self) -> Margin {
        Margin::new(self.dim)
    }
}

impl Group {
    /// Its slots.
    pub(crate) fn slots(&self) -> Range<usize> {
        self.slots.clone()
    }

    /// How many queries it has.
    pub(crate) fn len(&self) -> usize {
        self.queries
    }

    /// Components from one of its queries to the next.
    fn stride(&self, dim: usize) -> usize {
        if self.panels.is_some() { dim } else { dim.next_multiple_of(CACHE_LINE_COMPONENTS) }
    }

    /// Where the components of one of its queries are, without panels.
    pub(crate) fn row(&self, slot: usize, dim: usize) -> Range<usize> {
        let start = self.packed + (slot - self.slots.start) * self.stride(dim);
        start..start + dim
    }

    /// Its panels: the slots of each, and where its components are. None without panels.
    pub(crate) fn panels(
        &self,
        dim: usize,
    ) -> impl Iterator<Item = (Range<usize>, Range<usize>)> + use<> {
        let Self { slots, packed, .. } = self.clone();
        let width = self.panels.map_or(0, |kernel| kernel.panel_width(kernel.panel_registers()));
        let starts =
            slots.clone().step_by(width.max(1)).take(if width == 0 { 0 } else { usize::MAX });
        starts.map(move |start| {
            let end = slots.end.min(start + width);
            let at = |slot: usize| packed + (slot - slots.start) * dim;
            (start..end, at(start)..at(end))
        })
    }
}

/// The address of the query's filter, which tells filters apart; 0 for none.
fn address(query: &Query<'_>) -> usize {
    query.filter().map_or(0, |filter| std::ptr::from_ref(filter).addr())
}
