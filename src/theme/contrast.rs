//! Whether what is shipped can be read: contrast of text on every ground it is drawn on, from the files, and
//! what people without one kind of cone see.

use super::{Colour, Depth, Rgb, Role, Scheme, shipped_theme};

/// What text is set in.
const TEXT: [Role; 15] = [
    Role::Strong,
    Role::Text,
    Role::Muted,
    Role::Faint,
    Role::Accent,
    Role::B,
    Role::Mark,
    Role::Best,
    Role::Good,
    Role::Warn,
    Role::Error,
    Role::K1,
    Role::K3,
    Role::K5,
    Role::K7,
];
const GROUNDS: [Role; 4] = [Role::Canvas, Role::Band, Role::Panel, Role::Selection];

/// WCAG 2.2, success criterion 1.4.3: text of normal size at level AA.
const LEAST: f64 = 4.5;

fn rgb(colour: Colour) -> Rgb {
    match colour {
        Colour::Full(rgb) => rgb,
        Colour::Indexed(index) => Colour::of_256(index).expect("none of the terminal's own 16"),
        Colour::Default | Colour::Named(_) => panic!("{colour:?} looks as the terminal likes"),
    }
}

/// Of a part of an sRGB colour (IEC 61966-2-1).
fn linear(part: u8) -> f64 {
    let part = f64::from(part) / 255.0;
    if part <= 0.040_45 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) }
}

fn luminance(rgb: Rgb) -> f64 {
    let [r, g, b] = rgb.map(linear);
    0.2126 * r + 0.7152 * g + 0.0722 * b
}

fn contrast(a: Rgb, b: Rgb) -> f64 {
    let (a, b) = (luminance(a) + 0.05, luminance(b) + 0.05);
    a.max(b) / a.min(b)
}

#[test]
fn contrast_is_that_of_the_wcag() {
    assert!((contrast([0; 3], [255; 3]) - 21.0).abs() < 1e-9);
    // The grey that the WCAG's readers know as the lightest that passes on white.
    assert!((contrast([0x76; 3], [255; 3]) - 4.54).abs() < 0.005);
}

#[test]
fn text_can_be_read_on_every_ground() {
    let mut checked = 0;
    for name in ["ink", "paper", "colour-blind"] {
        let scheme = shipped_theme(name).expect("shipped");
        for depth in [Depth::TrueColor, Depth::Ansi256] {
            for (role, ground) in TEXT.into_iter().flat_map(|r| GROUNDS.map(|ground| (r, ground))) {
                let shown = if ground == Role::Selection { role.on_selection(depth) } else { role };
                let found =
                    contrast(rgb(scheme.colour(shown, depth)), rgb(scheme.colour(ground, depth)));
                assert!(
                    found >= LEAST,
                    "{name}, {depth:?}: {role:?} on {ground:?} has {found:.2}, {LEAST} is the least"
                );
                checked += 1;
            }
        }
    }
    assert_eq!(checked, 3 * 2 * 15 * 4);
}

/// Where the terminal's ground is unknown no contrast can be promised; then nothing but its own 16 is used.
#[test]
fn on_an_unknown_ground_only_the_terminals_own_colours_are_used() {
    for name in ["sixteen", "mono"] {
        let scheme = shipped_theme(name).expect("shipped");
        for role in Role::ALL {
            let colour = scheme.colour(role, Depth::TrueColor);
            assert!(matches!(colour, Colour::Default | Colour::Named(_)), "{name}: {role:?}");
        }
    }
}

/// Machado, Oliveira, Fernandes 2009, "A physiologically-based model for simulation of color vision
/// deficiency", table 1 at severity 1.0, on linear RGB.
const MISSING_CONES: [(&str, [[f64; 3]; 3]); 3] = [
    (
        "protanopia",
        [
            [0.152286, 1.052583, -0.204868],
            [0.114503, 0.786281, 0.099216],
            [-0.003882, -0.048116, 1.051998],
        ],
    ),
    (
        "deuteranopia",
        [
            [0.367322, 0.860646, -0.227968],
            [0.280085, 0.672501, 0.047413],
            [-0.011820, 0.042940, 0.968881],
        ],
    ),
    (
        "tritanopia",
        [
            [1.255528, -0.076749, -0.178779],
            [-0.078411, 0.930809, 0.147602],
            [0.004733, 0.691367, 0.303900],
        ],
    ),
];

fn product(matrix: &[[f64; 3]; 3], v: [f64; 3]) -> [f64; 3] {
    matrix.map(|row| row[0] * v[0] + row[1] * v[1] + row[2] * v[2])
}

/// Oklab of a linear colour (Ottosson 2020).
fn oklab(linear: [f64; 3]) -> [f64; 3] {
    const TO_CONES: [[f64; 3]; 3] = [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ];
    const TO_LAB: [[f64; 3]; 3] = [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ];
    product(&TO_LAB, product(&TO_CONES, linear).map(f64::cbrt))
}

/// How far two roles are apart to somebody without one kind of cone: the least of the three kinds.
fn apart(scheme: &Scheme, a: Role, b: Role) -> (f64, &'static str) {
    let seen = |role: Role, matrix: &[[f64; 3]; 3]| {
        let full = rgb(scheme.colour(role, Depth::TrueColor)).map(linear);
        oklab(product(matrix, full).map(|part| part.clamp(0.0, 1.0)))
    };
    let all = MISSING_CONES.iter().map(|(name, matrix)| {
        let (a, b) = (seen(a, matrix), seen(b, matrix));
        ((0..3).map(|i| (a[i] - b[i]).powi(2)).sum::<f64>().sqrt(), *name)
    });
    all.min_by(|a, b| a.0.total_cmp(&b.0)).expect("there are three")
}

/// Four times what the eye just tells apart side by side, about 0.02 in Oklab.
const CLEARLY: f64 = 0.08;

#[test]
fn without_a_kind_of_cone_signals_and_kernels_stay_apart() {
    let scheme = shipped_theme("colour-blind").expect("shipped");
    let signals = [Role::Best, Role::Good, Role::Warn, Role::Error];
    let kernels = [Role::K1, Role::K3, Role::K5, Role::K7];
    for group in [signals, kernels] {
        for (i, a) in group.into_iter().enumerate() {
            for b in group.into_iter().skip(i + 1) {
                let (found, whom) = apart(&scheme, a, b);
                assert!(found >= CLEARLY, "{a:?} and {b:?} are {found:.3} apart in {whom}");
            }
        }
    }
    // What the theme is there for: ink's green and red are not.
    let ink = shipped_theme("ink").expect("shipped");
    assert!(apart(&ink, Role::Good, Role::Error).0 < CLEARLY / 2.0);
}
