use super::*;

fn chars(text: &str) -> Vec<Event> {
    text.chars().map(character).collect()
}

/// What xterm, foot and the Linux console answer, as each writes it.
#[test]
fn answers_are_understood() {
    let xterm = Answers::read(b"\x1b[1;2R\x1b]11;rgb:fbfb/f9f9/f4f4\x1b\\\x1b[?64;1;2c");
    assert_eq!(
        xterm,
        Answers {
            ground: Some([0xfb, 0xf9, 0xf4]),
            cells: Some(1),
            is_whole: true,
            typed: Vec::new()
        }
    );
    let short = Answers::read(b"\x1b[1;3R\x1b]11;rgb:1/f/8\x07\x1b[?6c");
    assert_eq!((short.ground, short.cells, short.is_whole), (Some([17, 255, 136]), Some(2), true));
    let clear = Answers::read(b"\x1b]11;rgba:0000/0000/0000/cccc\x07");
    assert_eq!((clear.ground, clear.cells, clear.is_whole), (Some([0; 3]), None, false));
    assert_eq!(Answers::read(b"\x1b]11;rgb:zz/0/0\x07\x1b[?6c").ground, None);
    assert_eq!(Answers::read(b""), Answers::default());
}

#[test]
fn what_is_typed_meanwhile_is_kept() {
    let mut answers = Answers::read(
        "q\x1b[A\x1b[1;2Rü\r\x1b]11;rgb:0/0/0\x1b\\\x1bOB\x1b[200~a\x1b[Ab\x1b[201~\x03\x1b[?6c:\x1b"
            .as_bytes(),
    );
    let typed = std::mem::take(&mut answers.typed);
    let mut expected = chars("q");
    expected.push(key(KeyCode::Up));
    expected.extend(chars("ü\r"));
    expected.push(key(KeyCode::Down));
    expected.push(Event::Paste("a\x1b[Ab".to_owned()));
    expected.push(Event::Key(KeyEvent::new(KeyCode::Char('c'), KeyModifiers::CONTROL)));
    expected.extend(chars(":\x1b"));
    assert_eq!(typed, expected);
    assert_eq!((answers.ground, answers.cells), (Some([0; 3]), Some(1)));
}

/// Any bytes, cut off anywhere, end.
#[test]
fn no_bytes_are_too_odd() {
    let whole =
        b"\x1b[1;2R\x1b]11;rgb:1/2/3\x1b\\\x1b[?6c\x1b[200~x\x1b[201~\xff\xc3\x1bO\x1b[99999999~";
    for from in 0..whole.len() {
        for to in from..=whole.len() {
            Answers::read(&whole[from..to]);
        }
    }
}

#[test]
fn light_and_dark_are_told_apart() {
    let said = |value: &'static str| move |_: &str| Some(value.to_owned());
    assert_eq!(is_light(Some([0xfb, 0xf9, 0xf4]), &said("15;0")), Some(true));
    assert_eq!(is_light(Some([0x11, 0x14, 0x1a]), &said("0;15")), Some(false));
    assert_eq!(is_light(None, &said("15;0")), Some(false));
    assert_eq!(is_light(None, &said("0;default;15")), Some(true));
    assert_eq!(is_light(None, &said("0;7")), Some(true));
    for nothing in ["", "default;default", "0;99", "0;300"] {
        assert_eq!(is_light(None, &move |_| Some(nothing.to_owned())), None, "{nothing}");
    }
    assert_eq!(is_light(None, &|_| None), None);
}

#[test]
fn glyphs_follow_locale_and_terminal() {
    for (ascii, charset, cells, expected) in [
        (None, Charset::Utf8, None, Glyphs::Unicode),
        (None, Charset::Utf8, Some(1), Glyphs::Unicode),
        (None, Charset::Utf8, Some(2), Glyphs::Ascii),
        (None, Charset::Other, Some(1), Glyphs::Ascii),
        (None, Charset::Unknown, Some(1), Glyphs::Unicode),
        // A terminal of another charset shows three letters.
        (None, Charset::Unknown, Some(3), Glyphs::Ascii),
        (None, Charset::Unknown, None, Glyphs::Ascii),
        (Some(true), Charset::Utf8, Some(1), Glyphs::Ascii),
        (Some(false), Charset::Other, Some(2), Glyphs::Unicode),
    ] {
        assert_eq!(glyphs(ascii, charset, cells), expected, "{ascii:?} {charset:?} {cells:?}");
    }
}

#[test]
fn nothing_is_asked_that_a_terminal_would_print() {
    let of = |term: &'static str, lang: &'static str| {
        question(&move |name| match name {
            "TERM" => Some(term.to_owned()),
            "LANG" => Some(lang.to_owned()),
            _ => None,
        })
    };
    assert!(of("xterm", "C.UTF-8").contains(AMBIGUOUS) && of("xterm", "C.UTF-8").contains(GROUND));
    assert!(!of("xterm", "C").contains(AMBIGUOUS));
    assert!(!of("linux", "C.UTF-8").contains(GROUND));
    for question in [of("linux", "C"), of("xterm", "C.UTF-8")] {
        assert!(question.ends_with(&format!("{WHO}{CLEAR}")), "{question:?}");
    }
}

#[test]
fn a_late_answer_is_no_key() {
    let alt = |c| Event::Key(KeyEvent::new(KeyCode::Char(c), KeyModifiers::ALT));
    let mut late = Late::after(&Answers::default());
    assert!(!late.swallows(&character('r')), "a key before it");
    for event in std::iter::once(alt(']')).chain(chars("11;rgb:1111/1414/1a1a")).chain([alt('\\')])
    {
        assert!(late.swallows(&event), "{event:?}");
    }
    assert!(!late.swallows(&character('r')), "a key behind it");
    // Whatever can't be part of it ends it.
    let mut late = Late::after(&Answers::default());
    assert!(late.swallows(&alt(']')) && late.swallows(&character('1')));
    assert!(!late.swallows(&character('q')) && !late.swallows(&character('1')));
    let mut none = Late::after(&Answers { is_whole: true, ..Answers::default() });
    assert!(!none.swallows(&alt(']')));
}
