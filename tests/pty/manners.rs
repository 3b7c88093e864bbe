//! Whatever a terminal and whoever sits at it do: the picture stays whole, keys are answered, and the terminal
//! is left as it was found.

use std::{fs, path::Path, thread, time::Duration};

use portable_pty::{CommandBuilder, native_pty_system};
use rustix::process::Signal;

use super::{Launch, Terminal, fresh_settings, size};

/// A proof of the optimum would say something on a screen that is paused.
const ARGUMENTS: [&str; 9] = [
    "tui",
    "--preset",
    "quick",
    "--set",
    "search.iterations=2000000",
    "--set",
    "run.workers=1",
    "--set",
    "run.optimum=false",
];
const STILL: Duration = Duration::from_millis(700);

fn searching() -> Terminal {
    let mut terminal = Terminal::launch(&Launch { arguments: &ARGUMENTS, ..Launch::default() });
    terminal.until_text("not started");
    terminal.press("r");
    terminal.until_text("★");
    terminal
}

impl Terminal {
    /// Every cell as it is seen: of a blank its ground alone.
    fn picture(&self) -> Vec<String> {
        let parser = self.screen.lock().expect("no panic holds it");
        let (rows, columns) = parser.screen().size();
        let cells = (0..rows).flat_map(|y| (0..columns).map(move |x| (y, x)));
        let seen = |(y, x)| {
            let cell = parser.screen().cell(y, x).expect("inside");
            let text = cell.contents().trim();
            let ink = (!text.is_empty()).then(|| (cell.fgcolor(), cell.bold()));
            let lines = (cell.underline(), cell.inverse());
            format!("{x},{y} {text:?} {ink:?} on {:?} {lines:?}", cell.bgcolor())
        };
        cells.map(seen).collect()
    }

    /// What came bit by bit is what a screen drawn anew shows.
    pub fn is_whole(&mut self) {
        self.until_quiet(STILL);
        let before = self.picture();
        self.press("\u{c}");
        self.until_quiet(STILL);
        let differs = self.picture().into_iter().zip(before).find(|(now, before)| now != before);
        assert_eq!(differs, None, "\n{}", self.shows());
    }

    /// A lone escape: with a key behind it, it would be that key with Alt.
    fn escape(&mut self) {
        // In one read with what came before it, it may be the beginning of a sequence; no hand is that quick.
        thread::sleep(Duration::from_millis(300));
        self.press("\u{1b}");
        thread::sleep(Duration::from_millis(150));
    }

    fn sent(&self) -> Vec<u8> {
        self.line.bytes.lock().expect("no panic holds it").clone()
    }
}

#[test]
fn a_storm_of_sizes_leaves_a_whole_picture() {
    let settings = fresh_settings();
    let mut terminal = searching();
    // The picture is as large as it gets: what lies outside is cut off by the program, not by the test.
    terminal.screen.lock().expect("no panic holds it").screen_mut().set_size(90, 300);
    let master = |terminal: &Terminal, cols, rows| {
        let master = terminal.master.as_ref().expect("open");
        master.resize(size(cols, rows)).expect("resized");
    };
    // Over the search, other screens, help, palette, themes, a question.
    let keys =
        ["", "2", "3", "4", "5", "6", "7", "1", "?", "\u{1b}", ":", "\u{1b}", "T", "\u{1b}", "q"];
    let mut n = 1_u32;
    for key in keys {
        match key {
            "\u{1b}" => terminal.escape(),
            key => terminal.press(key),
        }
        for _ in 0..20 {
            // Any sizes, the same in every run.
            n = n.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let (cols, rows) = (1 + (n >> 8) % 300, 1 + (n >> 20) % 90);
            master(&terminal, cols as u16, rows as u16);
            thread::sleep(Duration::from_millis(u64::from(n % 13)));
        }
        master(&terminal, 1, 1);
        master(&terminal, 300, 90);
    }
    terminal.escape();
    terminal.press("p");
    terminal.screen.lock().expect("no panic holds it").screen_mut().set_size(36, 120);
    master(&terminal, 120, 36);
    terminal.until_text("paused by you");
    terminal.is_whole();
    terminal.press("qy");
    terminal.ends_clean(0, &settings);
}

/// Two cells wide, marks on letters, from right to left, glued together, and what turns lines round.
const WIDE: &str = "日本語 e\u{301}a\u{308} 👩‍🔬🇩🇪❤\u{fe0f} שלום مرحبا \u{202e}abc\u{200f} ｆｕｌｌ";

#[test]
fn wide_characters_leave_rows_whole() {
    let settings = fresh_settings();
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    let mut terminal =
        Terminal::launch(&Launch { folder, arguments: &ARGUMENTS, ..Launch::default() });
    terminal.until_text("not started");
    // Typed, pasted, and gone over by the cursor, in a preset's name.
    for typed in [WIDE.to_owned(), format!("\u{1b}[200~{WIDE}\u{1b}[201~")] {
        terminal.press("W");
        terminal.until_text("Save as");
        terminal.press("\u{15}");
        terminal.press(&typed);
        terminal.until_text("語");
        for _ in 0..30 {
            terminal.press("\u{1b}[D");
        }
        terminal.is_whole();
        terminal.escape();
        terminal.until_gone("Save as");
    }
    terminal.press("r");
    terminal.until_text("★");
    terminal.press("p2");
    terminal.until_text("paused by you");
    terminal.until_text("Score × params");
    terminal.press("/");
    for typed in [WIDE.to_owned(), format!("\u{1b}[200~{WIDE}\u{1b}[201~")] {
        terminal.press("\u{15}");
        terminal.press(&typed);
        terminal.until_text("語");
        terminal.is_whole();
        // Longer than the row: the end stays in sight.
        terminal.press(&"語".repeat(120));
        terminal.press("end");
        terminal.until_text("end");
        terminal.is_whole();
    }
    terminal.escape();
    assert!(!String::from_utf8_lossy(&terminal.sent()).contains('\u{202e}'));
    terminal.press("qy");
    terminal.ends_clean(0, &settings);
}

/// A megabyte, as terminals paste it.
fn megabyte() -> String {
    let line = "params = 1_000_000 # and so on, e\u{301}\r\n";
    format!("\u{1b}[200~{}\u{1b}[201~", line.repeat(1024 * 1024 / line.len()))
}

#[test]
fn a_megabyte_pasted_has_an_end_and_is_answered() {
    let settings = fresh_settings();
    let mut terminal = Terminal::launch(&Launch { arguments: &ARGUMENTS, ..Launch::default() });
    let paste = megabyte();
    terminal.until_text("not started");
    // Nothing takes text here.
    terminal.press(&paste);
    terminal.press("?");
    terminal.until_text("Keys of");
    terminal.press(&paste);
    terminal.escape();
    terminal.until_gone("Keys of");
    // The text of the preset.
    terminal.press("\t");
    terminal.press(&paste);
    terminal.until_text("✗");
    terminal.escape();
    terminal.press("u");
    terminal.press("3o");
    terminal.until_text("Open a network");
    terminal.press(&paste);
    terminal.press("\u{15}ZenNet-1M");
    terminal.until_text("ZenNet-1M");
    terminal.escape();
    terminal.press("5");
    terminal.until_text("TOML");
    terminal.press("q");
    terminal.until_text("Leave without saving?");
    terminal.press("y");
    terminal.ends_clean(0, &settings);
}

#[test]
fn a_megabyte_pasted_into_a_filter_is_cut() {
    let settings = fresh_settings();
    let mut terminal = searching();
    terminal.press("2/");
    terminal.press(&megabyte());
    // And without the marks of a paste, as old terminals do it.
    terminal.press(&"x".repeat(1024 * 1024));
    terminal.press("\u{15}params>1\r");
    terminal.until_text("/ params>1");
    terminal.press("qy");
    terminal.ends_clean(0, &settings);
}

/// So many frames were written.
fn frames(terminal: &Terminal) -> usize {
    let sent = terminal.sent();
    sent.windows(8).filter(|window| window == b"\x1b[?2026h").count()
}

#[test]
fn a_held_key_leaves_no_backlog() {
    let settings = fresh_settings();
    let mut terminal = searching();
    terminal.press("2");
    terminal.until_text("Score × params");
    let before = frames(&terminal);
    const REPEATS: usize = 6_000;
    for key in ["j", "\u{1b}[A"] {
        terminal.press(&key.repeat(REPEATS / 2));
    }
    terminal.press("q");
    terminal.until_text("Leave a running search?");
    let drawn = frames(&terminal) - before;
    assert!(drawn < REPEATS / 4, "{drawn} frames for {REPEATS} keys");
    terminal.press("y");
    terminal.ends_clean(0, &settings);
}

#[test]
fn a_key_held_in_a_preset_leaves_no_backlog() {
    let settings = fresh_settings();
    let mut terminal = Terminal::launch(&Launch { arguments: &ARGUMENTS, ..Launch::default() });
    terminal.until_text("not started");
    terminal.press("\t");
    terminal.press(&"#".repeat(2_000));
    terminal.escape();
    terminal.press("?");
    terminal.until_text("Keys of");
    terminal.escape();
    terminal.press("qy");
    terminal.ends_clean(0, &settings);
}

#[test]
fn stopped_and_sent_on_it_answers_and_is_whole() {
    let settings = fresh_settings();
    let mut terminal = searching();
    for _ in 0..3 {
        terminal.signal(Signal::STOP);
        thread::sleep(Duration::from_millis(300));
        terminal.press("2");
        terminal.signal(Signal::CONT);
        terminal.until_text("Score × params");
        terminal.press("1");
        terminal.until_text("Convergence");
    }
    terminal.press("p");
    terminal.until_text("paused by you");
    terminal.is_whole();
    terminal.press("qy");
    terminal.ends_clean(0, &settings);
}

/// Whether a shell waits for a line.
fn is_prompting(screen: &vt100::Screen) -> bool {
    !screen.alternate_screen() && screen.contents().trim_end().ends_with("ready>")
}

/// Ctrl-Z and `fg`, as a person does it.
#[test]
fn a_shell_gets_the_terminal_and_gives_it_back() {
    if !Path::new("/bin/bash").exists() {
        eprintln!("skipped: there is no /bin/bash here");
        return;
    }
    let pty = native_pty_system().openpty(size(120, 36)).expect("a pty");
    let mut command = CommandBuilder::new("/bin/bash");
    command.args(["--norc", "--noprofile", "-i"]);
    for (name, value) in [("TERM", "xterm-256color"), ("LC_ALL", "C.UTF-8"), ("PS1", "ready> ")] {
        command.env(name, value);
    }
    let folder = tempfile::tempdir().expect("a folder");
    command.env("XDG_CONFIG_HOME", folder.path());
    let mut terminal = Terminal::over(pty, command, (120, 36));
    terminal.until_text("ready>");
    terminal.press(&format!("{}\r", env!("CARGO_BIN_EXE_zendo")));
    terminal.until_text("What shall be searched?");
    for _ in 0..2 {
        terminal.press("\u{1a}");
        terminal.until("the shell", |screen| {
            is_prompting(screen) && screen.contents().contains("Stopped")
        });
        // The shell's line is edited as ever.
        terminal.press("echo between$((40+2))\r");
        terminal.until_text("between42");
        terminal.press("clear; fg\r");
        terminal.until("the screen again", |screen| {
            screen.alternate_screen() && screen.contents().contains("What shall be searched?")
        });
    }
    terminal.press("q");
    // What is typed before its prompt may still be read by who is leaving.
    terminal.until("the shell", is_prompting);
    terminal.press("echo left=$?\r");
    terminal.until_text("left=0");
    terminal.press("exit\r");
    assert_eq!(terminal.end().exit_code(), 0);
}

#[test]
fn no_color_sends_none() {
    let settings = fresh_settings();
    let variables = &[("NO_COLOR", "1")];
    let mut terminal =
        Terminal::launch(&Launch { arguments: &ARGUMENTS, variables, ..Launch::default() });
    terminal.until_text("not started");
    terminal.press("r");
    terminal.until_text("★");
    for (key, text) in [("2", "Score × params"), ("4", "B − A"), ("?", "Keys of")] {
        terminal.press(key);
        terminal.until_text(text);
    }
    terminal.escape();
    terminal.press("qy");
    terminal.ends_clean(0, &settings);
    let sent = terminal.sent();
    let found = Sequences::of(&sent);
    let coloured = found.styles.iter().filter(|style| {
        let plain = ["", "0", "1", "4", "7", "22", "24", "27"];
        !style.split(';').all(|part| plain.contains(&part))
    });
    assert_eq!(coloured.collect::<Vec<_>>(), Vec::<&String>::new());
}

/// What was sent, taken apart.
#[derive(Default)]
struct Sequences {
    /// Parameters of what sets colours and weight.
    styles: Vec<String>,
    /// Whatever no program that minds its terminal sends as text.
    strays: Vec<char>,
}

impl Sequences {
    fn of(sent: &[u8]) -> Sequences {
        let mut found = Sequences::default();
        let text = String::from_utf8_lossy(sent);
        let mut chars = text.chars().peekable();
        while let Some(c) = chars.next() {
            if c == '\u{1b}' && chars.next_if_eq(&'[').is_some() {
                let mut parameters = String::new();
                let last = loop {
                    match chars.next() {
                        Some(c @ '@'..='~') => break c,
                        Some(c) => parameters.push(c),
                        None => break ' ',
                    }
                };
                if last == 'm' {
                    found.styles.push(parameters);
                }
            } else if c == '\u{1b}' && chars.next_if_eq(&']').is_some() {
                // Ends with ESC \.
                while chars.next().is_some_and(|c| c != '\\') {}
            } else if c == '\n' || c == '\u{8}' {
                // A row down, a column back: as frames move. Texts have no such cells.
            } else if c.is_control()
                || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
            {
                found.strays.push(c);
            }
        }
        found
    }
}

#[test]
fn names_of_files_are_shown_and_not_obeyed() {
    let settings = fresh_settings();
    let folder = tempfile::tempdir().expect("a folder");
    let config = folder.path().join("config/zendo");
    let long = "all the words of a label ".repeat(400);
    let odd = [
        "a\u{1b}[31mred",
        "two\nlines",
        "\u{202e}turned",
        "bell\u{7}\u{9b}5m",
        "日本語e\u{301}",
        "-q",
    ];
    for (part, text) in [
        ("presets", format!("extends = \"quick\"\nabout = \"\\u001b[31m\\u202e{long}\"\n")),
        ("themes", format!("inherits = \"ink\"\nabout = \"\\u001b[31m\\u202e{long}\"\n")),
    ] {
        fs::create_dir_all(config.join(part)).expect("made");
        for name in odd {
            fs::write(config.join(part).join(format!("{name}.toml")), &text).expect("written");
        }
        // And some with a fault, whose message has the name.
        fs::write(config.join(part).join("\u{1b}]0;title\u{7}.toml"), "fault").expect("written");
        #[cfg(target_os = "linux")]
        {
            use std::os::unix::ffi::OsStrExt;
            let name = std::ffi::OsStr::from_bytes(b"not\xff\x1b[31mtext.toml");
            fs::write(config.join(part).join(name), "fault").expect("written");
        }
    }
    let mut terminal = Terminal::open_in(folder.path(), &[]);
    terminal.until_text("What shall be searched?");
    terminal.until_text("turned");
    // Every preset under the cursor, then opened, with its text.
    terminal.press("g");
    for _ in 0..28 {
        terminal.press("j");
        thread::sleep(Duration::from_millis(40));
    }
    terminal.is_whole();
    terminal.press("T");
    terminal.until_text("Themes");
    for _ in 0..16 {
        terminal.press("j");
        thread::sleep(Duration::from_millis(40));
    }
    terminal.is_whole();
    terminal.escape();
    terminal.until_gone("Themes");
    // A structure whose label has no end.
    terminal.press("3o");
    terminal.until_text("Open a network");
    let label = format!("\u{202e}\u{9b}31m{}", "label".repeat(2_000));
    let structure = "SuperConvK3BNRELU(3,8,1,1)SuperConvK3BNRELU(8,16,2,1)";
    terminal.press(&format!("\u{1b}[200~{label} {structure}\u{1b}[201~\r"));
    terminal.until_text("labellabel");
    terminal.is_whole();
    terminal.press("q");
    terminal.ends_clean(0, &settings);
    let found = Sequences::of(&terminal.sent());
    assert_eq!(found.strays, Vec::<char>::new());
    // Colours come as 24-bit ones here.
    assert!(!found.styles.iter().any(|style| style == "31" || style == "5"), "a name was obeyed");
}
