//! What watching costs: scores a second of a hosted search that nobody watches, that one viewer watches, that
//! eight watch, and that one watches who never reads.
//!
//!     cargo bench --bench viewers [-- ROUNDS]
//!
//! Rounds are interleaved and each kind is compared with the round's own unwatched one: machines are shared and
//! noisy. Also says how many bytes a viewer is sent a second.

use std::{
    io::{Read, Write},
    os::unix::net::UnixStream,
    path::{Path, PathBuf},
    process::Command,
    thread,
    time::{Duration, Instant},
};

use zendo::run::{
    Handle, Ownership, attach, ownership,
    protocol::{self, Update},
};

/// How long each is watched.
const SPAN: Duration = Duration::from_secs(8);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Watched {
    Not,
    ByOne,
    ByEight,
    ByOneWhoNeverReads,
}

const KINDS: [Watched; 4] =
    [Watched::Not, Watched::ByOne, Watched::ByEight, Watched::ByOneWhoNeverReads];

fn start(home: &Path) -> PathBuf {
    let arguments = ["search", "--detach", "--json", "--preset", "quick", "--device", "cpu"];
    let sets = ["search.iterations=100_000_000", "run.optimum=false"];
    let output = Command::new(env!("CARGO_BIN_EXE_zendo"))
        .args(arguments)
        .args(sets.iter().flat_map(|set| ["--set", set]))
        .env("XDG_STATE_HOME", home)
        .env("XDG_RUNTIME_DIR", home)
        .output()
        .expect("the binary runs");
    let line: serde_json::Value = serde_json::from_slice(&output.stdout).expect("a line");
    PathBuf::from(line["run"].as_str().expect("a folder"))
}

/// A viewer that says hello.
fn greet(folder: &Path) -> UnixStream {
    let Ownership::Here(host) = ownership(folder) else { panic!("it runs") };
    let mut stream = UnixStream::connect(host.socket.expect("one")).expect("it listens");
    let greeting = format!("{{\"zendo\":\"bench\",\"protocol\":{}}}", protocol::VERSION);
    let length = u32::try_from(greeting.len()).expect("short").to_be_bytes();
    stream.write_all(&[&length[..], greeting.as_bytes()].concat()).expect("written");
    stream
}

/// Scored so far, by a look of its own.
fn scored(folder: &Path) -> u64 {
    let viewer: Handle = attach(folder, Box::new(|| {})).expect("it is hosted");
    loop {
        for update in viewer.wait(Duration::from_secs(1)) {
            if let Update::Snapshot(snapshot) = update {
                return snapshot.scored;
            }
        }
    }
}

/// Scores a second while it is watched so.
fn rate(folder: &Path, watched: Watched) -> f64 {
    let stuck = (watched == Watched::ByOneWhoNeverReads).then(|| greet(folder));
    let count = match watched {
        Watched::ByOne => 1,
        Watched::ByEight => 8,
        Watched::Not | Watched::ByOneWhoNeverReads => 0,
    };
    let viewers: Vec<Handle> =
        (0..count).map(|_| attach(folder, Box::new(|| {})).expect("it is hosted")).collect();
    let (before, start) = (scored(folder), Instant::now());
    while start.elapsed() < SPAN {
        thread::sleep(Duration::from_millis(50));
        viewers.iter().for_each(|viewer| drop(viewer.drain()));
    }
    let rate = (scored(folder) - before) as f64 / start.elapsed().as_secs_f64();
    drop(stuck);
    viewers.into_iter().for_each(Handle::join);
    rate
}

/// Bytes a second that a viewer is sent, after the first second with all that went before.
fn bytes(folder: &Path) -> f64 {
    let mut stream = greet(folder);
    stream.set_read_timeout(Some(Duration::from_millis(100))).expect("set");
    let mut buffer = vec![0; 1 << 16];
    let (start, mut count) = (Instant::now(), 0);
    while start.elapsed() < SPAN {
        let read = stream.read(&mut buffer).unwrap_or(0);
        if start.elapsed() > Duration::from_secs(1) {
            count += read;
        }
    }
    count as f64 / (SPAN.as_secs_f64() - 1.0)
}

fn main() {
    let rounds = std::env::args().skip(1).find_map(|word| word.parse().ok()).unwrap_or(5);
    let home = tempfile::tempdir().expect("a folder");
    let folder = start(home.path());
    thread::sleep(Duration::from_secs(4));
    println!("scores a second, {} s each", SPAN.as_secs());
    let mut ratios = KINDS.map(|_| Vec::new());
    for round in 1..=rounds {
        let rates = KINDS.map(|watched| rate(&folder, watched));
        let cells: Vec<String> =
            KINDS.iter().zip(rates).map(|(kind, rate)| format!("{kind:?} {rate:.1}")).collect();
        println!("round {round}: {}", cells.join(", "));
        ratios.iter_mut().zip(rates).for_each(|(all, rate)| all.push(rate / rates[0]));
    }
    for (kind, mut ratios) in KINDS.into_iter().zip(ratios) {
        ratios.sort_by(f64::total_cmp);
        let (least, median, most) = (ratios[0], ratios[ratios.len() / 2], ratios[ratios.len() - 1]);
        println!("{kind:?}: {median:.3} of the unwatched rate ({least:.3} to {most:.3})");
    }
    println!("a viewer is sent {:.1} KB/s", bytes(&folder) / 1e3);
    let viewer = attach(&folder, Box::new(|| {})).expect("it is hosted");
    viewer.send(protocol::Command::Suspend).expect("it listens");
    while !viewer.is_over() {
        viewer.wait(Duration::from_secs(1));
    }
}
