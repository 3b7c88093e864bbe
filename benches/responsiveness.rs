//! How soon a key is answered while every core scores, and what the terminal UI costs the scoring.
//!
//!     cargo bench --bench responsiveness [-- SECONDS]
//!
//! Real time on whatever machine this is. SECONDS is how long threads are watched, 60 unless told. Linux: threads
//! are read from /proc.

use std::{
    collections::BTreeMap,
    fs,
    io::{Read, Write},
    process::{Command, Stdio},
    sync::mpsc::{self, Receiver},
    thread,
    time::{Duration, Instant},
};

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};

const SIZE: PtySize = PtySize { rows: 36, cols: 120, pixel_width: 0, pixel_height: 0 };
const BINARY: &str = env!("CARGO_BIN_EXE_zendo");
const AIM: Duration = Duration::from_millis(50);
/// Rounds of the keys below.
const ROUNDS: usize = 100;
/// A key, what it brings, and whether that comes or goes.
const KEYS: [(&str, &str, Change); 4] = [
    ("?", "Keys of", Change::Comes),
    ("\u{1b}", "Keys of", Change::Goes),
    ("2", "Score × params", Change::Comes),
    ("1", "Convergence", Change::Comes),
];

#[derive(Clone, Copy, PartialEq, Eq)]
enum Change {
    Comes,
    Goes,
}

struct Terminal {
    // Held open until the program has ended.
    _master: Box<dyn MasterPty + Send>,
    keys: Box<dyn Write + Send>,
    output: Receiver<Vec<u8>>,
    screen: vt100::Parser,
    child: Box<dyn Child + Send + Sync>,
}

impl Terminal {
    fn open(sets: &[String]) -> Terminal {
        let pty = native_pty_system().openpty(SIZE).expect("a pseudo-terminal");
        let mut command = CommandBuilder::new(BINARY);
        command.args(["tui", "--foreground", "--preset", "quick"]);
        command.args(sets.iter().flat_map(|set| ["--set", set]));
        command.env("XDG_STATE_HOME", env!("CARGO_TARGET_TMPDIR"));
        command.env("TERM", "xterm-256color");
        command.env("COLORTERM", "truecolor");
        command.env("LC_ALL", "C.UTF-8");
        command.env_remove("SSH_CONNECTION");
        let keys = pty.master.take_writer().expect("a writer");
        let mut reader = pty.master.try_clone_reader().expect("a reader");
        let child = pty.slave.spawn_command(command).expect("the binary starts");
        let (send, output) = mpsc::channel();
        thread::spawn(move || {
            let mut buffer = [0; 65536];
            while let Ok(count @ 1..) = reader.read(&mut buffer) {
                if send.send(buffer[..count].to_vec()).is_err() {
                    return;
                }
            }
        });
        let screen = vt100::Parser::new(SIZE.rows, SIZE.cols, 0);
        Terminal { _master: pty.master, keys, output, screen, child }
    }

    fn press(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).expect("the terminal takes it");
    }

    fn until(&mut self, text: &str, change: Change) {
        let wanted = change == Change::Comes;
        while self.screen.screen().contents().contains(text) != wanted {
            let bytes = self.output.recv_timeout(Duration::from_secs(60));
            self.screen.process(&bytes.expect("the program goes on"));
        }
    }

    fn start(&mut self) {
        self.until("not started", Change::Comes);
        self.press("r");
        self.until("★", Change::Comes);
    }

    /// Goes on reading for so long.
    fn watch(&mut self, time: Duration) {
        let end = Instant::now() + time;
        while let Some(left) = end.checked_duration_since(Instant::now()) {
            if let Ok(bytes) = self.output.recv_timeout(left) {
                self.screen.process(&bytes);
            }
        }
    }

    /// Ticks of CPU time of each thread, by name; threads that have ended are left out.
    fn ticks(&self) -> BTreeMap<String, u64> {
        let id = self.child.process_id().expect("it runs");
        let mut ticks = BTreeMap::new();
        for task in fs::read_dir(format!("/proc/{id}/task")).expect("Linux") {
            let path = task.expect("an entry").path().join("stat");
            let Ok(stat) = fs::read_to_string(path) else { continue };
            // The name may hold anything, blanks too.
            let (start, rest) = stat.split_once('(').expect("a name");
            let (name, rest) = rest.rsplit_once(')').expect("its end");
            let fields: Vec<&str> = rest.split_whitespace().collect();
            let [user, system] = [11, 12].map(|i| fields[i].parse::<u64>().expect("ticks"));
            let is_main = start.trim() == id.to_string();
            let name = if is_main { "the loop".to_owned() } else { plain(name) };
            *ticks.entry(name).or_default() += user + system;
        }
        ticks
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Without the number at its end.
fn plain(name: &str) -> String {
    name.trim_end_matches(|c: char| c.is_ascii_digit() || c == '-').to_owned()
}

fn answers(terminal: &mut Terminal) {
    let mut times = Vec::new();
    for round in 0..ROUNDS {
        for (n, (key, text, change)) in KEYS.into_iter().enumerate() {
            // At any moment between two frames of the engine.
            terminal.watch(Duration::from_millis((40 + (round * 37 + n * 61) % 101) as u64));
            let began = Instant::now();
            terminal.press(key);
            terminal.until(text, change);
            times.push(began.elapsed());
        }
    }
    times.sort_unstable();
    let ms = |time: Duration| time.as_secs_f64() * 1e3;
    let at = |share: f64| ms(times[((times.len() - 1) as f64 * share).round() as usize]);
    println!(
        "key to screen: p50 {:.1} ms, p90 {:.1}, p99 {:.1}, most {:.1} of {} keys (aim: p99 {:.0} ms)",
        at(0.5),
        at(0.9),
        at(0.99),
        at(1.0),
        times.len(),
        ms(AIM),
    );
}

fn shares(terminal: &mut Terminal, time: Duration) {
    let before = terminal.ticks();
    terminal.watch(time);
    let after = terminal.ticks();
    let spent = |name: &String| after[name] - before.get(name).copied().unwrap_or(0);
    let all: u64 = after.keys().map(spent).sum();
    println!("CPU time over {} s, {all} ticks:", time.as_secs());
    for name in after.keys() {
        let ticks = spent(name);
        println!("  {name:<16} {ticks:>6}  {:>6.2} %", 100.0 * ticks as f64 / all.max(1) as f64);
    }
}

/// Scored candidates a second, in the terminal and without one, by turns.
fn rates(workers: usize) {
    const SCORED: u32 = 3_000;
    let sets: Vec<String> = [
        format!("run.workers={workers}"),
        format!("search.max_scored={SCORED}"),
        "search.iterations=2000000".to_owned(),
        "run.optimum=false".to_owned(),
        "confirm.best=1".to_owned(),
        "confirm.repeats=2".to_owned(),
    ]
    .to_vec();
    let rate = |began: Instant| f64::from(SCORED) / began.elapsed().as_secs_f64();
    let mut ratios = Vec::new();
    for _ in 0..5 {
        let began = Instant::now();
        let mut command = Command::new(BINARY);
        command.args(["search", "--preset", "quick", "--foreground"]);
        command.args(sets.iter().flat_map(|set| ["--set", set]));
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        assert!(command.status().expect("the binary runs").success());
        let headless = rate(began);
        let mut terminal = Terminal::open(&sets);
        terminal.until("not started", Change::Comes);
        let began = Instant::now();
        terminal.press("r");
        terminal.until("finished", Change::Comes);
        let shown = rate(began);
        println!("scored/s: {headless:.1} without, {shown:.1} with the terminal UI");
        ratios.push(shown / headless);
    }
    ratios.sort_unstable_by(f64::total_cmp);
    println!("with to without: median {:.3} of {}", ratios[ratios.len() / 2], ratios.len());
}

fn main() {
    let seconds = std::env::args().find_map(|argument| argument.parse().ok()).unwrap_or(60);
    let workers = thread::available_parallelism().map_or(1, |n| n.get());
    println!("{workers} workers on as many cores");
    let sets = [format!("run.workers={workers}"), "search.iterations=2000000".to_owned()];
    let mut terminal = Terminal::open(&sets);
    terminal.start();
    // The proof of the optimum has its own threads at first.
    terminal.watch(Duration::from_secs(10));
    answers(&mut terminal);
    shares(&mut terminal, Duration::from_secs(seconds));
    drop(terminal);
    rates(workers);
}
