//! One suite for every store. A backend joins it by a [`Place`] and one line at the end of this file.

use std::sync::Arc;

use async_trait::async_trait;
use oponn::schema::Model;
use oponn::store::{Store, StoreError};

mod bulk;
pub mod models;
pub mod mongo_place;
mod preparing;
mod reading;
mod sqlite_file;
pub mod sqlite_place;
mod writing;

/// Where a store keeps its data: an empty database of its own, which can be opened again and again.
#[async_trait]
pub trait Place: Send + Sync {
    /// Opens the database of this place. Does not prepare it.
    async fn open(&self, model: Arc<Model>) -> Result<Arc<dyn Store>, StoreError>;
}

/// A prepared store of the model that most cases use.
async fn shop(place: &dyn Place) -> Arc<dyn Store> {
    let store = place.open(Arc::new(models::shop())).await.expect("the store opens");
    store.prepare().await.expect("the store can be prepared");
    store
}

/// Makes a module of tests that runs every case in a new place.
macro_rules! contract {
    ($backend:ident, $place:expr) => {
        contract! { $backend, $place,
            reading::{
                gets_by_id_and_leaves_out_what_is_not_there,
                finds_in_order_with_the_id_last,
                pages_through_every_order_in_both_directions,
                filters_as_the_filter_language_says,
                finds_for_each_value_in_their_order,
                counts_for_each_value_in_their_order,
                refuses_a_time_it_does_not_know,
                passes_over_ids_of_unknown_kinds,
            }
            writing::{
                inserts_with_version_one,
                refuses_a_second_document_of_an_id,
                names_the_unique_key_that_is_taken,
                lets_nulls_share_a_unique_key,
                updates_fields_and_raises_the_version,
                updates_a_document_without_bookkeeping,
                checks_the_condition_of_a_write,
                deletes_with_the_next_version,
                one_failing_write_does_not_hurt_the_others,
                stamps_of_one_document_grow,
                concurrent_updates_are_all_counted,
                reads_see_what_was_acknowledged,
                refuses_documents_that_are_too_large,
                keeps_every_value_as_it_was,
            }
            bulk::{
                inserts_many_and_tells_which_failed,
                updates_many_by_filter,
                updates_many_even_when_the_patch_changes_the_filter,
                deletes_many_by_filter,
            }
            preparing::{
                prepares_twice,
                keeps_documents_when_opened_again,
                adds_what_a_larger_model_needs,
                names_the_duplicates_that_forbid_a_unique_key,
                fills_normalised_keys_that_are_missing,
                time_goes_on_when_opened_again,
            }
        }
    };
    ($backend:ident, $place:expr, $($group:ident::{ $($case:ident,)+ })+) => {
        mod $backend {
            $($(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $case() {
                    let place = $place;
                    super::$group::$case(&place).await;
                }
            )+)+
        }
    };
}

contract!(sqlite, crate::store_contract::sqlite_place::SqlitePlace::new());
contract!(mongodb, crate::store_contract::mongo_place::MongoPlace::new());
