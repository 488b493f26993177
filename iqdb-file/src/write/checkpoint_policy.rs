//! Which segments a checkpoint rewrites. Pure: looks at sizes and counts of dead rows, and changes
//! nothing.

use std::sync::Arc;

use crate::read::segment::Segment;

/// The most bytes that a checkpoint rewrites at once, so that the space that it needs is bounded.
const REWRITTEN_BYTES_MAX: u64 = 256 << 20;

/// A checkpoint rewrites this many segments of about the same size into one.
const ALIKE: usize = 8;

/// Whether more than half of a segment is dead, and enough of it to matter in a database whose
/// segments are sealed at `segment_bytes`.
pub(crate) fn is_mostly_dead(segment: &Segment, segment_bytes: u64) -> bool {
    let dead_bytes = segment.bytes().saturating_sub(segment.live_bytes());
    segment.dead() * 2 > segment.info().rows && dead_bytes >= segment_bytes / 64
}

/// The segments that a checkpoint rewrites unasked: those that are mostly dead, or many small ones.
pub(crate) fn worth_rewriting(all: &[Arc<Segment>], segment_bytes: u64) -> Vec<Arc<Segment>> {
    let dead = all.iter().filter(|segment| is_mostly_dead(segment, segment_bytes));
    let dead = smallest_that_fit(dead, usize::MAX);
    if !dead.is_empty() {
        return dead;
    }
    // By powers of eight, so that a row is rewritten once per power.
    let class = |segment: &Segment| segment.bytes().max(1).ilog2() / 3;
    let is_small = |segment: &&Arc<Segment>| segment.bytes() <= REWRITTEN_BYTES_MAX / ALIKE as u64;
    let classes = (0..=63 / 3).map(|n| {
        all.iter().filter(is_small).filter(|segment| class(segment) == n).collect::<Vec<_>>()
    });
    let many = classes.into_iter().find(|alike| alike.len() >= ALIKE).unwrap_or_default();
    smallest_that_fit(many.into_iter(), usize::MAX)
}

/// The segments that rewriting makes smaller or fewer; at most `most` of them.
pub(crate) fn shrinkable(
    all: &[Arc<Segment>],
    segment_bytes: u64,
    most: usize,
) -> Vec<Arc<Segment>> {
    let is_small = |segment: &&Arc<Segment>| segment.bytes() < segment_bytes / 2;
    let many_small = most > 1 && all.iter().filter(is_small).count() > 1;
    let shrinks = |segment: &&Arc<Segment>| segment.dead() > 0 || many_small && is_small(segment);
    smallest_that_fit(all.iter().filter(shrinks), most)
}

/// The segments that need the least space, as many as one checkpoint may rewrite, but at least one.
fn smallest_that_fit<'a>(
    segments: impl Iterator<Item = &'a Arc<Segment>>,
    most: usize,
) -> Vec<Arc<Segment>> {
    let mut segments: Vec<_> = segments.cloned().collect();
    segments.sort_by_key(|segment| segment.live_bytes());
    let mut bytes = 0;
    let fits = |segment: &&Arc<Segment>| {
        bytes += segment.live_bytes();
        bytes <= REWRITTEN_BYTES_MAX
    };
    let fit = segments.iter().take_while(fits).count();
    segments.truncate(fit.max(1).min(most));
    segments
}
