//! The kernels' own sources, run on the CPU thread by thread, against the loops that are their twins.
//! What is launched here is launched on a GPU: the same text, grids and numbers.

use std::{
    collections::HashMap,
    io::Write,
    path::PathBuf,
    process::{Command, Stdio},
    sync::{Mutex, OnceLock},
};

use candle_core::{DType, Device, Tensor, WithDType};
use tempfile::TempDir;

use super::*;
use crate::nn::{
    graph::{
        compare::{TOLD, compare as compare_on_cpu},
        conv::{Kernels, convolve},
        draws::input_pair,
        norm::{moments as moments_on_cpu, norm as norm_on_cpu},
        patches::Patches,
    },
    source::{Draw, NormalSource, PhiloxNormals},
};
use crate::{
    arch::{Conv, Kernel},
    random::Purpose,
};

/// A type that kernels run with.
trait Real: WithDType {
    const NAME: &str;

    fn bytes(values: &[Self]) -> Vec<u8>;

    fn values(bytes: &[u8]) -> Vec<Self>;
}

impl Real for f32 {
    const NAME: &str = "float";

    fn bytes(values: &[f32]) -> Vec<u8> {
        values.iter().flat_map(|value| value.to_le_bytes()).collect()
    }

    fn values(bytes: &[u8]) -> Vec<f32> {
        bytes.as_chunks().0.iter().map(|value| f32::from_le_bytes(*value)).collect()
    }
}

impl Real for f64 {
    const NAME: &str = "double";

    fn bytes(values: &[f64]) -> Vec<u8> {
        values.iter().flat_map(|value| value.to_le_bytes()).collect()
    }

    fn values(bytes: &[u8]) -> Vec<f64> {
        bytes.as_chunks().0.iter().map(|value| f64::from_le_bytes(*value)).collect()
    }
}

/// Programs by source and type; none where there is no C++ compiler.
type Programs = HashMap<(Source, &'static str), Option<PathBuf>>;

/// The kernels of a source as a program; none where there is no C++ compiler.
fn program(source: Source, real: &'static str) -> Option<PathBuf> {
    static BUILT: OnceLock<(TempDir, Mutex<Programs>)> = OnceLock::new();
    let (folder, built) =
        BUILT.get_or_init(|| (TempDir::new().expect("a folder"), Mutex::default()));
    let mut built = built.lock().expect("no test panics while it compiles");
    let program = built.entry((source, real)).or_insert_with(|| {
        let text = source.text(real);
        let kernels = text.split("__global__ void ").skip(1);
        let names = kernels.filter_map(|rest| rest.split('(').next()).flat_map(|name| {
            let column = |(k, stride)| format!("depthwise_{k}_{stride}");
            match name {
                "depthwise_##K##_##STRIDE" => {
                    [(3, 1), (3, 2), (5, 1), (5, 2), (7, 1), (7, 2)].map(column).to_vec()
                }
                name => vec![name.to_owned()],
            }
        });
        let row = |name: String| format!("if (name == \"{name}\") run({name}, reader); else ");
        let dispatch: String = names.map(row).collect();
        let emulator = include_str!("emulator.cpp");
        let code = emulator.replace("@KERNELS@", &text).replace("@DISPATCH@", &dispatch);
        let path = folder.path().join(format!("{}-{real}.cpp", source.name()));
        std::fs::write(&path, code).expect("written");
        let program = path.with_extension("run");
        let contract = if source.fuses() { "-ffp-contract=fast" } else { "-ffp-contract=off" };
        let flags = ["-std=c++17", "-O1", "-w", contract, "-o"];
        let compiled = Command::new("c++").args(flags).arg(&program).arg(&path).output();
        let Ok(compiled) = compiled else {
            eprintln!("skipped: there is no C++ compiler to run kernels with");
            return None;
        };
        assert!(compiled.status.success(), "{}", String::from_utf8_lossy(&compiled.stderr));
        Some(program)
    });
    program.clone()
}

/// The buffers after the launch; none where it can't be run here.
fn run<T: Real>(launch: &Launch, buffers: &[Vec<u8>]) -> Option<Vec<Vec<u8>>> {
    let program = program(launch.source, T::NAME)?;
    let mut input: Vec<u8> = Vec::new();
    let word = |input: &mut Vec<u8>, word: u32| input.extend(word.to_le_bytes());
    launch.blocks.iter().for_each(|blocks| word(&mut input, *blocks));
    word(&mut input, buffers.len() as u32);
    for buffer in buffers {
        word(&mut input, buffer.len() as u32);
        input.extend(buffer);
    }
    for scalar in &launch.scalars {
        match scalar {
            Scalar::Int(value) => input.extend(value.to_le_bytes()),
            Scalar::Word(value) => word(&mut input, *value),
            Scalar::Real(value) => input.extend(value.to_le_bytes()),
        }
    }
    let mut child = Command::new(program)
        .arg(launch.kernel)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("it was compiled");
    child.stdin.take().expect("piped").write_all(&input).expect("it reads");
    let output = child.wait_with_output().expect("it ends");
    assert!(output.status.success(), "{launch:?}: {}", output.status);
    let mut rest = &output.stdout[..];
    let buffers = buffers.iter().map(|buffer| {
        let (own, after) = rest.split_at(buffer.len());
        rest = after;
        own.to_vec()
    });
    Some(buffers.collect())
}

/// What nobody wrote would show.
fn untouched<T: Real>(len: usize) -> Vec<u8> {
    T::bytes(&vec![T::from_f64(f64::NAN); len])
}

fn normals<T: Real>(dims: &[usize], stream: u32) -> Tensor {
    let mut values = vec![0.0; dims.iter().product()];
    Normals::new(1, Purpose::Input, stream, 0).fill(&mut values);
    let values: Vec<T> = values.into_iter().map(|x| T::from_f64(f64::from(x))).collect();
    Tensor::from_vec(values, dims, &Device::Cpu).expect("as many values as the shape holds")
}

fn values<T: Real>(tensor: &Tensor) -> Vec<T> {
    tensor.flatten_all().and_then(|flat| flat.to_vec1()).expect("of that type")
}

/// The worst difference; a NaN where either has one the other has not.
fn worst<T: Real>(a: &[T], b: &[T]) -> f64 {
    assert_eq!(a.len(), b.len());
    let apart = |(a, b): (&T, &T)| (a.to_f64() - b.to_f64()).abs();
    a.iter().zip(b).map(apart).fold(0.0, |worst, d| if d <= worst { worst } else { d })
}

#[test]
fn every_source_compiles_for_both_types() {
    for source in Source::ALL {
        for real in [f32::NAME, f64::NAME] {
            if program(source, real).is_none() {
                return;
            }
        }
    }
}

#[test]
fn draws_have_the_bits_of_the_definition() {
    fn check<T: Real>() {
        let source = PhiloxNormals { seed: 0x1234_5678_9abc_def0, repeat: 3 };
        for (outs, fan, side) in [(5, 3, 3), (64, 1, 5), (40, 24, 1), (1, 1, 1)] {
            let shape = [outs, fan, side, side];
            let tensor = Draw::Weights { layer: 7 };
            let len = shape.iter().product::<u32>() as usize;
            let sequence = source.sequence(tensor, shape);
            let sizes = [outs, fan, side * side].map(|n| n as usize);
            let launch = weights(&sequence, sizes[0], sizes[1], sizes[2]);
            let Some(drawn) = run::<T>(&launch, &[untouched::<T>(len)]) else { return };
            let mut expected = vec![0.0; len];
            source.clone().fill(tensor, shape, &mut expected);
            let expected: Vec<T> = expected.into_iter().map(T::from_f64).collect();
            assert!(drawn[0] == T::bytes(&expected), "{shape:?} {}", T::NAME);
        }
        let shape = [5, 3, 9, 9];
        for (start, samples) in [(0, 5), (0, 2), (3, 2), (1, 1)] {
            let sequence = |tensor| source.sequence(tensor, shape);
            let images = Images { channels: 3, pixels: 81, start, samples };
            let launch = inputs(&sequence(Draw::Input), &sequence(Draw::Noise), 0.01, images);
            let len = 2 * 3 * 81 * samples;
            let Some(drawn) = run::<T>(&launch, &[untouched::<T>(len)]) else { return };
            let pair = input_pair(&mut source.clone(), 0.01, shape, (start, samples));
            let expected: Vec<T> = pair.into_iter().map(T::from_f64).collect();
            assert!(drawn[0] == T::bytes(&expected), "{start} {samples} {}", T::NAME);
        }
    }
    check::<f32>();
    check::<f64>();
}

#[test]
fn depthwise_convs_match_their_twin() {
    fn check<T: Real>(tolerance: f64) {
        let (channels, samples) = (3, 2);
        for kernel in [Kernel::K1, Kernel::K3, Kernel::K5, Kernel::K7] {
            for (stride, side) in [1, 2, 3].into_iter().flat_map(|s| [1, 2, 7, 18].map(|r| (s, r)))
            {
                let width = channels as u32;
                let (in_channels, out_channels, groups) = (width, width, width);
                let conv = Conv { in_channels, out_channels, kernel, stride, groups };
                let window = Window::new(&conv, side);
                let x = normals::<T>(&[channels, samples, side, side], 0);
                let weight = normals::<T>(&[channels, 1, window.kernel, window.kernel], 1);
                let expected = convolve(&x, &weight, &conv, Kernels::Cpu).expect("a valid conv");
                let expected = values::<T>(&expected);
                let launch = depthwise(channels, samples, window);
                let buffers = [values(&x), values(&weight)].map(|values| T::bytes(&values));
                let out = untouched::<T>(expected.len());
                let buffers: Vec<_> = buffers.into_iter().chain([out]).collect();
                let Some(after) = run::<T>(&launch, &buffers) else { return };
                let apart = worst(&T::values(&after[2]), &expected);
                assert!(apart < tolerance, "{window:?} {}: {apart:e}", T::NAME);
            }
        }
    }
    check::<f32>(1e-4);
    check::<f64>(1e-12);
}

#[test]
fn patches_are_those_of_their_twin() {
    let (channels, samples, side) = (3, 2, 7);
    for (kernel, stride) in [(3, 1), (5, 2), (7, 3), (1, 2)] {
        let window = Window { kernel, stride, side, out: usize::div_ceil(side, stride) };
        let all = samples * window.out;
        for lines in [0..all, 1..all - 1, all - 1..all] {
            let x = normals::<f32>(&[channels, samples, side, side], 0);
            let twin = Patches { window, lines: lines.clone() };
            let expected = values::<f32>(&x.apply_op1_no_bwd(&twin).expect("patches"));
            let launch = patches(channels, samples, window, (lines.start, lines.len()));
            let buffers = [f32::bytes(&values(&x)), untouched::<f32>(expected.len())];
            let Some(after) = run::<f32>(&launch, &buffers) else { return };
            assert!(after[1] == f32::bytes(&expected), "{window:?} {lines:?}");
        }
    }
}

/// Rows that a block takes for itself, and rows of several segments.
#[test]
fn norms_match_their_twin() {
    fn check<T: Real>(tolerance: f64, activation: Activation) {
        for (channels, samples, side) in [(3, 4, 5), (2, 2, 1), (1, 2, 130), (1, 4, 200)] {
            let x = normals::<T>(&[channels, samples, side, side], 0);
            // Means far from 0 are where sums of squares would fail.
            let x = (x + 3.0).expect("a sum");
            let before = values::<T>(&x);
            let rows = Rows::of(x.layout()).expect("four axes");
            assert_eq!(rows, Rows { rows: 2 * channels, n: samples / 2 * side * side });
            let expected_moments =
                values::<f64>(&moments_on_cpu(&x, Kernels::Cpu).expect("moments"));
            let (y, _) = norm_on_cpu(x, activation, Kernels::Cpu).expect("a norm");
            let expected = values::<T>(&y);
            let moments_len = untouched::<f64>(2 * rows.rows);
            let (normalised, told) = if rows.take_a_block_each() {
                let buffers = [T::bytes(&before), moments_len];
                let Some(after) = run::<T>(&norm(rows, activation), &buffers) else { return };
                (after[0].clone(), after[1].clone())
            } else {
                let partial = untouched::<f64>(2 * rows.rows * rows.segments());
                let buffers = [T::bytes(&before), partial];
                let Some(after) = run::<T>(&sums(rows), &buffers) else { return };
                let buffers = [after[1].clone(), moments_len];
                let after = run::<T>(&moments(rows), &buffers).expect("it ran before");
                let told = after[1].clone();
                let buffers = [told.clone(), T::bytes(&before)];
                let after =
                    run::<T>(&normalise(rows, activation), &buffers).expect("it ran before");
                (after[1].clone(), told)
            };
            let apart = worst(&f64::values(&told), &expected_moments);
            assert!(apart < 1e-6_f64.min(tolerance), "{rows:?} {}: moments {apart:e}", T::NAME);
            let apart = worst(&T::values(&normalised), &expected);
            assert!(apart < tolerance, "{rows:?} {}: {apart:e}", T::NAME);
        }
    }
    assert!(Rows { rows: 2, n: 4 * 130 * 130 }.segments() > 1);
    for activation in [Activation::Relu, Activation::Linear] {
        check::<f32>(1e-5, activation);
        check::<f64>(1e-12, activation);
    }
}

#[test]
fn a_value_that_is_none_stays_one_in_a_norm() {
    let mut row = vec![1.0, 2.0, f32::NAN, 4.0];
    row.extend([1.0, 2.0, 3.0, f32::INFINITY]);
    let rows = Rows { rows: 2, n: 4 };
    let buffers = [f32::bytes(&row), untouched::<f64>(4)];
    let Some(after) = run::<f32>(&norm(rows, Activation::Relu), &buffers) else { return };
    assert!(f64::values(&after[1])[1].is_nan() && f64::values(&after[1])[3].is_nan());
    assert!(f32::values(&after[0]).iter().all(|y| y.is_nan()));
}

#[test]
fn comparisons_match_their_twin() {
    fn check<T: Real>() {
        for (channels, batch, side) in [(1, 1, 1), (40, 3, 7), (300, 2, 2)] {
            let map = normals::<T>(&[channels, 2 * batch, side, side], 0);
            let expected = compare_on_cpu(&map, Kernels::Cpu).expect("sums");
            assert_eq!((expected.dims(), expected.dtype()), (&[batch, TOLD][..], DType::F64));
            let expected = values::<f64>(&expected);
            let launch = compare(channels, batch, side * side);
            let buffers = [T::bytes(&values(&map)), untouched::<f64>(expected.len())];
            let Some(after) = run::<T>(&launch, &buffers) else { return };
            let apart = worst(&f64::values(&after[1]), &expected);
            assert!(apart < 1e-10, "{channels} {batch} {side}: {apart:e}");
        }
    }
    check::<f32>();
    check::<f64>();
}
