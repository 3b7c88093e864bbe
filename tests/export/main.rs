//! `zendo export`: what users get, whether Python builds the network that zendo counts, the command.

mod python;

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use python::{Case, Interpreter, Torch};
use zendo::{
    arch::{BlockKind, Structure},
    export::{Options, pytorch},
    space::published_nets,
};

/// A block of each family.
const EXAMPLE: &str = "SuperConvK3BNRELU(3,16,1,1)SuperResK3K3(16,24,2,8,1)\
    SuperResK1K5K1(24,32,1,16,2)SuperResIDWE2K3(32,40,2,22,2)SuperConvK1BNRELU(40,64,1,1)";

/// Written by `zendo export example.txt --format pytorch --classes 10 --resolution 32 --se`.
const GOLDEN: &str = include_str!("../golden/export_pytorch.py");

#[test]
fn an_export_is_what_the_golden_file_shows() {
    let structure: Structure = EXAMPLE.parse().expect("valid");
    let options =
        Options { name: Some("example"), resolution: 32, classes: 10, squeeze_excite: true };
    let text = pytorch(&structure, &options);
    let (version, rest) = text.split_once('\n').expect("lines");
    let expected =
        concat!("# A network for PyTorch, written by zendo ", env!("CARGO_PKG_VERSION"), ".");
    assert_eq!(version, expected);
    // A release changes the first line alone.
    assert_eq!(rest, GOLDEN.split_once('\n').expect("lines").1);
}

#[test]
fn an_export_imports_nothing_but_torch() {
    let imports: Vec<&str> = GOLDEN.lines().filter(|line| line.contains("import ")).collect();
    let (usage, code): (Vec<&str>, Vec<&str>) =
        imports.into_iter().partition(|line| line.starts_with('#'));
    assert_eq!((usage.len(), code), (1, vec!["import torch", "from torch import nn"]));
}

/// Every kind with and without a change of width, on maps that strides don't divide.
fn every_kind() -> impl Iterator<Item = Case> {
    BlockKind::all().map(|kind| {
        let text = if kind == BlockKind::MaxPool {
            format!("SuperConvK1BNRELU(4,20,1,1){kind}(20,20,3,1)SuperConvK1BNRELU(20,9,1,1){kind}(9,9,1,1)")
        } else if !kind.is_residual() {
            format!("{kind}(4,20,2,3){kind}(20,20,1,1){kind}(20,9,3,1)")
        } else {
            format!("{kind}(4,20,2,12,3){kind}(20,20,1,20,2){kind}(20,9,3,7,1)")
        };
        Case::new(kind.to_string(), text.parse().expect("valid"), 13)
    })
}

/// A name that would like to be code, or to change how Python reads the file.
fn hostile() -> Case {
    let name = "coding: utf-7 \"\"\"\n'''\rraise SystemExit(3)\u{c}\u{2028}\\\0+AAo-exit(3)";
    Case::new(name.to_owned(), EXAMPLE.parse().expect("valid"), 32)
}

fn published(names: &[&str], resolution: u32) -> impl Iterator<Item = Case> {
    published_nets()
        .filter(move |net| names.iter().any(|name| net.name.contains(name)))
        .map(move |net| Case::new(net.name.to_owned(), net.structure, resolution))
}

#[test]
fn exports_have_the_shapes_and_parameters_that_are_counted() {
    let Some(interpreter) = Interpreter::with(Torch::Stub) else { return };
    let cases: Vec<Case> =
        every_kind().chain([hostile()]).chain(published(&["zennet"], 224)).collect();
    assert_eq!(cases.len(), BlockKind::all().count() + 1 + 12);
    interpreter.check(&cases);
}

#[test]
fn exports_run_and_train_in_torch() {
    let Some(interpreter) = Interpreter::with(Torch::Real) else { return };
    let nets = published(&["cifar", "flops400M", "latency01ms"], 32);
    let cases: Vec<Case> = every_kind().chain([hostile()]).chain(nets).collect();
    interpreter.check(&cases);
}

fn zendo(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_zendo")).args(args).output().expect("the binary runs")
}

/// Stdout of a command that must succeed.
fn stdout(args: &[&str]) -> String {
    let output = zendo(args);
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("UTF-8")
}

/// Status and stderr of a command that must fail.
fn failure(args: &[&str]) -> (Option<i32>, String) {
    let output = zendo(args);
    assert!(!output.status.success() && output.stdout.is_empty());
    (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
}

fn in_folder(folder: &Path, name: &str) -> (PathBuf, String) {
    let path = folder.join(name);
    let text = path.to_str().expect("UTF-8").to_owned();
    (path, text)
}

#[test]
fn export_prints_to_stdout() {
    let structure = stdout(&["export", EXAMPLE, "--format", "structure"]);
    assert_eq!(structure, format!("{EXAMPLE}\n"));
    let net = "zennet_cifar_model_size1M_res32";
    let published = stdout(&["export", net, "--format", "pytorch"]);
    // golden/structures.json, actual_params_reslink of the 100-class net.
    assert!(published.contains("# parameters  1,040,844, with 100 classes\n"), "{published}");
    assert!(published.contains("torch.randn(1, 3, 32, 32)") && !published.contains("Squeeze"));
    let folder = tempfile::tempdir().expect("a folder");
    let (path, file) = in_folder(folder.path(), "example.txt");
    fs::write(&path, format!("example {EXAMPLE}\n")).expect("written");
    let args = ["export", &file, "--format=pytorch", "--classes=10", "--resolution=32", "--se"];
    assert_eq!(stdout(&args).lines().skip(1).collect::<Vec<_>>(), {
        GOLDEN.lines().skip(1).collect::<Vec<_>>()
    });
}

#[test]
fn export_replaces_a_file_only_when_forced() {
    let folder = tempfile::tempdir().expect("a folder");
    let (path, file) = in_folder(folder.path(), "net.py");
    let args = ["export", EXAMPLE, "--format", "pytorch", "-o", &file];
    assert_eq!(stdout(&args), "");
    let written = fs::read_to_string(&path).expect("written");
    assert_eq!(written, stdout(&args[..4]));
    fs::write(&path, "mine").expect("written");
    let (status, text) = failure(&args);
    assert_eq!(status, Some(2), "{text}");
    assert!(text.contains(&format!("{file}: is there already; --force replaces it")), "{text}");
    assert_eq!(fs::read_to_string(&path).expect("kept"), "mine");
    assert_eq!(stdout(&[&args[..], &["--force"]].concat()), "");
    assert_eq!(fs::read_to_string(&path).expect("replaced"), written);
    assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 1, "nothing is left over");
}

#[test]
fn export_says_what_is_wrong() {
    let folder = tempfile::tempdir().expect("a folder");
    let (_, inside) = in_folder(folder.path(), "none/net.py");
    let (_, itself) = in_folder(folder.path(), ".");
    let to = |file| vec!["export", EXAMPLE, "--format", "pytorch", "--force", "-o", file];
    for (args, expected_status, expected) in [
        (vec!["export", EXAMPLE, "--format", "pytorhc"], 2, "did you mean `pytorch`?"),
        (vec!["export", EXAMPLE], 2, "--format <structure|pytorch>"),
        (vec!["export", EXAMPLE, "--format", "pytorch", "--force"], 2, "--output <FILE>"),
        (vec!["export", "zennet_1M", "--format", "pytorch"], 2, "the nearest name is 'ZenNet-1M'"),
        (to(&inside), 1, "none/net.py: can't be written: "),
        (to(&itself), 1, "/.: can't be written: it is there and is no file"),
    ] {
        let (status, text) = failure(&args);
        assert_eq!(status, Some(expected_status), "{args:?}: {text}");
        assert!(text.contains(expected), "{args:?}: {text}");
    }
}
