//! Circles in a directed graph: its strongly connected components, and the shortest way round.
//!
//! Pure.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// From each node to those it leads to.
pub(super) type Graph<'a> = BTreeMap<&'a str, BTreeSet<&'a str>>;

/// The strongly connected components of more than one node, and the nodes of each, by name.
///
/// Two nodes are in one component if each leads to the other: O(nodes × edges), by walking from
/// each node, which is plenty for the files of a crate.
pub(super) fn components<'a>(graph: &Graph<'a>) -> Vec<BTreeSet<&'a str>> {
    let reached: BTreeMap<&str, BTreeSet<&str>> =
        graph.keys().map(|node| (*node, reached_from(graph, node))).collect();
    let mut found: Vec<BTreeSet<&str>> = Vec::new();
    for (node, others) in &reached {
        let leads_back = |other: &&&str| reached.get(**other).is_some_and(|on| on.contains(node));
        let component: BTreeSet<&str> = others.iter().filter(leads_back).copied().collect();
        if component.len() > 1 && !found.contains(&component) {
            found.push(component);
        }
    }
    found
}

/// The shortest way round within a component, from its first node on; the first by name of those.
pub(super) fn shortest_circle<'a>(
    graph: &Graph<'a>,
    component: &BTreeSet<&'a str>,
) -> Vec<&'a str> {
    let circles = component.iter().filter_map(|start| way_back(graph, component, start));
    circles.min_by_key(Vec::len).unwrap_or_default()
}

fn next<'g, 'a>(graph: &'g Graph<'a>, node: &str) -> impl Iterator<Item = &'a str> + use<'g, 'a> {
    graph.get(node).into_iter().flatten().copied()
}

fn reached_from<'a>(graph: &Graph<'a>, start: &str) -> BTreeSet<&'a str> {
    let mut reached = BTreeSet::new();
    let mut to_visit: Vec<&str> = next(graph, start).collect();
    while let Some(node) = to_visit.pop() {
        if reached.insert(node) {
            to_visit.extend(next(graph, node));
        }
    }
    reached
}

/// The shortest way from `start` back to it, without its return.
fn way_back<'a>(
    graph: &Graph<'a>,
    component: &BTreeSet<&'a str>,
    start: &'a str,
) -> Option<Vec<&'a str>> {
    let mut came_from: BTreeMap<&str, &str> = BTreeMap::new();
    let mut to_visit = VecDeque::from([start]);
    while let Some(node) = to_visit.pop_front() {
        for to in next(graph, node).filter(|to| component.contains(to)) {
            if to == start {
                let mut way = vec![node];
                while let Some(before) = came_from.get(way[way.len() - 1]) {
                    way.push(before);
                }
                way.reverse();
                return Some(way);
            }
            if !came_from.contains_key(to) {
                came_from.insert(to, node);
                to_visit.push_back(to);
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn graph(edges: &[(&'static str, &'static str)]) -> Graph<'static> {
        let mut graph = Graph::new();
        for (from, to) in edges {
            graph.entry(*from).or_default().insert(*to);
        }
        graph
    }

    #[test]
    fn a_graph_without_a_way_back_has_no_circle() {
        assert!(components(&graph(&[("a", "b"), ("b", "c"), ("a", "c")])).is_empty());
    }

    #[test]
    fn each_component_is_found_once() {
        let edges = [("a", "b"), ("b", "a"), ("b", "c"), ("c", "d"), ("d", "e"), ("e", "c")];
        let found = components(&graph(&edges));
        assert_eq!(found, [BTreeSet::from(["a", "b"]), BTreeSet::from(["c", "d", "e"])]);
    }

    #[test]
    fn the_shortest_way_round_is_found() {
        let graph = graph(&[("a", "b"), ("b", "c"), ("c", "a"), ("c", "d"), ("d", "c")]);
        let component = BTreeSet::from(["a", "b", "c", "d"]);
        assert_eq!(components(&graph), std::slice::from_ref(&component));
        assert_eq!(shortest_circle(&graph, &component), ["c", "d"]);
    }

    #[test]
    fn a_long_way_round_keeps_its_order() {
        let graph = graph(&[("a", "c"), ("c", "b"), ("b", "a")]);
        let component = components(&graph).remove(0);
        assert_eq!(shortest_circle(&graph, &component), ["a", "c", "b"]);
    }
}
