//! What a predicted latency costs: `cargo bench --bench latency -- TABLE [--rounds N]`, TABLE a latency table's
//! file with layers of batch 64.
//!
//! One thread, by its own CPU time, medians of the rounds. "layer": one layer looked up. "network": a whole net
//! of the paper from nothing. "child": a child of a search's last population made, counted and scored, with
//! the table and without; what is between the two rows is what a candidate pays for its latency.

use std::{hint::black_box, path::Path, sync::Arc, time::Duration};

use zendo::{
    arch::NetSpec,
    latency::{Clock, Predictor, Table},
    run::RunSpec,
    search::{Asked, Evolution, Settings},
    space::{PresetSource, published_nets},
};

const CHILDREN: u64 = 200_000;

/// CPU time of this thread so far.
fn cpu_time() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_nsec).expect("below 1e9"))
}

/// Microseconds of each of `times`.
fn each(times: u64, mut work: impl FnMut(u64)) -> f64 {
    let start = cpu_time();
    (0..times).for_each(&mut work);
    (cpu_time() - start).as_secs_f64() * 1e6 / times as f64
}

/// A search that has ended, by the latency of `clock` and by nothing where there is none.
fn ended(settings: &Settings, clock: Option<Arc<Clock>>) -> Evolution {
    let mut settings = settings.clone();
    if clock.is_none() {
        settings.budgets.latency_ms = [None; 3];
        // About what the latency allows, so that as many children are within.
        settings.budgets.flops = Some(2_800_000_000);
    }
    let mut evolution = Evolution::new(Settings { clock, ..settings });
    while !matches!(evolution.ask(&mut |_| {}), Asked::Done(_)) {}
    evolution
}

fn main() {
    let mut rounds = 7_usize;
    let mut file = None;
    let mut args = std::env::args().skip(1).filter(|arg| arg != "--bench");
    while let Some(arg) = args.next() {
        match arg.as_str() {
            "--rounds" => rounds = args.next().and_then(|n| n.parse().ok()).expect("--rounds N"),
            _ => file = Some(arg),
        }
    }
    let Some(file) = file else {
        eprintln!("name a latency table's file; 'zendo latency list' knows yours");
        return;
    };
    let text = std::fs::read_to_string(&file).expect("a file");
    let table = Table::parse(&text).expect("a table");
    let predictor = Arc::new(Predictor::new(&table, Some(64), 224).expect("batch 64"));
    let clock = Arc::new(Clock::new(vec![Arc::clone(&predictor)]).expect("one"));
    let no_files = |_: &Path| Err("no files here".to_owned());
    let mut source = PresetSource::find("imagenet-latency-0.1ms", &no_files).expect("shipped");
    for set in ["score.proxy=zen-analytic", "search.iterations=200_000"] {
        source.set_assignment(set).expect("a key");
    }
    let spec = RunSpec::new("", source.preset().expect("valid"));
    let settings = spec.search_settings();
    let mut with = ended(&settings, Some(Arc::clone(&clock)));
    let mut without = ended(&settings, None);
    let net = published_nets().find(|net| net.name.contains("latency01ms")).expect("published");
    let net_spec = NetSpec::residual(224, 1000);
    let layers = predictor.net(&net.structure, &net_spec).layers;
    let mut samples: [Vec<f64>; 4] = Default::default();
    for _ in 0..rounds.max(1) {
        let row = [
            each(1_000_000, |i| {
                let (layer, ..) = &layers[i as usize % layers.len()];
                black_box(predictor.layer_ms(black_box(layer)));
            }),
            each(100_000, |_| {
                black_box(predictor.net_ms(black_box(&net.structure), &net_spec));
            }),
            each(CHILDREN, |i| {
                let _ = black_box(with.try_child(1_000_000 + i));
            }),
            each(CHILDREN, |i| {
                let _ = black_box(without.try_child(1_000_000 + i));
            }),
        ];
        samples.iter_mut().zip(row).for_each(|(samples, x)| samples.push(x));
    }
    let names = ["layer", "network", "child, by latency", "child, by FLOPs"];
    for (name, mut samples) in names.into_iter().zip(samples) {
        samples.sort_by(f64::total_cmp);
        println!("{name:<20} {:>8.3} µs", samples[samples.len() / 2]);
    }
}
