//! Exported files in a Python interpreter, with the real torch or with a stub of shapes.

use std::{env, fs, process::Command};

use zendo::{
    arch::{Counting, LayerList, NetSpec, Structure, costs},
    export::{Options, pytorch},
};

/// What is exported, and what has to come of it.
pub struct Case {
    name: String,
    structure: Structure,
    resolution: u32,
}

impl Case {
    pub fn new(name: String, structure: Structure, resolution: u32) -> Case {
        Case { name, structure, resolution }
    }

    fn file(&self, squeeze_excite: bool) -> String {
        let Case { name, structure, resolution } = self;
        let options =
            Options { name: Some(name), resolution: *resolution, classes: 10, squeeze_excite };
        pytorch(structure, &options)
    }

    /// What the file prints, and what [`RUN`] adds: the shapes of features and logits of two images.
    fn expected(&self, squeeze_excite: bool) -> String {
        let spec = NetSpec { squeeze_excite, ..NetSpec::residual(self.resolution, 10) };
        let params = costs(&self.structure, &spec, Counting::Exact).params;
        let map = LayerList::new(&self.structure, &spec).pre_pool_shape();
        let (channels, side) = (map.channels, map.resolution);
        format!("{params} (1, 10) (2, {channels}, {side}, {side}) (2, 7)")
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Torch {
    Real,
    /// `stub/torch.py`.
    Stub,
}

/// A Python that imports the torch that was asked for.
pub struct Interpreter {
    python: String,
    torch: Torch,
}

/// Runs each file as a script, then builds its network for 7 classes.
const RUN: &str = r#"
import contextlib, io, runpy, sys, torch
for path, channels, side in zip(sys.argv[1::3], sys.argv[2::3], sys.argv[3::3]):
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        Net = runpy.run_path(path, run_name="__main__")["Net"]
    parameters, output = printed.getvalue().splitlines()
    net, images = Net(num_classes=7), torch.randn(2, int(channels), int(side), int(side))
    with torch.no_grad():
        shapes = tuple(net.eval().forward_features(images).shape), tuple(net(images).shape)
    if hasattr(torch, "autograd"):
        loss = net.train()(images).square().sum()
        loss.backward()
        assert all(p.grad is not None and p.grad.isfinite().all() for p in net.parameters())
    print(parameters[len("parameters"):].strip().replace(",", ""), output[len("output"):].strip(), *shapes)
"#;

impl Interpreter {
    /// None where there is none, after saying so.
    pub fn with(torch: Torch) -> Option<Interpreter> {
        let python = env::var("ZENDO_PYTHON").unwrap_or_else(|_| "python3".to_owned());
        let interpreter = Interpreter { python, torch };
        let reason = match interpreter.command("import torch").output() {
            Ok(output) if output.status.success() => return Some(interpreter),
            Ok(output) => {
                let said = String::from_utf8_lossy(&output.stderr).into_owned();
                said.lines().last().unwrap_or("no reason given").to_owned()
            }
            Err(error) => error.to_string(),
        };
        let python = &interpreter.python;
        println!(
            "skipped: {python} has no torch ({torch:?}): {reason}; ZENDO_PYTHON names another"
        );
        None
    }

    fn command(&self, code: &str) -> Command {
        let mut command = Command::new(&self.python);
        // The nets are tiny: more threads would wait for each other, on a busy machine for minutes.
        command.args(["-c", code]).env("OMP_NUM_THREADS", "1");
        if self.torch == Torch::Stub {
            command.env("PYTHONPATH", "tests/export/stub").env("PYTHONDONTWRITEBYTECODE", "1");
        }
        command
    }

    /// Every case, with and without squeeze-and-excitation, in one process.
    pub fn check(&self, cases: &[Case]) {
        let folder = tempfile::tempdir().expect("a folder");
        let mut command = self.command(RUN);
        let mut expected = Vec::new();
        for (index, case) in cases.iter().enumerate() {
            for squeeze_excite in [false, true] {
                let path = folder.path().join(format!("net{index}_{squeeze_excite}.py"));
                fs::write(&path, case.file(squeeze_excite)).expect("written");
                let channels = case.structure.blocks()[0].in_channels.to_string();
                command.arg(path).args([channels, case.resolution.to_string()]);
                expected.push((&case.name, squeeze_excite, case.expected(squeeze_excite)));
            }
        }
        let output = command.output().expect("it ran a moment ago");
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{errors}");
        let text = String::from_utf8(output.stdout).expect("UTF-8");
        assert_eq!(text.lines().count(), expected.len(), "{errors}");
        for (line, (name, squeeze_excite, expected)) in text.lines().zip(expected) {
            assert_eq!(line, expected, "{name:?}, squeeze-and-excitation {squeeze_excite}");
        }
    }
}
