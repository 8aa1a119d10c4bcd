//! Each order of steps that the cache's protocol has to survive, and where it is tested. Most tests stop a server between
//! two of its steps while others go on.

mod clock;
mod counts;
mod faults;
mod fills;
mod store;
mod world;
mod writers;

/// What happens, in which order, and what has to come of it; and the tests that show it. Those without any need more
/// than one node of MongoDB or Redis: `docs/cache.md` says so.
const CASES: [(&str, &[&str]); 44] = [
    (
        "a list is leased and read; a write is acknowledged; the list is committed -> it has the write",
        &[
            "interleavings::fills::a_write_during_a_fill_is_in_the_list",
            "cache_contract::fills::a_write_during_a_fill_is_joined",
        ],
    ),
    (
        "a write is acknowledged; a list is read from a member that is behind -> it waits or fails",
        &[
            "interleavings::store::a_fill_asks_for_every_write_that_was_acknowledged",
            "interleavings::store::a_doubtful_list_is_read_with_every_write_that_was_acknowledged",
            "interleavings::store::what_is_read_past_the_cache_has_every_write_that_was_acknowledged",
            "cache_contract::fills::a_write_before_the_lease_raises_the_floor",
        ],
    ),
    (
        "an insert stalls; a delete is acknowledged; a list is filled; the insert arrives -> no row",
        &["interleavings::writers::a_late_write_does_not_bring_a_row_back_into_a_list_read_since"],
    ),
    (
        "a list is ready; the removal of a row arrives before its insert -> no row",
        &[
            "interleavings::writers::a_late_write_does_not_bring_a_row_back_into_a_list_that_was_there",
            "interleavings::counts::a_late_insert_is_not_counted_after_a_later_write",
        ],
    ),
    (
        "each step three times, in any order -> the same state",
        &[
            "cache_contract::merging::changes_in_any_order_and_repeated_end_the_same",
            "cache_contract::entities::writes_in_any_order_and_repeated_end_the_same",
            "cache_contract::fills::one_fill_at_a_time",
        ],
    ),
    (
        "a move out of a list stalls; a later write of the document is acknowledged -> no row, in no count",
        &[
            "interleavings::writers::a_row_whose_removal_is_late_does_not_show_after_a_later_write",
            "interleavings::counts::a_row_whose_removal_is_late_is_not_counted_after_a_later_write",
            "interleavings::counts::a_late_removal_is_not_counted_by_a_server_of_its_own",
            "interleavings::counts::a_late_removal_by_a_write_of_several_documents_is_not_counted",
        ],
    ),
    (
        "more rows of a known beginning are deleted than a page can spare -> it is read again",
        &["interleavings::fills::a_list_that_has_lost_its_beginning_is_read_again"],
    ),
    (
        "an insert beyond the extent while the list is read further -> one row",
        &["interleavings::fills::a_row_that_crosses_the_extent_during_a_fill_is_there_once"],
    ),
    (
        "a row crosses the extent while the list is read further -> one row, in its new place",
        &["interleavings::fills::a_row_that_crosses_the_extent_during_a_fill_is_there_once"],
    ),
    (
        "a thousand rows with one place, page by page -> each once",
        &["cache_contract::pages::many_rows_with_the_same_place_are_all_there"],
    ),
    (
        "an insert into a list that is known to be empty -> it shows",
        &["interleavings::fills::a_write_into_an_empty_list_is_in_the_list"],
    ),
    (
        "null, missing, numbers of each type, NUL, arrays, descending -> MongoDB's answer",
        &["matcher_parity::mongodb_and_the_matcher_agree"],
    ),
    (
        "any key is lost between any two steps -> a miss, or right",
        &["cache_contract::losses::any_key_may_be_lost_between_any_two_steps"],
    ),
    (
        "a batch is lost and then reconciled -> a miss, not a list of one row",
        &[
            "cache_contract::merging::a_batch_that_is_gone_is_found_no_more",
            "cache_contract::losses::any_key_may_be_lost_between_any_two_steps",
        ],
    ),
    (
        "a lease ends; another fill; the first commits -> it is refused",
        &[
            "interleavings::fills::a_fill_whose_lease_has_gone_is_refused",
            "cache_contract::fills::a_lease_that_has_expired_is_worth_nothing",
        ],
    ),
    (
        "more writes during a fill than a fill takes in -> an answer, and nothing kept",
        &[
            "interleavings::fills::a_fill_that_too_many_writes_overtake_is_answered_and_not_kept",
            "cache_contract::bounds::a_fill_with_too_many_deltas_is_void",
        ],
    ),
    (
        "everything is lost between a note and its reconcile; the list is filled -> it has the write",
        &["interleavings::writers::a_write_that_began_before_a_loss_brings_nothing_back"],
    ),
    (
        "Redis is killed and comes back with an old snapshot -> it is not read before it has caught up",
        &["following::faults::a_redis_that_is_restarted_from_a_snapshot_catches_up"],
    ),
    (
        "Redis loses an acknowledged reconcile -> it is not read before that is brought again",
        &[
            "following::faults::a_redis_that_loses_or_goes_back_shows_nothing_stale",
            "interleavings::faults::a_voucher_does_not_count_for_a_state_from_before_it",
        ],
    ),
    (
        "one server on an old Redis, a write on the new one is acknowledged -> the first shows it",
        &["interleavings::faults::a_server_on_an_old_redis_shows_every_acknowledged_write"],
    ),
    (
        "a server is killed when it has written to the store -> the write shows",
        &["interleavings::faults::the_write_of_a_killed_server_shows"],
    ),
    (
        "a writer stands still for long and goes on -> nothing changes",
        &["interleavings::faults::a_writer_that_goes_on_much_later_changes_nothing"],
    ),
    (
        "a writer cannot reach Redis -> it is acknowledged in the end, and shows everywhere",
        &["following::faults::a_server_that_is_cut_off_from_redis_acknowledges_only_what_everybody_sees"],
    ),
    (
        "the connection breaks after the commit; a delete follows -> no row comes back",
        &["interleavings::store::a_write_whose_outcome_was_not_told_leaves_no_ghost"],
    ),
    (
        "a document is deleted and comes back with its first version -> it shows",
        &[
            "interleavings::writers::a_book_that_comes_back_with_its_first_version_shows",
            "cache_contract::entities::a_document_that_was_deleted_can_come_back",
        ],
    ),
    (
        "the absence of a document is cached; it is inserted elsewhere -> it is found",
        &["interleavings::fills::a_book_that_was_missing_is_found_once_it_is_written"],
    ),
    (
        "an entity is lost; an older write of it arrives -> it is not made",
        &["interleavings::writers::a_late_write_does_not_make_an_entity_that_is_gone"],
    ),
    (
        "a batch is newer than an entity, and the reverse -> a page of one state",
        &["interleavings::writers::a_list_and_its_entities_of_two_states_make_no_page"],
    ),
    (
        "a reader joins a fill after a write is acknowledged -> it sees the write",
        &["interleavings::fills::who_joins_a_fill_late_sees_what_was_acknowledged_before"],
    ),
    (
        "a write of more documents than are reconciled one by one -> every page has it",
        &["interleavings::fills::a_write_of_many_documents_shows_on_every_page"],
    ),
    (
        "a large transaction over two types -> both show it",
        &["interleavings::faults::a_transaction_over_two_types_shows"],
    ),
    (
        "a former primary has what a majority has not -> it is never cached",
        &["interleavings::store::only_what_a_majority_has_is_read_and_acknowledged"],
    ),
    (
        "the feed cannot be read on from its place -> everything is void, and followed anew",
        &["following::faults::a_place_that_cannot_be_read_voids_everything"],
    ),
    (
        "a change without images -> nothing of the state before shows",
        &["following::foreign::changes_without_images_void_the_type"],
    ),
    (
        "another program writes and raises no version -> it shows",
        &["following::foreign::every_change_shows_in_redis"],
    ),
    ("a collection is renamed -> its type is void", &["following::foreign::every_change_shows_in_redis"]),
    (
        "a document has a new owner -> it is in no list of the former one",
        &["interleavings::writers::what_has_another_owner_is_in_no_list_of_the_former"],
    ),
    (
        "a list of two types; the second type is written -> one order",
        &[
            "interleavings::fills::a_write_of_the_second_type_takes_its_place_in_a_list_of_both",
            "cache_contract::pages::a_list_of_two_types_is_one_order",
        ],
    ),
    ("a slot of a Redis Cluster moves during a write -> it is brought to the new node", &[]),
    (
        "a reconcile when Redis has no room -> it is applied, or the batch is dropped",
        &["cache_contract::sharing::without_room_nothing_is_added_and_nothing_stale_stays"],
    ),
    (
        "a reader of one schema file, a writer of another -> the write shows",
        &[
            "interleavings::faults::a_write_by_a_server_of_another_schema_file_shows",
            "interleavings::faults::a_type_that_nobody_follows_is_not_read_from_the_cache",
            "following::faults::servers_of_two_schema_files_never_show_each_others_rows",
        ],
    ),
    (
        "the clock of Redis is set back -> the term ends with the next beat",
        &["interleavings::clock::a_term_ends_when_the_clock_of_the_cache_is_set_back"],
    ),
    (
        "a leader stands still, another one leads, the first goes on -> it vouches for nothing",
        &["interleavings::faults::a_former_leader_vouches_for_nothing"],
    ),
    (
        "whoever waits for a step goes away -> the step does no harm",
        &[
            "interleavings::writers::a_write_whose_client_has_gone_comes_to_its_end",
            "interleavings::writers::a_reader_that_has_gone_leaves_the_list_to_others",
        ],
    ),
];

#[test]
fn every_test_that_is_named_is_there() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it");
    for (case, tests) in CASES {
        for test in tests {
            let (module, name) = test.rsplit_once("::").expect("a test is in a module");
            let path = root.join(module.replace("::", "/")).with_extension("rs");
            let text =
                std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{case}: {path:?}: {error}"));
            assert!(text.contains(&format!("fn {name}(")), "{case}: there is no {test}");
        }
    }
}
