//! The terminal UI in a real pseudo-terminal: what a person sees, and what is left behind.

#![cfg(all(feature = "tui", unix))]

mod bytes;
mod flows;
mod hosting;
mod keys;
mod lab;
mod looks;
mod manners;
mod slow;
mod tune;
mod vanishing;

use std::{
    io::{Read, Write},
    path::Path,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use portable_pty::{
    Child, CommandBuilder, ExitStatus, MasterPty, PtyPair, PtySize, native_pty_system,
};
use rustix::process::{Pid, Signal, kill_process};

/// Longest wait for anything.
const PATIENCE: Duration = Duration::from_secs(60);

struct Terminal {
    master: Option<Box<dyn MasterPty + Send>>,
    keys: Option<Box<dyn Write + Send>>,
    child: Box<dyn Child + Send + Sync>,
    screen: Arc<Mutex<vt100::Parser>>,
    line: Arc<Line>,
}

/// Between the program and whoever sits at the terminal.
#[derive(Default)]
struct Line {
    /// Bytes a second that get through; 0 is as many as come.
    rate: AtomicU64,
    /// All that came through, up to [`MAX_KEPT`].
    bytes: Mutex<Vec<u8>>,
    count: AtomicU64,
}

const MAX_KEPT: usize = 64 * 1024 * 1024;

impl Line {
    fn count(&self) -> u64 {
        self.count.load(Ordering::SeqCst)
    }

    /// Reads until the other end is gone.
    fn carry(&self, mut output: Box<dyn Read + Send>, screen: &Mutex<vt100::Parser>) {
        let mut bytes = [0; 8192];
        loop {
            let rate = self.rate.load(Ordering::SeqCst);
            let most = if rate == 0 { bytes.len() } else { 64 };
            let Ok(count @ 1..) = output.read(&mut bytes[..most]) else { return };
            screen.lock().expect("no panic holds it").process(&bytes[..count]);
            let mut kept = self.bytes.lock().expect("no panic holds it");
            let room = MAX_KEPT - kept.len();
            kept.extend_from_slice(&bytes[..count.min(room)]);
            drop(kept);
            self.count.fetch_add(count as u64, Ordering::SeqCst);
            if let Some(millis) = (count as u64 * 1_000).checked_div(rate) {
                thread::sleep(Duration::from_millis(millis));
            }
        }
    }
}

/// How zendo is started.
struct Launch<'a> {
    folder: &'a Path,
    arguments: &'a [&'a str],
    size: (u16, u16),
    variables: &'a [(&'a str, &'a str)],
    /// Whether what is started in it goes on without it.
    hosts: bool,
}

impl Default for Launch<'_> {
    fn default() -> Self {
        Launch {
            folder: Path::new("."),
            arguments: &[],
            size: (120, 36),
            variables: &[],
            hosts: false,
        }
    }
}

fn size(cols: u16, rows: u16) -> PtySize {
    PtySize { rows, cols, pixel_width: 0, pixel_height: 0 }
}

impl Terminal {
    fn open(arguments: &[&str]) -> Terminal {
        Terminal::open_in(Path::new("."), arguments)
    }

    /// Started in `folder`, with its folder of configuration there.
    fn open_in(folder: &Path, arguments: &[&str]) -> Terminal {
        Terminal::launch(&Launch { folder, arguments, ..Launch::default() })
    }

    fn launch(launch: &Launch<'_>) -> Terminal {
        let &Launch { folder, arguments, size: (cols, rows), variables, hosts } = launch;
        let pty = native_pty_system().openpty(size(cols, rows)).expect("a pty");
        let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_zendo"));
        // A search that a test leaves behind ends with it.
        match (hosts, arguments) {
            (true, _) => command.args(arguments),
            (false, []) => command.args(["tui", "--foreground"]),
            (false, ["tui", ..]) => command.args(arguments.iter().chain(&["--foreground"])),
            (false, _) => command.args(arguments),
        }
        let folder = std::path::absolute(folder).expect("a folder");
        command.env("XDG_CONFIG_HOME", folder.join("config"));
        // Of a test without a folder of its own, among the build's files.
        let is_own = launch.folder != Path::new(".");
        let state = if is_own { folder.join("state") } else { env!("CARGO_TARGET_TMPDIR").into() };
        command.env("XDG_STATE_HOME", state);
        command.cwd(folder);
        command.env("TERM", "xterm-256color");
        command.env("COLORTERM", "truecolor");
        command.env("LC_ALL", "C.UTF-8");
        command.env_remove("NO_COLOR");
        command.env_remove("SSH_CONNECTION");
        for (name, value) in variables {
            command.env(name, value);
        }
        Terminal::over(pty, command, (cols, rows))
    }

    fn over(pty: PtyPair, command: CommandBuilder, (cols, rows): (u16, u16)) -> Terminal {
        let child = pty.slave.spawn_command(command).expect("it starts");
        let screen = Arc::new(Mutex::new(vt100::Parser::new(rows, cols, 0)));
        let output = pty.master.try_clone_reader().expect("a reader");
        let (line, seen) = (Arc::new(Line::default()), Arc::clone(&screen));
        let carried = Arc::clone(&line);
        thread::spawn(move || carried.carry(output, &seen));
        let keys = Some(pty.master.take_writer().expect("a writer"));
        Terminal { master: Some(pty.master), keys, child, screen, line }
    }

    fn press(&mut self, keys: &str) {
        let writer = self.keys.as_mut().expect("not hung up");
        writer.write_all(keys.as_bytes()).expect("written");
        writer.flush().expect("flushed");
    }

    fn shows(&self) -> String {
        self.screen.lock().expect("no panic holds it").screen().contents()
    }

    fn until(&mut self, what: &str, mut is: impl FnMut(&vt100::Screen) -> bool) {
        let began = Instant::now();
        while !is(self.screen.lock().expect("no panic holds it").screen()) {
            let ended = self.child.try_wait().expect("waited for");
            assert!(
                began.elapsed() < PATIENCE,
                "{what} never came (ended: {ended:?}):\n{}",
                self.shows()
            );
            thread::sleep(Duration::from_millis(20));
        }
    }

    fn until_gone(&mut self, text: &str) {
        self.until(text, |screen| !screen.contents().contains(text));
    }

    /// Until nothing has been written for so long.
    fn until_quiet(&mut self, still: Duration) {
        let began = Instant::now();
        let (mut last, mut since) = (self.line.count(), Instant::now());
        while since.elapsed() < still {
            assert!(began.elapsed() < PATIENCE, "never quiet:\n{}", self.shows());
            thread::sleep(Duration::from_millis(20));
            if self.line.count() != last {
                (last, since) = (self.line.count(), Instant::now());
            }
        }
    }

    fn until_text(&mut self, text: &str) {
        self.until(text, |screen| screen.contents().contains(text));
    }

    fn signal(&self, signal: Signal) {
        let id = self.child.process_id().and_then(|id| i32::try_from(id).ok());
        let pid = id.and_then(Pid::from_raw).expect("a running child");
        kill_process(pid, signal).expect("delivered");
    }

    fn resize(&mut self, cols: u16, rows: u16) {
        // The picture first: what is drawn for the new size must find it.
        self.screen.lock().expect("no panic holds it").screen_mut().set_size(rows, cols);
        self.master.as_ref().expect("open").resize(size(cols, rows)).expect("resized");
    }

    /// The line settings of the terminal, as text.
    fn line_settings(&self) -> String {
        format!("{:?}", self.master.as_ref().expect("open").get_termios())
    }

    fn end(&mut self) -> ExitStatus {
        let began = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().expect("waited for") {
                return status;
            }
            assert!(began.elapsed() < PATIENCE, "still runs:\n{}", self.shows());
            thread::sleep(Duration::from_millis(20));
        }
    }

    /// Ends with `status`, and the terminal is as it was found.
    fn ends_clean(&mut self, status: u32, settings: &str) {
        assert_eq!(self.end().exit_code(), status);
        self.until("the terminal as it was", is_restored);
        assert_eq!(self.line_settings(), settings);
    }

    /// From the presets into a running search of the smallest one.
    fn start(&mut self) {
        self.until_text("What shall be searched?");
        self.press("\r");
        self.until_text("not started");
        self.press("r");
        self.until_text("running");
        self.until_text("★");
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // Nothing is left running where an assertion failed.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn is_restored(screen: &vt100::Screen) -> bool {
    !screen.alternate_screen() && !screen.hide_cursor() && !screen.bracketed_paste()
}

/// Line settings before zendo changes them: those of a pty nobody has touched.
fn fresh_settings() -> String {
    let pty = native_pty_system().openpty(size(120, 36)).expect("a pty");
    format!("{:?}", pty.master.get_termios())
}

#[test]
fn a_search_is_started_watched_paused_and_left() {
    let settings = fresh_settings();
    let mut terminal = Terminal::open(&[]);
    terminal.until_text("What shall be searched?");
    terminal.until("the alternate screen", vt100::Screen::alternate_screen);
    assert_ne!(terminal.line_settings(), settings, "raw mode");
    terminal.start();
    // Population, score histogram, convergence and the best network, all at once.
    for panel in ["Population", "Scores", "Convergence", "Best"] {
        terminal.until_text(panel);
    }
    let before = terminal.shows();
    terminal.until("a change", |screen| screen.contents() != before);
    terminal.press(" ");
    terminal.until_text("paused by you");
    terminal.press("p");
    terminal.until("going on", |screen| !screen.contents().contains("paused by you"));
    terminal.press("q");
    terminal.until_text("Leave a running search?");
    terminal.press("\u{1b}");
    terminal.until("staying", |screen| !screen.contents().contains("Leave a running search?"));
    terminal.press("qy");
    terminal.ends_clean(0, &settings);
}

#[test]
fn a_short_search_is_confirmed_and_stays_until_it_is_left() {
    let settings = fresh_settings();
    let sets = ["--set", "search.iterations=40", "--set", "confirm.repeats=2"];
    let arguments: Vec<&str> = ["tui", "--preset", "quick"].into_iter().chain(sets).collect();
    let mut terminal = Terminal::open(&arguments);
    terminal.until_text("not started");
    terminal.press("r");
    terminal.until_text("finished");
    terminal.until_text("Take it home");
    terminal.press("N");
    terminal.until_text("What shall be searched?");
    terminal.press("q");
    terminal.ends_clean(0, &settings);
}

#[test]
fn it_follows_the_terminal_size() {
    let settings = fresh_settings();
    let mut terminal = Terminal::open(&[]);
    terminal.start();
    for (cols, rows, shown) in
        [(80, 24, "1 of 3"), (40, 12, "best"), (10, 1, "running"), (200, 60, "Events")]
    {
        terminal.resize(cols, rows);
        terminal.until_text(shown);
    }
    // Ctrl-C twice: asked, and meant.
    terminal.press("\u{3}");
    terminal.until_text("Leave a running search?");
    terminal.press("\u{3}");
    terminal.ends_clean(0, &settings);
}

#[test]
fn signals_restore_the_terminal() {
    let settings = fresh_settings();
    for (signal, status) in [(Signal::TERM, 143), (Signal::HUP, 129), (Signal::INT, 130)] {
        let mut terminal = Terminal::open(&[]);
        terminal.start();
        terminal.signal(signal);
        terminal.ends_clean(status, &settings);
    }
}

#[test]
fn suspending_gives_the_terminal_back_and_takes_it_again() {
    let settings = fresh_settings();
    let mut terminal = Terminal::open(&[]);
    terminal.until_text("What shall be searched?");
    // Drawn afresh first: nothing may be asked of a terminal that doesn't answer.
    terminal.press("\u{c}");
    terminal.press("\u{1a}");
    terminal.until("the terminal as it was", is_restored);
    terminal.signal(Signal::CONT);
    terminal.until("the screen again", |screen| {
        screen.alternate_screen() && screen.contents().contains("What shall be searched?")
    });
    terminal.press("q");
    terminal.ends_clean(0, &settings);
}

#[test]
fn a_terminal_that_goes_away_ends_it() {
    let mut terminal = Terminal::open(&[]);
    terminal.start();
    terminal.keys = None;
    terminal.master = None;
    // The reader still holds the pty's other end, so the hang-up has to be said.
    terminal.signal(Signal::HUP);
    assert_eq!(terminal.end().exit_code(), 129);
}

#[test]
fn without_a_terminal_it_says_what_to_do() {
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_zendo")).output().expect("ran");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success());
    assert!(said.contains("zendo search --preset"), "{said}");
}
