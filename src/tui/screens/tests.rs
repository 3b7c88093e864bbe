mod diff;
mod hosting;
mod lab;
mod looks;
mod runs;
mod tune;

use ratatui::{buffer::Buffer, layout::Rect, style::Modifier};

use super::draw;
use crate::tui::{
    action::Action,
    economy::Level,
    fixture,
    keymap::{Context, Intent, Key, Keymap, Place, RunState, Tab},
    model::{Model, NetPrompt, NetTarget, Overlay},
    theme::{Depth, Role, Theme},
    update::update,
};
use crate::{
    arch::{Costs, Latencies},
    run::{
        Proof,
        protocol::{Frontier, FrontierPoint, Optimum, Progress, Reached, Solved, Stage, Update},
    },
    space::{Budget, PresetSource},
};

const RUNNING: Place = Place { context: Context::Search, run: RunState::Running };

const SIZES: [(u16, u16); 4] = [(200, 60), (120, 36), (80, 24), (40, 12)];

fn paint(model: Model, size: (u16, u16), depth: Depth) -> Buffer {
    let model = fixture::sized(model, size);
    let mut buffer = Buffer::empty(Rect::new(0, 0, size.0, size.1));
    draw(&model, &Theme::ink(depth), &mut buffer);
    buffer
}

fn text(buffer: &Buffer) -> String {
    let mut text = String::new();
    for y in buffer.area.rows() {
        let line: String = y.positions().map(|at| buffer[at].symbol()).collect();
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

fn form() -> Model {
    let mut model = fixture::model();
    let opened = crate::space::PresetSource::find(fixture::PRESET, &|_| Err(String::new()));
    update(&mut model, Action::Opened(Ok(opened.expect("shipped"))));
    model
}

fn press(model: &mut Model, intents: &[Intent]) {
    for &intent in intents {
        update(model, Action::Intent(intent));
    }
}

fn form_with_error() -> Model {
    let mut model = form();
    press(&mut model, &[Intent::Edit]);
    for key in [Key::Ctrl('u'), Key::Char('9'), Key::Char('6'), Key::Char('k')] {
        update(&mut model, Action::Type(key));
    }
    press(&mut model, &[Intent::Enter, Intent::Down, Intent::Down]);
    update(&mut model, Action::Type(Key::Char('1')));
    press(&mut model, &[Intent::Enter]);
    model
}

fn latency() -> Model {
    let mut model = fixture::model();
    press(&mut model, &[Intent::Last, Intent::Up]);
    model
}

fn refused() -> Model {
    let mut model = latency();
    press(&mut model, &[Intent::Enter]);
    let source = PresetSource::find("imagenet-latency-1.2ms", &|_| Err("no files".to_owned()));
    update(&mut model, Action::Opened(Ok(source.expect("shipped"))));
    press(&mut model, &[Intent::Start]);
    model
}

fn helped() -> Model {
    let mut model = fixture::running();
    model.overlay = Some(Overlay::Help { scroll: 0 });
    model
}

fn stopping() -> Model {
    let mut model = fixture::running();
    press(&mut model, &[Intent::Stop]);
    model
}

fn zoomed() -> Model {
    let mut model = fixture::running();
    press(&mut model, &[Intent::Zoom]);
    model
}

fn zoomed_curve() -> Model {
    let mut model = fixture::running();
    press(&mut model, &[Intent::NextPanel, Intent::Zoom]);
    model
}

fn zoomed_times() -> Model {
    let mut model = zoomed();
    press(&mut model, &[Intent::PreviousPanel]);
    model
}

fn on_a_slow_line() -> Model {
    let mut model = fixture::running();
    update(&mut model, Action::Line(Level::WithoutTables));
    model
}

fn asked() -> Model {
    let mut model = fixture::running();
    press(&mut model, &[Intent::Quit]);
    model
}

fn population() -> Model {
    let mut model = fixture::running();
    press(&mut model, &[Intent::Show(Tab::Population)]);
    model
}

fn counted_population() -> Model {
    let mut model = fixture::counting();
    press(&mut model, &[Intent::Show(Tab::Population)]);
    model
}

fn front() -> Model {
    let mut model = fixture::fronted();
    press(&mut model, &[Intent::Show(Tab::Population), Intent::Down, Intent::Down, Intent::Down]);
    model
}

fn front_by_latency() -> Model {
    let mut model = front();
    press(&mut model, &[Intent::Axis, Intent::Axis, Intent::Axis, Intent::Axis]);
    press(&mut model, &[Intent::SortLeft, Intent::NextPanel]);
    model
}

fn timed_network() -> Model {
    let mut model = fixture::fronted();
    press(&mut model, &[Intent::Show(Tab::Network)]);
    model
}

fn front_export() -> Model {
    let mut model = front();
    press(&mut model, &[Intent::ExportFront]);
    model
}

fn type_in(model: &mut Model, text: &str) {
    for c in text.chars() {
        update(model, Action::Type(Key::Char(c)));
    }
}

fn filtered() -> Model {
    let mut model = population();
    press(&mut model, &[Intent::Down, Intent::Mark, Intent::PinA, Intent::Down, Intent::Mark]);
    press(&mut model, &[Intent::Axis, Intent::Filter]);
    type_in(&mut model, "params<0.98M has:K7");
    press(&mut model, &[Intent::Enter, Intent::SortRight, Intent::SortRight, Intent::Down]);
    model
}

fn filtering() -> Model {
    let mut model = population();
    press(&mut model, &[Intent::Axis, Intent::Axis, Intent::Filter]);
    type_in(&mut model, "score>100 parms<0.98M");
    model
}

fn scattered() -> Model {
    let mut model = population();
    press(&mut model, &[Intent::NextPanel]);
    model
}

fn solving() -> Model {
    let mut model = form();
    press(&mut model, &[Intent::Solve]);
    let progress =
        Progress { stage: Stage::Candidates(5_200), bound: Some(151.3), best: Some(150.9) };
    update(&mut model, Action::Proved(Proof::Working(progress)));
    model
}

/// What each depth allows, of which the deepest is still open.
fn solved_depths() -> Model {
    let mut model = solved();
    let Some(Overlay::Solve(solve)) = &model.overlay else { panic!("it is solved") };
    let mut optimum = solve.optimum.clone().expect("it is solved");
    let point = |depth: u64| {
        let bound = 151.24 - 10.5 * (18 - depth) as f64;
        let costs = Costs {
            params: 640_000 + 20_000 * depth,
            flops: 12_000_000 * depth,
            layers: depth as u32,
            activation_bytes: 1,
            latency_ms: Latencies::of(&[0.0998, 1.2]).expect("two"),
        };
        let best = Some(Reached { score: bound - 0.1, costs, proven: depth < 18 });
        FrontierPoint { limit: depth, bound, best }
    };
    let points = (7..=18).map(point).collect();
    optimum.frontiers.insert(0, Frontier { budget: Budget::Layers, points });
    update(&mut model, Action::Proved(Proof::Found(optimum)));
    press(&mut model, &[Intent::NextPanel, Intent::Up, Intent::Up]);
    model
}

fn solved() -> Model {
    let mut model = solving();
    update(&mut model, Action::Clock(3_400));
    let snapshot = fixture::snapshot();
    let known = snapshot.optimum.as_deref().expect("the fixture has one");
    let best = snapshot.population.iter().take(8).enumerate().map(|(i, member)| Solved {
        structure: member.structure.clone(),
        objective: known.bound - 0.01 * i as f64,
        score: known.bound - 0.1,
        costs: member.costs,
    });
    let optimum = Optimum { structures: best.collect(), best: None, ..known.clone() };
    update(&mut model, Action::Proved(Proof::Found(Box::new(optimum))));
    press(&mut model, &[Intent::Down]);
    model
}

fn palette() -> Model {
    let mut model = fixture::running();
    press(&mut model, &[Intent::Palette]);
    type_in(&mut model, "exp");
    press(&mut model, &[Intent::Down]);
    model
}

fn log() -> Model {
    let mut model = fixture::worker_failed();
    press(&mut model, &[Intent::Copy, Intent::Show(Tab::Log), Intent::Back, Intent::Down]);
    model
}

fn log_filter() -> Model {
    let mut model = log();
    press(&mut model, &[Intent::Filter]);
    type_in(&mut model, "kind:bst");
    model
}

fn exporting() -> Model {
    let mut model = filtered();
    press(&mut model, &[Intent::Export]);
    model
}

fn prompted() -> Model {
    let mut model = fixture::running();
    model.overlay = Some(Overlay::Net(NetPrompt::new(NetTarget::Network)));
    model
}

fn prompt_with_error() -> Model {
    let mut model = prompted();
    let text = "mine SuperConvK3BNRELU(3,8,1,1)SuperResK3K3(8,16,2,1)";
    update(&mut model, Action::Paste(text.to_owned()));
    press(&mut model, &[Intent::Enter]);
    model
}

fn network() -> Model {
    let mut model = fixture::running();
    press(&mut model, &[Intent::Show(Tab::Network)]);
    model
}

fn network_of_a_candidate() -> Model {
    let mut model = fixture::running();
    let keys = [Intent::Down, Intent::Down, Intent::Enter, Intent::Down, Intent::Down];
    press(&mut model, &keys);
    press(&mut model, &[Intent::Down, Intent::Into, Intent::Share]);
    model
}

fn network_unfolded() -> Model {
    let mut model = published("ZenNet-1.2ms");
    press(&mut model, &[Intent::Unfold, Intent::Down, Intent::Down, Intent::Down, Intent::Into]);
    model
}

/// Opened where no search runs.
fn published(name: &str) -> Model {
    let mut model = fixture::model();
    press(&mut model, &[Intent::Show(Tab::Network), Intent::OpenNet]);
    update(&mut model, Action::Paste(name.to_owned()));
    press(&mut model, &[Intent::Enter]);
    model
}

fn no_network() -> Model {
    let mut model = fixture::model();
    press(&mut model, &[Intent::Show(Tab::Network)]);
    model
}

fn toml() -> Model {
    let mut model = fixture::mine();
    press(&mut model, &[Intent::NextPanel]);
    model
}

fn toml_error() -> Model {
    let mut model = toml();
    update(&mut model, Action::Type(Key::End));
    update(&mut model, Action::Paste("\nsed = 1".to_owned()));
    model
}

fn compared() -> Model {
    let mut model = fixture::mine();
    press(&mut model, &[Intent::Compare]);
    model
}

fn yours() -> Model {
    let mut model = fixture::mine();
    press(&mut model, &[Intent::PreviousPanel, Intent::Down]);
    model
}

fn naming() -> Model {
    let mut model = fixture::mine();
    press(&mut model, &[Intent::SaveAs]);
    type_in(&mut model, "tiny");
    model
}

fn unsaved() -> Model {
    let mut model = toml_error();
    press(&mut model, &[Intent::Quit]);
    model
}

fn estimated() -> Model {
    let mut model = form();
    press(&mut model, &[Intent::Measure]);
    let estimate = crate::run::Estimate {
        early_per_s: 412.0,
        late_per_s: 46.0,
        scores_per_proposal: 0.37,
        memory_bytes: 2_040_109_465,
        workers: 4,
    };
    update(&mut model, Action::Estimated(Ok(estimate)));
    model
}

type Named = (&'static str, fn() -> Model);

/// A screen of each kind, by name.
const SCREENS: [Named; 77] = [
    ("slow_line", on_a_slow_line),
    ("picker", fixture::model),
    ("picker_latency", latency),
    ("form_refused", refused),
    ("form", form),
    ("form_error", form_with_error),
    ("toml", toml),
    ("toml_error", toml_error),
    ("compare", compared),
    ("yours", yours),
    ("naming", naming),
    ("unsaved", unsaved),
    ("estimate", estimated),
    ("starting", fixture::starting),
    ("running", fixture::running),
    ("stop_asked", stopping),
    ("zoomed", zoomed),
    ("zoomed_curve", zoomed_curve),
    ("zoomed_times", zoomed_times),
    ("paused", fixture::paused),
    ("worker_failed", fixture::worker_failed),
    ("tuned", fixture::raised),
    ("tuning", tune::wishing),
    ("tuning_wrong", tune::impossible),
    ("rescoring", tune::rescoring),
    ("confirming", fixture::confirming),
    ("finished", fixture::finished),
    ("flops", fixture::counting),
    ("flops_population", counted_population),
    ("flops_finished", fixture::counted),
    ("diff", diff::best),
    ("diff_pasted", diff::pasted),
    ("diff_walked", diff::walked),
    ("diff_asking", diff::asking),
    ("diff_finalists", diff::finalists),
    ("diff_nothing", diff::nothing),
    ("population", population),
    ("front", front),
    ("front_latency", front_by_latency),
    ("front_export", front_export),
    ("network_latency", timed_network),
    ("front_running", fixture::fronted),
    ("population_filtered", filtered),
    ("population_filtering", filtering),
    ("population_scatter", scattered),
    ("solving", solving),
    ("solved", solved),
    ("solved_depths", solved_depths),
    ("palette", palette),
    ("themes", looks::choosing),
    ("runs", runs::listed),
    ("runs_none", runs::none),
    ("runs_compared", runs::compared),
    ("kept", runs::kept),
    ("kept_interrupted", runs::interrupted),
    ("lab_none", lab::nothing),
    ("lab_ranked", lab::ranked),
    ("lab_under_way", lab::under_way),
    ("lab_why", lab::why),
    ("lab_zoomed", lab::zoomed),
    ("lab_typing", lab::typing),
    ("log", log),
    ("log_filter", log_filter),
    ("export", exporting),
    ("help", helped),
    ("leave", asked),
    ("leave_hosted", hosting::leaving),
    ("host_lost", hosting::lost),
    ("interrupted", hosting::interrupted),
    ("network", network),
    ("network_candidate", network_of_a_candidate),
    ("network_folded", || published("ZenNet-1.2ms")),
    ("network_unfolded", network_unfolded),
    ("network_mobile", || published("ZenNet-400M")),
    ("network_none", no_network),
    ("prompt", prompted),
    ("prompt_error", prompt_with_error),
];

#[test]
fn screens_look_as_reviewed() {
    for (name, model) in SCREENS {
        for size in SIZES {
            let picture = text(&paint(model(), size, Depth::TrueColor));
            insta::assert_snapshot!(format!("{name}_{}x{}", size.0, size.1), picture);
        }
    }
}

/// Every size from nothing up, every screen, charts included.
#[test]
fn no_size_is_too_small_or_odd() {
    let mut models: Vec<Model> = SCREENS.iter().map(|(_, model)| model()).collect();
    for turns in 1..=3 {
        let mut model = fixture::sized(fixture::running(), (60, 12));
        press(&mut model, &vec![Intent::NextPanel; turns]);
        models.push(model);
    }
    let mut last = fixture::running();
    press(&mut last, &[Intent::Last]);
    models.push(last);
    models.push(diff::largest());
    let theme = Theme::ink(Depth::Ansi256);
    for mut model in models {
        for width in 0..=130 {
            for height in 0..=45 {
                update(&mut model, Action::Resize { width, height });
                let mut buffer = Buffer::empty(Rect::new(0, 0, width, height));
                draw(&model, &theme, &mut buffer);
            }
        }
    }
}

/// The most blocks of the most sub-layers, unfolded, from the first row to the last: 65,536 ribs.
#[test]
fn the_largest_network_draws_row_by_row() {
    let block = "SuperResIDWE6K7(16384,16384,8,16384,256)";
    let mut model = published(&block.repeat(256));
    press(&mut model, &[Intent::Unfold]);
    let shown = text(&paint(model, (120, 36), Depth::TrueColor));
    assert!(shown.contains("rows 1–21 of 65,539"), "{shown}");
    for size in SIZES {
        let mut model = published(&block.repeat(256));
        press(&mut model, &[Intent::Unfold, Intent::Last]);
        press(&mut model, &vec![Intent::Into; 300]);
        let shown = text(&paint(model, size, Depth::TrueColor));
        assert!(shown.contains("256 E6 K7"), "{shown}");
    }
}

fn letter(role: Role) -> char {
    match role {
        Role::Canvas | Role::Band | Role::Panel | Role::Selection => ' ',
        Role::Rule => '-',
        Role::Track => '=',
        Role::Strong => 'S',
        Role::Text => 't',
        Role::Muted => 'm',
        Role::Faint => 'f',
        Role::Accent => 'a',
        Role::B => 'B',
        Role::Mark => 'M',
        Role::Best => '*',
        Role::Good => '+',
        Role::Warn => '~',
        Role::Error => '!',
        Role::Bar => '#',
        Role::Bar2 => '%',
        Role::River => 'r',
        Role::K1 => '1',
        Role::K3 => '3',
        Role::K5 => '5',
        Role::K7 => '7',
        Role::K1d => 'i',
        Role::K3d => 'j',
        Role::K5d => 'k',
        Role::K7d => 'l',
    }
}

/// Which role the ink of each cell has, a letter a role.
fn inks(buffer: &Buffer, theme: &Theme) -> String {
    let letter = |cell: &ratatui::buffer::Cell| match cell.symbol() {
        " " => ' ',
        _ => {
            let mut roles = Role::ALL.into_iter().filter(|role| letter(*role) != ' ');
            roles.find(|role| theme.colour(*role) == cell.fg).map_or('?', letter)
        }
    };
    let mut text = String::new();
    for y in buffer.area.rows() {
        let line: String = y.positions().map(|at| letter(&buffer[at])).collect();
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

#[test]
fn screens_are_inked_as_reviewed() {
    let theme = Theme::ink(Depth::TrueColor);
    for (name, model) in [
        ("running", fixture::running as fn() -> Model),
        ("population_filtered", filtered),
        ("network_candidate", network_of_a_candidate),
        ("diff_pasted", diff::pasted),
        ("solved", solved),
    ] {
        let buffer = paint(model(), (120, 36), Depth::TrueColor);
        insta::assert_snapshot!(format!("{name}_inks"), inks(&buffer, &theme));
    }
}

/// What a large population costs a frame: `cargo test --release --lib hundred -- --ignored --nocapture`.
#[test]
#[ignore = "a measurement, not a test"]
fn a_hundred_thousand_rows() {
    let mut snapshot = (*fixture::snapshot()).clone();
    let members = snapshot.population.clone();
    snapshot.population = (0..100_000)
        .map(|i| {
            let mut member = (*members[i * members.len() / 100_000]).clone();
            member.id = i as u64;
            std::sync::Arc::new(member)
        })
        .collect();
    let snapshot = std::sync::Arc::new(snapshot);
    let mut model = fixture::sized(population(), (120, 36));
    let theme = Theme::ink(Depth::TrueColor);
    let mut buffer = Buffer::empty(Rect::new(0, 0, 120, 36));
    for by in ["score", "params"] {
        if by == "params" {
            while model.population.sort.name() != "params" {
                press(&mut model, &[Intent::SortRight]);
            }
        }
        let mut times = Vec::new();
        for _ in 0..20 {
            let began = std::time::Instant::now();
            let said = Update::Snapshot(std::sync::Arc::clone(&snapshot));
            update(&mut model, Action::Engine(said));
            let updated = began.elapsed();
            draw(&model, &theme, &mut buffer);
            times.push((updated, began.elapsed()));
        }
        times.sort();
        println!("by {by}: update {:?}, with the frame {:?}", times[10].0, times[10].1);
    }
}

#[test]
fn control_characters_never_reach_the_screen() {
    let buffer = paint(fixture::worker_failed(), (120, 36), Depth::TrueColor);
    assert!(buffer.content.iter().all(|cell| !cell.symbol().contains(char::is_control)));
    assert!(text(&buffer).contains("worker 2 is gone"));
}

#[test]
fn gold_is_the_best_and_nothing_else() {
    let theme = Theme::ink(Depth::TrueColor);
    let buffer = paint(fixture::running(), (120, 36), Depth::TrueColor);
    let best = theme.colour(Role::Best);
    // The first score of the table: bold gold on the selected row.
    let cell = &buffer[(9, 5)];
    assert_eq!((cell.fg, cell.bg), (best, theme.colour(Role::Selection)));
    assert!(cell.modifier.contains(Modifier::BOLD));
    let below = &buffer[(9, 6)];
    assert_eq!(below.fg, theme.colour(Role::Strong));
    // On screens without a score there is none.
    for model in [fixture::model(), form()] {
        let buffer = paint(model, (120, 36), Depth::TrueColor);
        assert!(buffer.content.iter().all(|cell| cell.fg != best));
    }
}

#[test]
fn without_colours_weight_and_reverse_remain() {
    let buffer = paint(fixture::running(), (120, 36), Depth::Mono);
    use ratatui::style::Color;
    assert!(buffer.content.iter().all(|c| c.fg == Color::Reset && c.bg == Color::Reset));
    assert!(buffer[(9, 5)].modifier.contains(Modifier::BOLD | Modifier::REVERSED));
}

#[test]
fn footers_end_with_the_way_to_all_keys() {
    for (name, model) in SCREENS {
        let model = model();
        let lists = model.keymap.rows(model.place()).any(|row| row.means(Intent::Help));
        let shown = text(&paint(model, (40, 12), Depth::TrueColor));
        let footer = shown.lines().last().unwrap_or_default();
        assert!(!lists || footer.contains("? keys"), "{name}: {footer}");
    }
}

/// Footer, help, palette and band say the keys in force.
#[test]
fn keys_of_a_users_own_are_shown() {
    let text_of = |intents: &[Intent]| {
        let mut model = fixture::sized(fixture::running(), (120, 36));
        let keys = "[keys]\npause = 'A-p'\nshow-log = ['9', 'f6']\ncopy = []\nback = ['esc', 'f2']";
        model.keymap = crate::run::Config::parse("", keys).expect("valid").keymap;
        press(&mut model, intents);
        text(&paint(model, (120, 36), Depth::TrueColor))
    };
    let plain = text_of(&[]);
    assert!(plain.lines().next().is_some_and(|band| band.contains("9 Log")), "{plain}");
    let footer = plain.lines().last().unwrap_or_default();
    assert!(footer.contains("A-p pause") && !footer.contains("copy"), "{footer}");
    let help = text_of(&[Intent::Help]);
    assert!(help.contains("A-p        pause") && !help.contains("copy its"), "{help}");
    // What has no key is still an action.
    let palette = text_of(&[Intent::Palette]);
    assert!(palette.lines().any(|line| line.contains("Pause the search") && line.contains("A-p")));
    let copy = palette.lines().find(|line| line.contains("Copy the structure"));
    assert!(copy.is_some_and(|line| !line.contains(" y")), "{palette}");
    let faulty = text(&paint(fixture::worker_failed(), (120, 36), Depth::TrueColor));
    assert!(faulty.contains("esc ok"));
}

#[test]
fn the_help_shows_every_row_of_the_context() {
    let shown = text(&paint(helped(), (120, 36), Depth::TrueColor));
    for row in Keymap::default().rows(RUNNING) {
        assert!(shown.contains(&row.shown), "{} is missing", row.shown);
    }
}

#[test]
fn every_field_scrolls_into_view() {
    for size in [(80, 24), (40, 12), (40, 8)] {
        let mut model = form();
        for field in crate::tui::model::FIELDS {
            let form = model.setup.open_form_mut().expect("a form");
            form.cursor = crate::tui::model::FIELDS
                .iter()
                .position(|known| known.key == field.key)
                .expect("is one of them");
            update(&mut model, Action::Resize { width: size.0, height: size.1 });
            let mut buffer = Buffer::empty(Rect::new(0, 0, size.0, size.1));
            draw(&model, &Theme::ink(Depth::TrueColor), &mut buffer);
            let text = text(&buffer);
            let selected = text.lines().find(|line| line.contains('▸'));
            let line = selected.unwrap_or_else(|| panic!("{} at {size:?}", field.key));
            assert!(line.contains(field.label), "{} at {size:?}", field.key);
        }
    }
}

#[test]
fn frames_stay_within_their_bytes() {
    use crate::tui::picture::Picture;
    let theme = Theme::ink(Depth::TrueColor);
    for ((width, height), first_paint) in [((120, 36), 12_000), ((200, 60), 26_000)] {
        let mut picture = Picture::default();
        let mut model = fixture::sized(fixture::running(), (width, height));
        let mut frame = |model: &Model| {
            let paint = |buffer: &mut Buffer| {
                draw(model, &theme, buffer);
                Vec::new()
            };
            picture.frame((width, height).into(), paint).expect("a vector takes it").len()
        };
        let first = frame(&model);
        assert!(first <= first_paint, "first paint at {width}x{height}: {first}");
        assert_eq!(frame(&model), 0, "nothing has changed");
        update(&mut model, Action::Intent(Intent::Down));
        let row = frame(&model);
        assert!(row <= 800, "the cursor a row down: {row}");
    }
}

/// The leave question takes the keys, so it is never invisible.
#[test]
fn the_leave_question_is_seen_at_any_size() {
    for (width, height) in [(80, 5), (23, 10), (40, 8), (12, 2), (6, 1)] {
        let mut model = fixture::sized(fixture::running(), (width, height));
        update(&mut model, Action::Intent(Intent::Quit));
        let mut buffer = Buffer::empty(Rect::new(0, 0, width, height));
        draw(&model, &Theme::ink(Depth::TrueColor), &mut buffer);
        assert!(text(&buffer).to_lowercase().contains("leave"), "{width}x{height}");
    }
}

/// However small the terminal, every key can be read: what doesn't fit is scrolled to.
#[test]
fn every_key_scrolls_into_view() {
    for (width, height) in [(120, 36), (80, 24), (40, 12), (40, 8)] {
        let mut model = fixture::sized(fixture::running(), (width, height));
        update(&mut model, Action::Intent(Intent::Help));
        let mut seen = String::new();
        for _ in 0..80 {
            let mut buffer = Buffer::empty(Rect::new(0, 0, width, height));
            draw(&model, &Theme::ink(Depth::TrueColor), &mut buffer);
            seen.push_str(&text(&buffer));
            update(&mut model, Action::Intent(Intent::Down));
        }
        for row in model.keymap.rows(RUNNING) {
            assert!(seen.contains(row.description), "{} at {width}x{height}", row.description);
        }
        assert!(matches!(model.overlay, Some(Overlay::Help { scroll }) if scroll < 80));
    }
}
