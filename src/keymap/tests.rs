use super::*;

fn at(offset: usize) -> At {
    At { offset, line: offset }
}

fn word(text: &str, offset: usize) -> Word {
    Word { text: text.to_owned(), at: at(offset) }
}

/// `place action = keys`, each on a line of its own from 1; the keys stand ten bytes behind.
fn wishes(lines: &[(&str, &str, &[&str])]) -> Vec<Wish> {
    let wish = |(line, (place, action, keys)): (usize, &(&str, &str, &[&str]))| Wish {
        place: (!place.is_empty()).then(|| word(place, line)),
        action: word(action, line),
        keys: keys.iter().map(|key| word(key, line)).collect(),
    };
    (1..).zip(lines).map(wish).collect()
}

fn keymap(lines: &[(&str, &str, &[&str])]) -> Keymap {
    Keymap::with(&wishes(lines)).expect("can be granted")
}

fn fault(lines: &[(&str, &str, &[&str])]) -> (usize, String) {
    let fault = Keymap::with(&wishes(lines)).expect_err("can't be granted");
    (fault.offset, fault.message)
}

fn place(context: Context) -> Place {
    Place { context, run: RunState::Running }
}

#[test]
fn in_a_place_a_key_does_one_thing() {
    assert_eq!(Keymap::with(&[]), Ok(Keymap::default()));
    let keymap = Keymap::default();
    for place in Place::all() {
        let keys: Vec<Key> =
            keymap.rows(place).flat_map(|row| row.keys.iter().map(|(key, _)| *key)).collect();
        for (i, key) in keys.iter().enumerate() {
            assert!(!keys[..i].contains(key), "{key:?} is bound twice in {place:?}");
        }
    }
}

#[test]
fn every_place_can_be_left() {
    let keymap = Keymap::default();
    for place in Place::all() {
        let leaves = [Intent::Quit, Intent::StopAndLeave];
        let reached = keymap.intent(place, Key::Ctrl('c'));
        assert!(reached.is_some_and(|i| leaves.contains(&i)), "{place:?}");
        let back = keymap.rows(place).any(|row| row.means(Intent::Back));
        assert!(back || !place.context.is_over_a_screen(), "{place:?}");
    }
}

#[test]
fn text_can_be_typed_where_text_is_wanted() {
    let keymap = Keymap::default();
    for place in Place::all().filter(|place| place.context.is_typing()) {
        for key in (' '..='~').map(Key::Char).chain([Key::Backspace, Key::Delete, Key::Left]) {
            assert!(place.context.takes_as_text(key));
            assert_eq!(keymap.intent(place, key), None, "{key:?} in {place:?}");
        }
    }
}

#[test]
fn numbers_show_the_screens() {
    for (tab, number) in Tab::ALL.into_iter().zip('1'..) {
        assert_eq!(intent(place(Context::Search), Key::Char(number)), Some(Intent::Show(tab)));
        assert_eq!(tab.number().to_string(), number.to_string());
    }
}

/// Where a cursor goes up and down it does so by the arrows and as in vi.
#[test]
fn lists_move_by_arrows_and_as_in_vi() {
    let keymap = Keymap::default();
    let mut lists = 0;
    for place in Place::all() {
        if !keymap.rows(place).any(|row| row.means(Intent::Down)) {
            continue;
        }
        lists += 1;
        let means = |key| keymap.intent(place, key);
        let vi = match place.context.is_typing() {
            true => [Key::Ctrl('p'), Key::Ctrl('n')],
            false => [Key::Char('k'), Key::Char('j')],
        };
        assert_eq!([Key::Up, Key::Down].map(means), [Some(Intent::Up), Some(Intent::Down)]);
        assert_eq!(vi.map(means), [Some(Intent::Up), Some(Intent::Down)], "{place:?}");
        let pages = [Some(Intent::PageUp), Some(Intent::PageDown)];
        assert_eq!([Key::PageUp, Key::PageDown].map(means), pages, "{place:?}");
        if !place.context.is_typing() {
            assert_eq!([Key::Ctrl('u'), Key::Ctrl('d')].map(means), pages, "{place:?}");
            let ends = [Some(Intent::First), Some(Intent::Last)];
            assert_eq!([Key::Home, Key::End].map(means), ends, "{place:?}");
            if place.context != Context::Diff {
                assert_eq!([Key::Char('g'), Key::Char('G')].map(means), ends, "{place:?}");
            }
        }
    }
    assert_eq!(lists, 16 * RunState::ALL.len());
}

#[test]
fn a_wish_replaces_the_keys_everywhere_or_in_a_place() {
    let keymap = keymap(&[
        ("", "pause", &["A-p", "f5"]),
        ("", "filter", &["F"]),
        ("population", "filter", &["f3"]),
        ("", "zoom", &[]),
    ]);
    let search = place(Context::Search);
    assert_eq!(keymap.intent(search, Key::Alt('p')), Some(Intent::Pause));
    assert_eq!(keymap.intent(place(Context::Log), Key::F(5)), Some(Intent::Pause));
    assert_eq!(keymap.intent(search, Key::Char('p')), None);
    assert_eq!(keymap.intent(search, Key::Char(' ')), None);
    assert_eq!(keymap.intent(place(Context::Log), Key::Char('F')), Some(Intent::Filter));
    assert_eq!(keymap.intent(place(Context::Population), Key::Char('F')), None);
    assert_eq!(keymap.intent(place(Context::Population), Key::F(3)), Some(Intent::Filter));
    // Whoever goes on is somebody else.
    let paused = Place { run: RunState::Paused, ..search };
    assert_eq!(keymap.intent(paused, Key::Char('p')), Some(Intent::Resume));
    // What is without a key has no row, but can be done.
    assert!(keymap.rows(search).all(|row| !row.means(Intent::Zoom)));
    assert!(keymap.actions(search).any(|action| action == (Intent::Zoom, None)));
    assert_eq!(
        (keymap.key(search, Intent::Zoom), keymap.shown(search, Intent::Zoom)),
        (None, "zoom".to_owned())
    );
}

#[test]
fn rows_show_the_keys_in_force() {
    let keymap = keymap(&[("", "up", &["A-u", "up"]), ("diff", "parent", &["f1"])]);
    let row = |context, intent| {
        let mut rows = keymap.rows(place(context));
        rows.find(|row| row.means(intent)).expect("there").clone()
    };
    let up = row(Context::Search, Intent::Up);
    assert_eq!((up.short.as_str(), up.shown.as_str()), ("A-u ↓", "A-u ↑ ↓ j"));
    assert!(up.is_changed);
    let page = row(Context::Search, Intent::PageUp);
    assert_eq!((page.description, page.is_changed), ("page; also C-u, C-d", false));
    let mine = self::keymap(&[("", "page-up", &["A-u"])]);
    let page = mine.rows(place(Context::Search)).find(|row| row.means(Intent::PageUp));
    let page = page.map(|row| (row.shown.as_str(), row.description));
    assert_eq!(page, Some(("A-u PgDn C-d", "page")));
    let mine = self::keymap(&[("theme-list", "page-up", &["A-u"])]);
    let list = mine.rows(place(Context::Theme)).find(|row| row.means(Intent::Up));
    assert_eq!(list.map(|row| row.short.as_str()), Some("↑ ↓"), "the footer names as many");
    let relatives = row(Context::Diff, Intent::Parent);
    assert_eq!(relatives.short, "f1 G I");
    for row in
        Context::ALL.into_iter().flat_map(|context| Keymap::default().of_context(context).to_vec())
    {
        assert!(row.label.is_empty() || !row.short.is_empty(), "{row:?}");
    }
    let same = row(Context::Search, Intent::Pause);
    assert_eq!((same.shown.as_str(), same.is_changed), ("p space", false));
}

/// Said for everywhere, a letter is meant where it is none of a text's.
#[test]
fn where_text_is_typed_letters_of_everywhere_are_not_meant() {
    let keymap =
        keymap(&[("", "down", &["J", "f2"]), ("", "quit", &["Z", "C-c"]), ("", "enter", &["O"])]);
    let down = |context, key| keymap.intent(place(context), key) == Some(Intent::Down);
    assert!(down(Context::Log, Key::Char('J')) && down(Context::Log, Key::F(2)));
    assert!(down(Context::Palette, Key::F(2)) && !down(Context::Palette, Key::Char('J')));
    assert!(!down(Context::Palette, Key::Down));
    // None is left that could be meant: the shipped one stays.
    assert_eq!(keymap.intent(place(Context::Palette), Key::Enter), Some(Intent::Enter));
    assert_eq!(keymap.intent(place(Context::Search), Key::Enter), None);
}

#[test]
fn what_cannot_be_granted_says_why() {
    for (lines, line, expected) in [
        (&[("", "puase", &["p"][..])][..], 1, "no action is called 'puase', did you mean 'pause'?"),
        (
            &[("poplation", "mark", &["x"])],
            1,
            "no place is called 'poplation', did you mean 'population'?",
        ),
        (&[("", "pause", &["P", "entr"])], 1, "'entr' is no key, did you mean 'enter'?"),
        (
            &[("", "pause", &["y"])],
            1,
            "'y' can't be 'pause' in search: there 'copy' has it as shipped; one of the two needs another key",
        ),
        (
            &[("", "copy", &["f1"]), ("", "mark", &["f2"]), ("log", "pause", &["f1"])],
            3,
            "'f1' can't be 'pause' in log: there line 1 gives it to 'copy'",
        ),
        (
            &[("log", "pause", &["f1"]), ("", "copy", &["f1"])],
            2,
            "'f1' can't be 'copy' in log: there line 1 gives it to 'pause'",
        ),
        (&[("log-filter", "back", &["b"])], 1, "'b' is for the text in log-filter: take a key"),
        (&[("toml", "back", &["enter"])], 1, "'enter' is for the text in toml: take a key"),
        (
            &[("", "quit", &["x"])],
            1,
            "C-c must leave picker: it has to be among the keys of 'quit'",
        ),
        (
            &[("leave-question", "quit", &["x"])],
            1,
            "C-c must leave leave-question: it has to be among the keys of 'quit'",
        ),
        (
            &[("theme-list", "back", &[])],
            1,
            "theme-list couldn't be left: 'back' needs a key there",
        ),
        (
            &[("search", "filter", &["f1"])],
            1,
            "search has no 'filter'; these have: population, log",
        ),
    ] {
        let (offset, message) = fault(lines);
        assert!(message.starts_with(expected), "{message}");
        assert_eq!(offset, line, "{message}");
    }
}

/// An action has the same keys in all rows of a context, so that a line can say them.
#[test]
fn an_action_has_its_keys_in_a_context() {
    let keymap = Keymap::default();
    for context in Context::ALL {
        for row in keymap.of_context(context) {
            for &intent in &row.intents {
                let keys: Vec<Key> = row.keys_of(intent).collect();
                let told = keymap.told(context);
                let told = told.iter().find(|told| told.action == intent).expect("told of");
                assert_eq!(told.keys, keys, "{intent:?} in {context:?}");
            }
        }
    }
}

#[test]
fn keys_may_change_places() {
    let keymap = keymap(&[("", "pause", &["S"]), ("", "resume", &["S"]), ("", "stop", &["p"])]);
    assert_eq!(keymap.intent(place(Context::Search), Key::Char('S')), Some(Intent::Pause));
    assert_eq!(keymap.intent(place(Context::Search), Key::Char('p')), Some(Intent::Stop));
}
