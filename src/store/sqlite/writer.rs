//! The writer thread. It takes all queued jobs, runs them in one transaction, and answers each job only
//! after the commit. Between rounds, and at the start of each, it looks whether other programs have committed.

use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;

use bson::raw::RawDocument;
use parking_lot::Mutex;
use rusqlite::{Connection, Transaction, TransactionBehavior};
use tokio::sync::{oneshot, watch};

use crate::value::Time;

use super::super::{DiskFault, StoreError};
use super::arrays::ArrayBook;
use super::columns::{ColumnBook, Columns};
use super::foreign::{Known, Looks};
use super::{connection, error};

/// Jobs committed together at the most.
const MAX_ROUND: usize = 512;

/// Hands jobs to the thread.
pub(super) struct Writer {
    orders: Option<Sender<Order>>,
    thread: Option<JoinHandle<()>>,
    fault: Arc<Mutex<Option<DiskFault>>>,
    known: Arc<watch::Sender<Known>>,
}

/// What the thread is to do.
enum Order {
    Run(Box<dyn Job>),
    Look,
}

/// What a job sees: the transaction of its round.
pub(super) struct Session<'a> {
    /// The connection, within the transaction.
    pub connection: &'a Connection,
    arrays: &'a mut ArrayBook,
    columns: &'a mut ColumnBook,
    time: Time,
}

impl Session<'_> {
    /// The time of the next change.
    pub fn tick(&mut self) -> Time {
        self.time.0 += 1;
        self.time
    }

    /// The time of the last change.
    pub fn time(&self) -> Time {
        self.time
    }

    /// Notes the arrays of a document that is about to be written.
    pub fn note_arrays(&mut self, collection: &str, doc: &RawDocument) -> rusqlite::Result<()> {
        self.arrays.note(self.connection, collection, doc)
    }

    /// The columns of keys that the table of a collection has.
    pub fn columns(&mut self, collection: &str) -> rusqlite::Result<&Columns> {
        self.columns.of(self.connection, collection)
    }

    /// Forgets the columns, because there may be others.
    pub fn forget_columns(&mut self) {
        self.columns.clear();
    }

    /// Runs steps of which either all happen or none.
    pub fn whole<T>(
        &mut self,
        work: impl FnOnce(&mut Self) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let run = |text: &str| self.connection.execute_batch(text).map_err(|cause| error::on_read(&cause));
        run("SAVEPOINT whole")?;
        let result = work(self);
        let end = match &result {
            Ok(_) => "RELEASE whole",
            Err(_) => {
                self.arrays.clear();
                self.columns.clear();
                "ROLLBACK TO whole; RELEASE whole"
            }
        };
        // SQLite has already rolled everything back after some errors; then the round fails as a whole.
        match self.connection.is_autocommit() {
            true => result,
            false => self.connection.execute_batch(end).map_err(|cause| error::on_read(&cause)).and(result),
        }
    }
}

trait Job: Send {
    fn run(&mut self, session: &mut Session<'_>);
    fn finish(self: Box<Self>, committed: Result<(), StoreError>);
}

struct Task<F, T> {
    work: Option<F>,
    value: Option<T>,
    reply: oneshot::Sender<Result<T, StoreError>>,
}

impl<T: Send, F: FnOnce(&mut Session<'_>) -> T + Send> Job for Task<F, T> {
    fn run(&mut self, session: &mut Session<'_>) {
        self.value = self.work.take().map(|work| work(session));
    }

    fn finish(self: Box<Self>, committed: Result<(), StoreError>) {
        let not_run =
            || StoreError::Unavailable("an earlier write of the same round broke it off".to_owned());
        let Task { value, reply, .. } = *self;
        // Nobody may be waiting any more.
        let _ = reply.send(committed.and_then(|()| value.ok_or_else(not_run)));
    }
}

impl Writer {
    /// Starts the thread.
    pub fn start(connection: Connection, path: &Path) -> Result<Writer, StoreError> {
        let (orders, queue) = channel();
        let fault = Arc::<Mutex<Option<DiskFault>>>::default();
        let known = Arc::<watch::Sender<Known>>::default();
        let looks = Looks::new(&connection, known.clone());
        let thread = std::thread::Builder::new()
            .name(format!("sqlite {}", path.display()))
            .spawn({
                let fault = fault.clone();
                move || work(connection, looks, &queue, &fault)
            })
            .map_err(|cause| StoreError::Unavailable(cause.to_string()))?;
        Ok(Writer { orders: Some(orders), thread: Some(thread), fault, known })
    }

    /// What was wrong with the disk when it was last written to.
    pub fn fault(&self) -> Option<DiskFault> {
        *self.fault.lock()
    }

    /// Runs a job in the next round; returns after its commit.
    pub async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Session<'_>) -> T + Send + 'static,
    ) -> Result<T, StoreError> {
        let (reply, result) = oneshot::channel();
        self.order(Order::Run(Box::new(Task { work: Some(work), value: None, reply })))?;
        result.await.map_err(|_| gone())?
    }

    /// Whether other programs may have committed since the last call.
    pub async fn foreign_writes(&self) -> Result<bool, StoreError> {
        let mut known = self.known.subscribe();
        let before = known.borrow().looks;
        self.order(Order::Look)?;
        // Nobody waits for the end of a long round, which keeps others from committing.
        known.wait_for(|known| known.locked || known.looks > before).await.map_err(|_| gone())?;
        let mut foreign = false;
        self.known.send_modify(|known| foreign = std::mem::take(&mut known.foreign));
        Ok(foreign)
    }

    fn order(&self, order: Order) -> Result<(), StoreError> {
        self.orders.as_ref().ok_or_else(gone)?.send(order).map_err(|_| gone())
    }
}

/// Waits for the thread, so that the file is closed when the store is gone.
impl Drop for Writer {
    fn drop(&mut self) {
        self.orders = None;
        if let Some(thread) = self.thread.take() {
            // It can only have panicked, which was reported then.
            let _ = thread.join();
        }
    }
}

fn gone() -> StoreError {
    StoreError::Unknown("the thread that writes is gone".to_owned())
}

fn work(
    mut connection: Connection,
    mut looks: Looks,
    queue: &Receiver<Order>,
    fault: &Mutex<Option<DiskFault>>,
) {
    let (mut arrays, mut columns) = (ArrayBook::default(), ColumnBook::default());
    while let Ok(first) = queue.recv() {
        let mut jobs = Vec::new();
        for order in std::iter::once(first).chain(queue.try_iter().take(MAX_ROUND - 1)) {
            match order {
                Order::Run(job) => jobs.push(job),
                Order::Look => looks.look(&connection),
            }
        }
        if jobs.is_empty() {
            continue;
        }
        let round = round(&mut connection, &mut looks, &mut arrays, &mut columns, &mut jobs);
        looks.unlocked();
        if round.is_err() {
            arrays.clear();
            columns.clear();
        }
        // A round that wrote nothing says nothing about the disk.
        match (error::disk_fault(), &round) {
            (None, Err(_) | Ok(false)) => {}
            (met, _) => *fault.lock() = met,
        }
        let committed = round.map(drop);
        for job in jobs {
            job.finish(committed.clone());
        }
    }
}

/// Whether something was written.
fn round(
    connection: &mut Connection,
    looks: &mut Looks,
    arrays: &mut ArrayBook,
    columns: &mut ColumnBook,
    jobs: &mut [Box<dyn Job>],
) -> Result<bool, StoreError> {
    let transaction = Transaction::new(connection, TransactionBehavior::Immediate)
        .map_err(|cause| error::on_read(&cause))?;
    looks.look(&transaction);
    // A file that is about to be prepared has no counter yet.
    let start = connection::time(&transaction).unwrap_or_default();
    columns.renew(&transaction).map_err(|cause| error::on_read(&cause))?;
    let mut session = Session { connection: &transaction, arrays, columns, time: start };
    for job in jobs {
        job.run(&mut session);
        if transaction.is_autocommit() {
            let cause = "SQLite broke the transaction off".to_owned();
            return Err(match error::last_disk_fault() {
                Some(fault) => StoreError::Disk(fault, cause),
                None => StoreError::Unavailable(cause),
            });
        }
    }
    let written = session.time > start;
    if written {
        transaction
            .prepare_cached("UPDATE _oponn_meta SET value = ? WHERE name = 'time'")
            .and_then(|mut update| update.execute([session.time.0.cast_signed()]))
            .map_err(|cause| error::on_read(&cause))?;
    }
    transaction.commit().map_err(|cause| error::on_commit(&cause))?;
    Ok(written)
}
