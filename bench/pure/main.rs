//! How long the parts without I/O take: `cargo bench`. The servers beside other servers are measured by
//! `make bench`.

use std::hint::black_box;
use std::sync::Arc;

use criterion::{BatchSize, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use oponn::cache::{
    Batch, CacheLimits, Changes, Fills, LeaseState, MemoryCache, PageRead, Proved, Reads, Reconcile, Window,
};
use oponn::query::{BatchDef, Shape, matches, row_key};
use oponn::value::Change;
use serde_json::json;
use tokio::runtime::{Builder, Runtime};

mod world;

use world::{PAGE, Shop, book, of_store, repriced, request, since};

/// That of the program.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// One thread: waking another one would take longer than what is measured.
fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().expect("a runtime can be made")
}

/// The API in this process, on the memory cache: what a request costs beside HTTP and Redis.
fn requests(c: &mut Criterion) {
    let runtime = runtime();
    let (plain, keeping) = runtime.block_on(async { (Shop::open(false).await, Shop::open(true).await) });
    let mut group = c.benchmark_group("request");
    let page = |first: u32| json!({ "from": 1950, "first": first });
    // Criterion calls the closure many times; the texts must be new all the same.
    let mut number = 0;
    group.bench_function("parse, validate, plan, page of 20", |b| {
        b.to_async(&runtime).iter(|| {
            number += 1;
            let text = format!("{PAGE} # {number}");
            let plain = &plain;
            async move { black_box(plain.execute(&text, page(20)).await) }
        });
    });
    for rows in [1, 20, 100] {
        group.throughput(Throughput::Elements(rows));
        let first = u32::try_from(rows).expect("it is small");
        group.bench_with_input(BenchmarkId::new("known text, cached page", rows), &first, |b, &first| {
            b.to_async(&runtime).iter(|| async { black_box(plain.execute(PAGE, page(first)).await) });
        });
    }
    group.throughput(Throughput::Elements(20));
    group.bench_function("kept answer, page of 20", |b| {
        b.to_async(&runtime).iter(|| async { black_box(keeping.execute(PAGE, page(20)).await) });
    });
    let asked = [1, 20, 100].map(|rows| (rows, request(PAGE, page(rows))));
    group.throughput(Throughput::Elements(1));
    let (_, twenty) = &asked[1];
    let rehearsal = runtime.block_on(plain.rehearse(twenty));
    group.bench_function("plan", |b| b.iter(|| black_box(rehearsal.plan())));
    for (rows, asked) in &asked {
        let rehearsal = runtime.block_on(plain.rehearse(asked));
        group.throughput(Throughput::Elements(u64::from(*rows)));
        group.bench_function(BenchmarkId::new("JSON of a page", rows), |b| {
            b.iter(|| black_box(rehearsal.write()));
        });
    }
    group.finish();
}

/// Judging documents and encoding their places.
fn documents(c: &mut Criterion) {
    let (doc, by_store, by_year) = (book(42, 1), of_store(42), since(1_950));
    let mut group = c.benchmark_group("document");
    group.bench_function("match: equality", |b| {
        b.iter(|| matches(&by_store.def.filter, black_box(doc.raw())))
    });
    group.bench_function("match: range", |b| b.iter(|| matches(&by_year.def.filter, black_box(doc.raw()))));
    let BatchDef { order, .. } = &*by_store.def;
    group.bench_function("sort key", |b| b.iter(|| row_key(order, "Book", black_box(doc.raw()))));
    group.bench_function("match and sort key", |b| b.iter(|| by_store.def.row("Book", black_box(&doc))));
    let shapes = [&by_store, &by_year].map(|batch| batch.def.entries().0);
    group.bench_function("probes of 2 shapes", |b| {
        b.iter(|| shapes.each_ref().map(|shape: &Shape| shape.probe(black_box(&doc))));
    });
    group.bench_function("definition: text and key", |b| b.iter(|| Batch::new((*by_store.def).clone())));
    group.bench_function("definition: parse", |b| b.iter(|| Batch::parse(black_box(&by_store.text))));
    group.finish();
}

/// A cache in which each of these batches is ready with its books.
async fn filled(batches: &[Batch], books: u32) -> Arc<MemoryCache> {
    let cache = Arc::new(MemoryCache::new(CacheLimits { memory: 4 << 30, ..CacheLimits::default() }));
    for batch in batches {
        let leased = cache.lease(std::slice::from_ref(batch)).await.expect("memory is there").pop();
        let Some(LeaseState::Granted(lease)) = leased else { panic!("nobody else leases") };
        let mut rows: Vec<_> = (0..books).filter_map(|n| batch.def.row("Book", &book(n, 1))).collect();
        rows.sort();
        let proved = Proved::by_reading(u64::MAX, rows).expect("they are sorted");
        assert!(cache.commit(&lease, &proved).await.expect("memory is there"));
    }
    cache
}

/// Notes a change and brings the batches in line, as the engine does.
async fn settle(cache: &MemoryCache, change: Change) -> usize {
    let mark = cache.mark();
    let noted = cache.note(mark, std::slice::from_ref(&change)).await.expect("memory is there");
    let mut rows = Vec::new();
    for batch in noted.of_changes.into_iter().flat_map(oponn::cache::Noted::batches) {
        let row = change.after.as_ref().and_then(|doc| batch.def.row("Book", doc));
        let (entity, stamp) = (change.entity.clone(), change.stamp);
        rows.push(Reconcile { batch, entity, stamp, row, doc: None, until: None });
    }
    cache.reconcile(mark, &rows).await.expect("memory is there").len()
}

/// Pages and reconciles on the memory cache, by how much is cached.
fn caches(c: &mut Criterion) {
    let runtime = runtime();
    let mut group = c.benchmark_group("memory cache");
    let batch = of_store(42);
    let cache = runtime.block_on(filled(std::slice::from_ref(&batch), 50_000));
    for limit in [20, 100] {
        let window = Window { offset: 10, limit, ..Window::default() };
        let read = [PageRead { batch: batch.clone(), window }];
        group.bench_with_input(BenchmarkId::new("page of a list of 100", limit), &read, |b, read| {
            b.to_async(&runtime).iter(|| async { black_box(cache.read_pages(read).await) });
        });
    }
    for unrelated in [10, 1_000, 10_000] {
        let batches: Vec<Batch> = (1..=unrelated).map(of_store).collect();
        let cache = runtime.block_on(filled(&batches, 0));
        let mut version = 1;
        group.bench_function(BenchmarkId::new("write beside unrelated lists", unrelated), |b| {
            b.to_async(&runtime).iter_batched(
                || {
                    version += 1;
                    repriced(500 * 10_000, version)
                },
                |change| settle(&cache, change),
                BatchSize::SmallInput,
            );
        });
    }
    for touched in [1, 100] {
        let batches: Vec<Batch> = (0..touched).map(|n| since(1_800 + n)).collect();
        let cache = runtime.block_on(filled(&batches, 200));
        let mut version = 1;
        group.bench_function(BenchmarkId::new("write into lists of 200", touched), |b| {
            b.to_async(&runtime).iter_batched(
                || {
                    version += 1;
                    repriced(7, version)
                },
                |change| settle(&cache, change),
                BatchSize::SmallInput,
            );
        });
    }
    group.finish();
}

criterion_group!(benches, requests, documents, caches);
criterion_main!(benches);
