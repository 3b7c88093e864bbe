//! From starting the program to its first whole frame in a 120×36 terminal; the aim is 150 ms.
//!
//!     cargo bench --bench startup
//!
//! Real time on whatever machine this is: compare within one run.

use std::{
    io::{Read, Write},
    time::{Duration, Instant},
};

use portable_pty::{CommandBuilder, PtySize, native_pty_system};

const RUNS: usize = 21;
const SIZE: PtySize = PtySize { rows: 36, cols: 120, pixel_width: 0, pixel_height: 0 };
/// Stands in the last row of the first screen.
const LAST_WORD: &str = "? keys";
const AIM: Duration = Duration::from_millis(150);

fn first_frame() -> Duration {
    let pty = native_pty_system().openpty(SIZE).expect("a pseudo-terminal");
    let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_zendo"));
    command.env("TERM", "xterm-256color");
    command.env("LC_ALL", "C.UTF-8");
    let mut keys = pty.master.take_writer().expect("a writer");
    let mut reader = pty.master.try_clone_reader().expect("a reader");
    let start = Instant::now();
    let mut child = pty.slave.spawn_command(command).expect("the binary starts");
    let mut screen = vt100::Parser::new(SIZE.rows, SIZE.cols, 0);
    let mut buffer = [0; 65536];
    while !screen.screen().contents().contains(LAST_WORD) {
        let read = reader.read(&mut buffer).expect("the program writes");
        assert!(read > 0, "the program ended:\n{}", screen.screen().contents());
        screen.process(&buffer[..read]);
        // What the program asks at its start, as xterm would answer.
        if buffer[..read].windows(3).any(|window| window == b"\x1b[c") {
            let answer = b"\x1b[1;2R\x1b]11;rgb:0000/0000/0000\x1b\\\x1b[?64c";
            keys.write_all(answer).expect("the terminal takes it");
        }
    }
    let took = start.elapsed();
    child.kill().expect("still runs");
    child.wait().expect("ends");
    took
}

fn main() {
    // The first run reads the binary from disk.
    let cold = first_frame();
    let mut times: Vec<Duration> = (0..RUNS).map(|_| first_frame()).collect();
    times.sort_unstable();
    let ms = |time: Duration| time.as_secs_f64() * 1e3;
    println!(
        "first frame: median {:.1} ms, fastest {:.1}, slowest {:.1} of {RUNS}; the first run {:.1} ms \
         (aim: {:.0} ms)",
        ms(times[RUNS / 2]),
        ms(times[0]),
        ms(times[RUNS - 1]),
        ms(cold),
        ms(AIM),
    );
}
