use super::*;
use crate::tui::{
    action::Action,
    fixture,
    keymap::{Context, Tab},
    model::{NetPrompt, NetTarget},
    update::update,
};

const SIZES: [(u16, u16); 4] = [(200, 60), (120, 36), (80, 24), (40, 12)];

fn with_mouse(model: Model, size: (u16, u16)) -> Model {
    let mut model = fixture::sized(model, size);
    update(&mut model, Action::Intent(Intent::Mouse));
    model
}

fn shown(intents: &[Intent]) -> Model {
    let mut model = fixture::sized(fixture::running(), (120, 36));
    for &intent in intents {
        update(&mut model, Action::Intent(intent));
    }
    model
}

fn formed() -> Model {
    let mut model = fixture::mine();
    let opened = crate::space::PresetSource::find(fixture::PRESET, &|_| Err(String::new()));
    update(&mut model, Action::Opened(Ok(opened.expect("shipped"))));
    model
}

fn asked() -> Model {
    let mut model = fixture::running();
    model.overlay = Some(Overlay::Net(NetPrompt::new(NetTarget::Network)));
    model
}

/// Runs that nobody knows anything of.
fn kept() -> Model {
    let mut model = shown(&[Intent::Runs]);
    let runs = ["a", "b", "c"].map(|name| crate::run::ListedRun {
        folder: name.into(),
        name: name.to_owned(),
        standing: crate::run::Standing::Unknown,
        summary: Err(crate::text::FileError::at(name, "", None, "can't be read")),
        age_s: None,
    });
    update(&mut model, Action::Runs(runs.into()));
    model
}

/// The middle of where something lies, topmost.
fn middle(model: &Model, wanted: Target) -> Option<(u16, u16)> {
    let spots = screens::spots(model);
    let (rect, _) = spots.all().iter().rev().find(|(_, target)| *target == wanted)?;
    Some((rect.x + rect.width / 2, rect.y + rect.height / 2))
}

fn mouse(model: &mut Model, (x, y): (u16, u16), kind: Pointer) -> Vec<Effect> {
    update(model, Action::Mouse { x, y, kind })
}

fn click(model: &mut Model, target: Target) -> Vec<Effect> {
    let at = middle(model, target).unwrap_or_else(|| panic!("no {target:?}"));
    mouse(model, at, Pointer::Press)
}

type Screen = (&'static str, fn() -> Model, List);

const LISTS: [Screen; 14] = [
    ("picker", fixture::mine, List::Presets),
    ("form", formed, List::Fields),
    ("form's presets", formed, List::Presets),
    ("form's text", formed, List::Text),
    ("search", fixture::running, List::Ranks),
    ("finished", fixture::finished, List::Ranks),
    ("population", || shown(&[Intent::Show(Tab::Population)]), List::Population),
    ("network", || shown(&[Intent::Show(Tab::Network)]), List::Blocks),
    ("diff", || shown(&[Intent::Show(Tab::Diff)]), List::Compared),
    ("lineage", || shown(&[Intent::Show(Tab::Diff)]), List::Steps),
    ("log", || shown(&[Intent::Show(Tab::Log)]), List::Log),
    ("themes", || shown(&[Intent::Theme]), List::Themes),
    ("runs", kept, List::Runs),
    ("networks", asked, List::Nets),
];

/// Every row that is seen can be clicked, and has the cursor then.
#[test]
fn a_click_selects_the_row_under_it() {
    let mut clicked = 0;
    for (name, make, list) in LISTS {
        for size in SIZES {
            let spots = screens::spots(&with_mouse(make(), size));
            let mut rows: Vec<usize> = Vec::new();
            for (rect, target) in spots.all() {
                assert!(rect.right() <= size.0 && rect.bottom() <= size.1, "{name} {rect:?}");
                match target {
                    Target::Row(of, row) if *of == list && !rect.is_empty() => rows.push(*row),
                    _ => {}
                }
            }
            assert!(rows.len() > 1 || size != (120, 36), "{name} has {rows:?}");
            for row in rows {
                let mut model = with_mouse(make(), size);
                if focus(&mut model, list) && selected(&model, list) == Some(row) {
                    continue;
                }
                let mut model = with_mouse(make(), size);
                click(&mut model, Target::Row(list, row));
                match list {
                    List::Text => {
                        let form = model.setup.open_form().expect("a form");
                        let edit = form.text_edit.as_ref().expect("has the keys");
                        assert_eq!(edit.row(), row, "{name} at {size:?}");
                    }
                    _ => assert_eq!(selected(&model, list), Some(row), "{name} at {size:?}"),
                }
                // What was selected is still where the next click finds it.
                assert!(middle(&model, Target::Row(list, row)).is_some(), "{name} {row} {size:?}");
                clicked += 1;
            }
        }
    }
    assert!(clicked > 300, "{clicked}");
}

/// The mark of the cursor stands in the row that says it is the cursor's: places are those of the picture.
#[test]
fn rows_lie_where_they_are_drawn() {
    use ratatui::{buffer::Buffer, layout::Rect};
    for (name, make, list) in LISTS.into_iter().filter(|(.., list)| *list != List::Text) {
        let mut model = with_mouse(make(), (120, 36));
        focus(&mut model, list);
        let row = selected(&model, list).expect("a row");
        let (_, y) = middle(&model, Target::Row(list, row)).expect("in sight");
        let mut buffer = Buffer::empty(Rect::new(0, 0, 120, 36));
        screens::draw(&model, model.themes.theme(), &mut buffer);
        assert!((0..120).any(|x| buffer[(x, y)].symbol() == "▸"), "{name} {row}");
    }
}

#[test]
fn a_click_on_a_tab_shows_it() {
    let mut model = with_mouse(fixture::running(), (120, 36));
    for tab in Tab::ALL {
        let effects = click(&mut model, Target::Tab(tab));
        assert_eq!(model.tab, tab);
        assert_eq!(effects.contains(&Effect::ListPresets), tab == Tab::Setup);
    }
}

#[test]
fn another_click_does_what_enter_does() {
    let mut model = with_mouse(fixture::running(), (120, 36));
    click(&mut model, Target::Row(List::Ranks, 3));
    assert_eq!(model.tab, Tab::Search);
    click(&mut model, Target::Row(List::Ranks, 3));
    assert_eq!(model.tab, Tab::Network);
    let mut model = with_mouse(formed(), (120, 36));
    let at = model.setup.open_form().expect("a form").cursor;
    click(&mut model, Target::Row(List::Fields, at));
    assert_eq!(model.place().context, Context::Edit);
    // What is typed is taken or left by keys first.
    click(&mut model, Target::Tab(Tab::Log));
    click(&mut model, Target::Row(List::Fields, at + 1));
    assert_eq!((model.tab, model.place().context), (Tab::Setup, Context::Edit));
}

/// A panel beside the one that has the keys gets them first: nothing is opened by surprise.
#[test]
fn a_click_beside_gives_the_keys_first() {
    let mut model = with_mouse(formed(), (120, 36));
    let row = model.setup.picker.cursor;
    assert_eq!(click(&mut model, Target::Row(List::Presets, row)), []);
    assert_eq!(model.place().context, Context::Picker);
    let opened = click(&mut model, Target::Row(List::Presets, row));
    assert!(matches!(opened.as_slice(), [Effect::Open(_)]), "{opened:?}");
}

#[test]
fn an_overlay_has_the_mouse_alone() {
    let mut model = shown(&[Intent::Mouse, Intent::Palette]);
    assert_eq!(middle(&model, Target::Tab(Tab::Log)), None);
    mouse(&mut model, (20, 0), Pointer::Press);
    assert_eq!(model.tab, Tab::Search);
    click(&mut model, Target::Row(List::Actions, 2));
    assert_eq!(selected(&model, List::Actions), Some(2));
    click(&mut model, Target::Row(List::Actions, 2));
    assert!(model.overlay.is_none());
    let mut model = shown(&[Intent::Mouse, Intent::Stop]);
    mouse(&mut model, (60, 18), Pointer::Press);
    assert!(matches!(model.overlay, Some(Overlay::Stop)), "a question is answered by a key");
}

#[test]
fn a_theme_that_is_clicked_is_shown_and_then_kept() {
    let mut model = shown(&[Intent::Mouse, Intent::Theme]);
    click(&mut model, Target::Row(List::Themes, 1));
    let Some(Overlay::Theme(choice)) = &model.overlay else { panic!("closed") };
    assert_eq!(choice.cursor, 1);
    assert_eq!(model.themes.theme().colour(crate::tui::theme::Role::Canvas).to_string(), "#FBF9F4");
    let kept = click(&mut model, Target::Row(List::Themes, 1));
    assert_eq!(kept, [Effect::KeepTheme("paper".to_owned())]);
}

#[test]
fn the_wheel_moves_what_is_under_it_by_three_rows() {
    for (name, make, list) in LISTS.into_iter().filter(|(.., list)| *list != List::Text) {
        let mut model = with_mouse(make(), (120, 36));
        focus(&mut model, list);
        select(&mut model, list, 0);
        let at = middle(&model, Target::Row(list, 0)).expect("in sight");
        mouse(&mut model, at, Pointer::WheelDown);
        let spots = screens::spots(&model);
        let last = spots.all().iter().filter_map(|(_, target)| match target {
            Target::Row(of, row) if *of == list => Some(*row),
            _ => None,
        });
        let expected = last.max().expect("rows").min(3);
        assert_eq!(selected(&model, list), Some(expected), "{name}");
        mouse(&mut model, at, Pointer::WheelUp);
        assert_eq!(selected(&model, list), Some(0), "{name}");
    }
    let mut model = with_mouse(formed(), (120, 36));
    let at = middle(&model, Target::Row(List::Text, 0)).expect("in sight");
    mouse(&mut model, at, Pointer::WheelUp);
    let line = |model: &Model| {
        let form = model.setup.open_form().expect("a form");
        form.text_edit.as_ref().expect("has the keys").row()
    };
    let before = line(&model);
    mouse(&mut model, at, Pointer::WheelUp);
    assert_eq!(line(&model), before.saturating_sub(3));
    // The page of keys scrolls.
    let mut model = with_mouse(shown(&[Intent::Help]), (80, 24));
    mouse(&mut model, (40, 12), Pointer::WheelDown);
    assert!(matches!(model.overlay, Some(Overlay::Help { scroll: 3 })));
}

#[test]
fn without_the_mouse_nothing_happens() {
    let mut model = fixture::sized(fixture::running(), (120, 36));
    let at = middle(&model, Target::Tab(Tab::Log)).expect("in sight");
    assert_eq!(mouse(&mut model, at, Pointer::Press), []);
    assert_eq!(model.tab, Tab::Search);
    assert_eq!(update(&mut model, Action::Intent(Intent::Mouse)), [Effect::Capture(Mouse::On)]);
    let said = model.notice.as_ref().expect("said");
    assert_eq!((said.lead.as_str(), said.failed), ("mouse on", false));
    assert!(said.detail.contains("M gives it back"), "{}", said.detail);
    mouse(&mut model, at, Pointer::Press);
    assert_eq!(model.tab, Tab::Log);
    assert_eq!(update(&mut model, Action::Intent(Intent::Mouse)), [Effect::Capture(Mouse::Off)]);
    assert_eq!(model.notice.as_ref().map(|said| said.lead.as_str()), Some("mouse off"));
}

/// Whatever is pointed at, wherever, at every size: nothing panics.
#[test]
fn every_cell_of_every_size_can_be_clicked() {
    for (_, make, _) in LISTS {
        for (width, height) in [(0, 0), (5, 1), (11, 3), (39, 7), (40, 8), (76, 16), (130, 45)] {
            for at in [(0, 0), (width / 2, height / 2), (width, height), (u16::MAX, u16::MAX)] {
                let mut model = with_mouse(make(), (width, height));
                for kind in [Pointer::Press, Pointer::Press, Pointer::WheelDown, Pointer::WheelUp] {
                    mouse(&mut model, at, kind);
                }
            }
        }
    }
}
