//! Makes the pictures of `assets/` from the real program: it runs `zendo` in a pseudo-terminal, presses
//! keys, and draws what a person would see as SVG.
//!
//!     cargo build --release && cargo run --release --example pictures
//!
//! The search in the pictures is the preset `quick` with its own seed; times and rates are this
//! machine's.

mod svg;
mod terminal;

use std::{fs, io, path::Path, time::Duration};

use terminal::Terminal;

const PROGRAM: &str = "target/release/zendo";

/// A step of the tour: keys, what must be seen then, and the picture's name where one is kept.
struct Step {
    keys: &'static str,
    shows: &'static str,
    /// Seconds to look on.
    wait_s: u64,
    picture: Option<&'static str>,
}

const TOUR: [Step; 11] = [
    Step { keys: "", shows: "What shall be searched?", wait_s: 0, picture: Some("presets") },
    Step { keys: "\r", shows: "not started", wait_s: 0, picture: Some("setup") },
    Step { keys: "s", shows: "one more sub-layer", wait_s: 8, picture: Some("solve") },
    Step { keys: "\r", shows: "★", wait_s: 14, picture: Some("search") },
    Step { keys: "2", shows: "Score × params", wait_s: 0, picture: Some("population") },
    Step { keys: "/has:K7 params<0.9M", shows: "has:K7", wait_s: 1, picture: None },
    Step { keys: "\r3", shows: "one rib a sub-layer", wait_s: 0, picture: Some("network") },
    Step { keys: "4", shows: "B − A", wait_s: 2, picture: Some("diff") },
    Step { keys: "1", shows: "Take it home", wait_s: 1, picture: Some("finished") },
    Step { keys: "6r", shows: "Spearman", wait_s: 0, picture: None },
    Step { keys: "\tr", shows: "✓ saturation", wait_s: 1, picture: Some("lab") },
];

/// A search for the score and the fewest parameters.
const FRONT: [&str; 6] = [
    "tui",
    "--foreground",
    "--preset=cifar-params-1m",
    "--set=score.proxy=zen-analytic",
    "--set=search.iterations=400000",
    "--set=search.minimise=params",
];

const TOUR_OF_A_FRONT: [Step; 2] = [
    Step { keys: "r", shows: "front", wait_s: 4, picture: None },
    Step { keys: "2", shows: "published", wait_s: 1, picture: Some("front") },
];

fn main() -> io::Result<()> {
    let program = fs::canonicalize(PROGRAM).map_err(|error| {
        io::Error::other(format!("{PROGRAM}: {error}; `cargo build --release` makes it"))
    })?;
    let program = program.to_string_lossy();
    let mut terminal = Terminal::open(&program, &["tui", "--foreground"], (120, 36))?;
    let frames = show(&mut terminal, &TOUR)?;
    keep("tour", &svg::recording(&frames, Duration::from_millis(2_500)))?;
    terminal.press("q")?;
    let mut terminal = Terminal::open(&program, &FRONT, (120, 36))?;
    show(&mut terminal, &TOUR_OF_A_FRONT)?;
    terminal.press("Qy")
}

/// Takes the steps; gives what was seen.
fn show(terminal: &mut Terminal, steps: &[Step]) -> io::Result<Vec<vt100::Screen>> {
    let mut frames = Vec::new();
    for step in steps {
        terminal.press(step.keys)?;
        terminal.until(step.shows, Duration::from_secs(180))?;
        std::thread::sleep(Duration::from_millis(500 + 1_000 * step.wait_s));
        let screen = terminal.screen();
        if let Some(name) = step.picture {
            keep(name, &svg::picture(&screen))?;
        }
        frames.push(screen);
    }
    Ok(frames)
}

fn keep(name: &str, picture: &str) -> io::Result<()> {
    let path = Path::new("assets").join(format!("{name}.svg"));
    fs::write(&path, picture)?;
    println!("{}", path.display());
    Ok(())
}
