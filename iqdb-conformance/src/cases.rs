//! The list of cases, in families. Each case has the name of the statement in iqdb-core that it
//! checks.
//!
//! The registry and the tests of backends are generated from this one list. A case function that
//! isn't on it is dead code, and the compiler says so.

mod added_fields;
mod answers;
mod apply;
mod blocks;
mod budgets;
mod bulk;
mod capabilities;
mod computed;
mod concurrency;
mod conveniences;
mod crashes;
mod diversity;
mod durable;
mod estimates;
mod examples;
mod feed;
mod fields;
mod fusion;
mod get;
mod groups;
mod histories;
mod hostile;
mod limits;
mod lineage;
mod liveness;
mod maintenance;
mod panics;
mod payloads;
mod prepare;
mod reading;
mod refusals;
mod remote;
mod rerank;
mod scale;
mod search;
mod shelf;
mod snapshot;
mod statements;
mod store;
mod text;
mod values;

use crate::Case;

/// Hands the list of all cases to another macro: `callback! { family { family::case, … } … }`.
///
/// `cargo xtask tidy` reads the lines `family::case,` and compares them with the statements in
/// iqdb-core.
#[macro_export]
macro_rules! for_each_case {
    ($callback:path) => {
        $callback! {
            store {
                store::schema_is_the_one_it_was_made_with,
                store::capabilities_never_change,
                store::flush_changes_nothing_visible,
                store::stores_share_nothing,
                store::refresh_returns_the_version_that_reads_show,
                store::refresh_keeps_to_its_budget,
            }
            apply {
                apply::upsert_inserts_a_new_record,
                apply::upsert_replaces_the_whole_record,
                apply::delete_removes_the_record,
                apply::set_payload_replaces_the_payload_and_keeps_the_vector,
                apply::changes_of_a_batch_apply_in_order,
                apply::applied_counts_one_per_change,
                apply::a_batch_with_an_effect_advances_the_version_by_one,
                apply::a_batch_without_effect_keeps_the_version,
                apply::an_acknowledged_write_is_visible_to_every_later_read,
                apply::ids_of_different_kinds_never_meet,
            }
            budgets {
                budgets::a_write_whose_budget_is_over_changes_nothing,
                budgets::a_write_ended_by_its_budget_never_takes_effect,
                budgets::apply_has_no_deadline,
                budgets::any_query_of_a_batch_ends_it,
            }
            refusals {
                refusals::a_batch_with_one_bad_change_changes_nothing,
                refusals::an_unexpected_version_is_a_conflict,
                refusals::a_wrong_dimension_is_refused,
                refusals::a_zero_vector_is_refused_where_the_metric_needs_a_direction,
                refusals::ids_are_limited_in_length,
                refusals::payloads_are_limited,
            }
            statements {
                statements::an_insert_of_a_taken_id_fails_the_batch,
                statements::insert_if_absent_keeps_what_is_there,
                statements::delete_where_sees_what_the_batch_did_before_it,
                statements::set_vectors_keeps_the_rest_of_the_record,
                statements::merge_payload_merges_maps_and_removes_by_null,
                statements::upsert_rows_is_an_upsert_of_each_row,
            }
            fields {
                fields::limits_are_kept,
                fields::a_record_may_lack_any_field,
                fields::has_asks_which_records_have_a_vector,
                fields::vectors_of_other_kinds_are_refused,
                fields::search_looks_in_its_field_only,
                fields::a_batch_may_ask_different_fields,
                fields::sparse_hits_share_an_index,
            }
            added_fields {
                added_fields::adding_a_field_is_a_version_of_its_own,
                added_fields::older_records_lack_an_added_field,
                added_fields::older_snapshots_lack_an_added_field,
                added_fields::buffers_follow_the_schema,
                added_fields::a_field_that_cannot_be_added_changes_nothing,
                added_fields::fields_are_added_beside_readers_and_writers,
                added_fields::an_added_field_outlives_the_process,
            }
            computed {
                computed::computed_columns_are_made_of_the_payloads,
                computed::computed_fields_take_no_vectors,
                computed::an_added_computed_field_has_every_record,
                computed::a_computed_field_is_added_whole_or_not_at_all,
                computed::a_computed_field_is_added_beside_writers,
                computed::computed_fields_outlive_the_process,
            }
            text {
                text::text_scores_are_those_of_the_model,
                text::text_statistics_are_of_the_live_records,
                text::text_phrases_and_signs_are_kept,
                text::text_hits_are_ranked_and_cut,
                text::text_hits_have_at_least_the_score,
                text::an_added_text_field_is_searched,
                text::text_queries_are_for_text_fields,
                text::text_and_vectors_are_asked_in_one_batch,
            }
            fusion {
                fusion::fused_hits_are_those_of_the_model,
                fusion::fused_hits_are_ranked_and_cut,
                fusion::fused_parts_are_answered_alone,
                fusion::fused_hits_have_payloads_when_asked,
                fusion::fusion_refuses_what_makes_no_score,
            }
            groups {
                groups::groups_are_those_of_the_model,
                groups::groups_are_of_the_values_at_a_path,
                groups::groups_are_of_what_the_query_wants,
                groups::grouping_refuses_what_makes_no_group,
            }
            diversity {
                diversity::diverse_hits_are_those_of_the_model,
                diversity::diverse_hits_are_of_what_the_query_wants,
                diversity::diversity_refuses_what_it_cannot_choose,
            }
            rerank {
                rerank::reranked_hits_are_those_of_the_model,
                rerank::reranked_hits_are_of_what_the_query_wants,
                rerank::reranking_refuses_what_makes_no_score,
            }
            examples {
                examples::a_mean_of_examples_is_that_of_the_model,
                examples::examples_have_to_be_there,
            }
            get {
                get::get_returns_the_exact_bits,
                get::get_of_an_absent_id_is_none,
                get::get_of_an_id_that_cannot_be_stored_is_none,
            }
            snapshot {
                snapshot::snapshot_never_changes,
                snapshot::snapshot_sees_all_of_a_batch_or_none,
                snapshot::snapshot_outlives_its_store,
                snapshot::snapshot_has_the_schema_of_its_store,
                snapshot::snapshot_version_is_the_last_applied,
                snapshot::snapshot_versions_never_go_back,
                snapshot::len_counts_distinct_live_ids,
                snapshot::a_snapshot_has_blocks_or_a_remote,
                snapshot::snapshot_get_agrees_with_its_blocks,
                snapshot::snapshot_get_of_an_id_that_cannot_be_stored_is_none,
            }
            blocks {
                blocks::blocks_cover_every_live_record_once,
                blocks::blocks_have_the_columns_of_the_schema,
                blocks::block_out_of_range_is_an_error,
                blocks::sealed_blocks_never_change,
                blocks::columns_have_a_row_for_each_vector_and_no_other,
                blocks::rows_are_the_records_exact_bits,
                blocks::row_padding_is_zero,
                blocks::rows_of_any_range_agree,
                blocks::rows_some_lends_what_rows_does,
                blocks::clear_dead_clears_exactly_the_dead_rows,
                blocks::row_ids_are_those_of_their_records,
                blocks::matching_agrees_with_the_predicate,
            }
            shelf {
                shelf::shelf_outlives_its_snapshots,
                shelf::shelf_keys_that_look_alike_are_apart,
                shelf::shelf_loses_no_replacement,
                shelf::shelf_values_are_dropped_by_writers,
                shelf::shelf_saves_until_the_store_is_closed,
                shelf::a_layout_is_of_the_same_sealed_blocks,
            }
            lineage {
                lineage::lineage_names_rows_with_the_same_bytes,
            }
            liveness {
                liveness::is_alive_agrees_with_clear_dead,
                liveness::ended_names_the_rows_that_ended_between_two_versions,
            }
            payloads {
                payloads::row_payloads_are_as_of_their_snapshot,
                payloads::row_payloads_list_every_key,
                payloads::row_payloads_find_every_key,
            }
            reading {
                reading::get_many_fills_rows_in_the_order_asked,
                reading::scroll_has_each_record_once_in_order,
                reading::scroll_orders_by_a_path,
                reading::scroll_brings_the_parts_asked_for,
                reading::a_cursor_is_good_on_later_snapshots,
                reading::aggregates_are_those_of_the_model,
                reading::aggregates_count_an_element_once_for_its_record,
            }
            remote {
                remote::candidates_are_of_their_snapshot,
                remote::candidates_are_records_that_match,
                remote::candidates_are_as_many_as_asked_for,
                remote::what_is_not_sent_ranks_at_the_rest_or_after,
                remote::candidates_up_to_a_distance_are_all_sent,
            }
            conveniences {
                conveniences::upsert_is_a_batch_of_one,
                conveniences::upsert_many_is_one_batch,
                conveniences::delete_says_whether_the_record_was_there,
                conveniences::set_payload_says_whether_the_record_was_there,
                conveniences::len_follows_every_write,
                conveniences::is_empty_means_len_is_0,
                conveniences::count_follows_every_write,
                conveniences::get_many_keeps_the_order_of_the_ids,
                conveniences::delete_where_deletes_exactly_the_matches,
                conveniences::a_snapshot_is_empty_when_its_len_is_0,
                conveniences::count_agrees_with_the_filter,
                conveniences::records_yields_each_live_match_once,
            }
            search {
                search::search_ranks_by_distance_then_id,
                search::search_distances_are_canonical,
                search::search_with_k_above_len_returns_every_record,
                search::search_within_is_inclusive_and_capped,
                search::search_of_an_empty_store_finds_nothing,
                search::search_filters_before_it_ranks,
                search::search_ranks_extreme_values_canonically,
            }
            answers {
                answers::search_returns_payloads_when_asked,
                answers::search_returns_vectors_when_asked,
                answers::search_ignores_what_hits_held_before,
                answers::search_answers_are_the_same_for_any_thread_count,
                answers::search_answers_are_the_same_for_any_batch,
                answers::search_answers_are_the_same_for_any_plan,
                answers::search_rejects_bad_queries,
                answers::search_leaves_every_buffer_empty_on_error,
                answers::explain_counts_what_was_done,
            }
            estimates {
                estimates::estimated_answers_are_sound,
                estimates::estimated_answers_repeat_within_an_epoch,
                estimates::the_recall_of_an_estimate_is_reached,
                estimates::a_recall_of_1_is_exact,
                estimates::a_build_that_is_cut_short_is_no_error,
                estimates::prepare_keeps_what_others_prepare,
            }
            prepare {
                prepare::search_answers_are_the_same_once_prepared,
            }
            concurrency {
                concurrency::concurrent_writes_are_all_kept,
                concurrency::concurrent_statements_see_what_is_there,
                concurrency::concurrent_readers_see_whole_batches,
                concurrency::batch_n_makes_version_n_for_every_reader,
                concurrency::concurrent_histories_are_linearizable,
            }
            panics {
                panics::a_panic_elsewhere_leaves_the_store_usable,
                panics::a_panic_in_a_drop_leaves_the_store_usable,
                panics::a_panic_beside_writers_loses_no_write,
            }
            hostile {
                hostile::search_of_a_row_that_is_no_vector_is_damaged,
                hostile::search_memory_is_bounded_by_what_is_there,
                hostile::refused_input_costs_no_memory,
                hostile::distances_of_huge_and_tiny_components_are_right,
            }
            capabilities {
                capabilities::wait_free_reads_allocate_nothing,
                capabilities::wait_free_reads_wait_for_no_writer,
                capabilities::memory_is_bounded_by_what_is_live,
            }
            values {
                values::filters_tell_values_apart,
                values::filters_tell_keys_apart,
                values::orders_tell_values_apart,
                values::blocks_of_like_values_are_filtered,
                values::ids_that_look_alike_never_meet,
                values::equal_values_of_other_bits_are_written,
            }
            limits {
                limits::long_texts_are_told_apart,
                limits::many_elements_and_keys_are_told_apart,
                limits::filters_at_their_limits_are_evaluated,
                limits::the_longest_vectors_are_ranked_by_their_distances,
                limits::names_that_look_alike_are_other_fields,
            }
            bulk {
                bulk::one_call_reads_any_number_of_records,
                bulk::aggregates_have_any_number_of_values,
                bulk::one_statement_changes_any_number_of_records,
                bulk::a_batch_has_any_number_of_queries,
            }
            scale {
                scale::a_store_of_many_records_shows_each,
                scale::many_versions_show_each_write,
                scale::many_snapshots_stay_what_they_are,
                scale::a_large_batch_is_seen_whole_or_not_at_all,
                scale::a_bad_change_anywhere_in_a_large_batch_refuses_it,
                scale::changes_of_a_large_batch_apply_in_order,
                scale::a_large_write_ended_by_its_budget_changes_nothing,
            }
            durable {
                durable::acknowledged_writes_outlive_the_process,
                durable::reopening_keeps_version_and_content,
                durable::reopening_twice_changes_nothing,
                durable::writes_after_a_kill_are_kept_too,
                durable::a_refused_batch_leaves_no_trace_on_reopening,
                durable::what_is_at_the_limits_outlives_the_process,
                durable::large_batches_outlive_the_process,
            }
            crashes {
                crashes::a_kill_in_a_write_leaves_whole_batches,
                crashes::a_power_cut_leaves_whole_batches,
            }
            maintenance {
                maintenance::compacting_changes_nothing_visible,
                maintenance::a_backup_is_a_store_of_its_own,
                maintenance::verify_counts_what_is_there,
                maintenance::maintenance_keeps_to_its_budget,
                maintenance::maintenance_says_how_far_it_is,
            }
            feed {
                feed::a_feed_begins_at_its_snapshot,
                feed::changes_are_each_changed_id_once,
                feed::following_a_feed_makes_a_copy,
                feed::a_position_of_another_history_is_gone,
                feed::a_feed_keeps_to_its_budget,
            }
            histories {
                histories::random_operations_agree_with_the_model,
            }
        }
    };
}

macro_rules! registry {
    ($($family:ident { $($module:ident::$case:ident,)* })*) => {
        /// Every case of the suite.
        pub const CASES: &[Case] = &[$($(Case {
            family: stringify!($family),
            name: stringify!($case),
            full_name: concat!(stringify!($module), "::", stringify!($case)),
            run: $module::$case,
        },)*)*];
    };
}

for_each_case!(registry);

impl Case {
    /// The case of this family and name, such as `apply::upsert_inserts_a_new_record`.
    #[must_use]
    pub fn named(full_name: &str) -> Option<&'static Self> {
        CASES.iter().find(|case| case.full_name == full_name)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn a_line_stands_in_its_own_family() {
        for case in CASES {
            assert_eq!(case.full_name, format!("{}::{}", case.family, case.name));
        }
    }

    #[test]
    fn a_statement_has_one_case() {
        let names: BTreeSet<_> = CASES.iter().map(|case| case.name).collect();
        assert_eq!(names.len(), CASES.len());
    }
}
