//! The inner loop of an analytic search allocates nothing: moves, budgets, score, dedup and history of
//! a child that doesn't enter the population.

use std::{
    alloc::{GlobalAlloc, Layout, System},
    cell::Cell,
    path::Path,
};

use zendo::{
    run::RunSpec,
    search::{Asked, Evolution},
    space::PresetSource,
};

/// Counts what this thread allocates.
struct Counting;

thread_local! {
    static ALLOCATIONS: Cell<u64> = const { Cell::new(0) };
}

#[expect(unsafe_code, reason = "an allocator is unsafe by its trait; this one hands all on")]
// SAFETY: every call goes to the system's allocator as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.with(|count| count.set(count.get() + 1));
        // SAFETY: the caller's promises are the system's.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: it came from the system's allocator.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn allocations() -> u64 {
    ALLOCATIONS.with(Cell::get)
}

#[test]
fn children_that_stay_outside_cost_no_allocation() {
    let no_files = |_: &Path| Err("no files here".to_owned());
    for (preset, sets) in [
        ("cifar-params-1m", &["score.proxy=zen-analytic"][..]),
        ("imagenet-flops-400m-fast", &["search.climb=0"][..]),
    ] {
        let mut source = PresetSource::find(preset, &no_files).expect("shipped");
        for set in sets.iter().chain(&["search.population=64", "search.iterations=60_000"]) {
            source.set_assignment(set).expect("a key");
        }
        let preset = source.preset().expect("valid");
        let spec = RunSpec::new("", preset);
        let mut evolution = Evolution::new(spec.search_settings());
        let (mut outside, mut entered) = (0_u32, 0_u32);
        loop {
            let mut heard = false;
            let before = allocations();
            let asked = evolution.ask(&mut |_| heard = true);
            let allocated = allocations() - before;
            if matches!(asked, Asked::Done(_)) {
                break;
            }
            // The first ones let the buffers grow.
            if heard || evolution.counts().proposed < 10_000 {
                entered += u32::from(heard);
                continue;
            }
            outside += 1;
            assert_eq!(allocated, 0, "at proposal {}", evolution.counts().proposed);
        }
        assert!(outside > 40_000 && entered > 500, "{outside} outside, {entered} entered");
    }
}
