use super::*;

fn error(text: &str) -> String {
    Scheme::parse("mine.toml", text).expect_err("bad").to_string()
}

fn parse(text: &str) -> Scheme {
    Scheme::parse("mine.toml", text).expect("valid")
}

#[test]
fn roles_are_numbered_in_order() {
    for (number, role) in Role::ALL.into_iter().enumerate() {
        assert_eq!(role as usize, number);
        assert_eq!(Role::named(&role.name()), Some(role));
    }
}

#[test]
fn the_shipped_themes_are_whole() {
    for name in shipped_theme_names() {
        let scheme = shipped_theme(name).expect("shipped");
        assert!(!scheme.about().is_empty(), "{name} says what it is");
    }
    let colour = |name, depth| shipped_theme(name).expect("shipped").colour(Role::Best, depth);
    assert_eq!(colour("ink", Depth::TrueColor), Colour::Full([0xe8, 0xc2, 0x68]));
    assert_eq!(colour("ink", Depth::Ansi256), Colour::Indexed(179));
    assert_eq!(colour("ink", Depth::Ansi16), Colour::Named(11));
    assert_eq!(colour("ink", Depth::Mono), Colour::Default);
    assert_eq!(colour("sixteen", Depth::TrueColor), Colour::Named(11));
    assert_eq!(colour("mono", Depth::TrueColor), Colour::Default);
    let sixteen = shipped_theme("sixteen").expect("shipped");
    assert_eq!(sixteen.colour(Role::Canvas, Depth::TrueColor), Colour::Default);
    assert_eq!(shipped_theme("mine"), None);
}

#[test]
fn a_file_says_only_what_differs() {
    let ink = shipped_theme("ink").expect("shipped");
    let mine = parse(
        "inherits = \"ink\"\n[roles]\ncanvas = \"none\"\naccent = \"#5f87d7\"\nbest = { ansi256 = 220 }\n\
         b = \"bright blue\"\n",
    );
    assert_eq!(mine.colour(Role::Canvas, Depth::TrueColor), Colour::Default);
    assert_eq!(mine.colour(Role::Canvas, Depth::Ansi256), Colour::Default);
    assert_eq!(mine.colour(Role::Accent, Depth::TrueColor), Colour::Full([0x5f, 0x87, 0xd7]));
    assert_eq!(mine.colour(Role::Accent, Depth::Ansi256), Colour::Indexed(68));
    for (role, depth) in [
        (Role::Accent, Depth::Ansi16),
        (Role::Best, Depth::TrueColor),
        (Role::Best, Depth::Ansi16),
        (Role::Error, Depth::TrueColor),
    ] {
        assert_eq!(mine.colour(role, depth), ink.colour(role, depth), "{role:?} {depth:?}");
    }
    assert_eq!(mine.colour(Role::Best, Depth::Ansi256), Colour::Indexed(220));
    assert_eq!(mine.colour(Role::B, Depth::TrueColor), Colour::Named(12));
    let quiet = parse("inherits = \"paper\"\ncolours = 16\nabout = \"mine\\u001b\"\n");
    let paper = shipped_theme("paper").expect("shipped");
    assert_eq!(quiet.depth(Depth::TrueColor), Depth::Ansi16);
    assert_eq!(quiet.colour(Role::Text, Depth::TrueColor), paper.colour(Role::Text, Depth::Ansi16));
    assert_eq!(quiet.about(), "mine\u{fffd}");
}

#[test]
fn faults_name_place_and_remedy() {
    for (text, expected) in [
        (
            "inherits = \"ink\"\n[roles]\n  acent = \"#ffffff\"\n",
            "mine.toml:3:3: unknown role 'acent', did you mean 'accent'?",
        ),
        ("inherit = \"ink\"\n", "mine.toml:1:1: unknown key 'inherit', did you mean 'inherits'?"),
        (
            "inherits = \"inky\"\n",
            "mine.toml:1:12: no theme 'inky' is shipped, did you mean 'ink'?; there are ink, paper, sixteen, \
             colour-blind, mono",
        ),
        ("inherits = 3\n", "mine.toml:1:12: expected a theme's name"),
        ("inherits = \"ink\"\ncolours = 17\n", "mine.toml:2:11: expected 0, 16 or 256 colours"),
        (
            "inherits = \"ink\"\nroles.best = \"gold\"\n",
            "mine.toml:2:14: best: 'gold' is no colour; write #rrggbb, one of the 16 such as bright cyan, or none",
        ),
        (
            "inherits = \"ink\"\nroles.best.ansi256 = 300\n",
            "mine.toml:2:22: best: expected one of the 256 colours, 16 to 255, or \"none\"",
        ),
        (
            "inherits = \"ink\"\nroles.best.ansi61 = \"red\"\n",
            "mine.toml:2:12: unknown key 'ansi61', did you mean 'ansi16'?",
        ),
        (
            "[roles]\nbest = \"#ffffff\"\n",
            "mine.toml:2:8: best: write { rgb = \"#7cb7e0\", ansi256 = 110, ansi16 = \"bright cyan\" }, or \
             inherit a theme",
        ),
        ("", "mine.toml: role 'canvas' is missing; inherits = \"ink\" fills in what isn't said"),
        ("inherits = \"ink\"\nroles = 1\n", "mine.toml:2:9: expected a table of roles"),
    ] {
        assert_eq!(error(text), expected);
    }
    assert!(error("inherits = ").starts_with("mine.toml:1:12: "), "{}", error("inherits = "));
    assert!(error(&"#".repeat(MAX_BYTES + 1)).contains("more than the 65536 of a theme"));
    let odd = error("inherits = \"ink\"\n[roles]\n\"a\\u001bb\" = 1\n");
    assert!(odd.contains("unknown role 'a\u{fffd}b'"), "{odd}");
}
