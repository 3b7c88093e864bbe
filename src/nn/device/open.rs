//! Opening what was chosen: which GPUs are taken, what is said where it is the CPU instead.

use super::{Device, DeviceChoice, DeviceError};
use crate::nn::{
    gpu::{self, Gpu},
    kernels::KernelChoice,
};
use crate::text::{binary, printable};

/// Opens what was chosen. `Auto` never fails for want of a GPU: it is the CPU then. The second value is
/// one line about what is not as one may expect.
///
/// # Errors
/// A GPU asked for by name that this build or this machine doesn't have, or such kernels.
pub fn open(
    choice: DeviceChoice,
    kernels: KernelChoice,
) -> Result<(Device, Option<String>), DeviceError> {
    let (device, note) = match choice {
        DeviceChoice::Cpu => (Device::cpu(), None),
        DeviceChoice::Cuda(ordinals) => {
            let found = ordinals.iter().map(gpu::describe).collect::<Result<Vec<_>, _>>();
            let opened = found.and_then(|gpus| with_own_kernels(gpus, kernels));
            let (device, note) = opened.map_err(|why| DeviceError::Asked {
                asked: choice.to_string(),
                why: Box::new(why),
            })?;
            (device, note)
        }
        DeviceChoice::Auto => match idle_gpus().and_then(|(gpus, note)| {
            let (device, trouble) = with_own_kernels(gpus, kernels)?;
            Ok((device, note.or(trouble)))
        }) {
            Ok(opened) => opened,
            Err(error) => {
                let note = format!("device auto: using the CPU ({})", error.reason());
                (Device::cpu(), Some(note))
            }
        },
    };
    Ok((device.with_kernels(kernels)?, note))
}

/// `gpus` opened, with a note where they are not alike or their kernels can't be used.
fn with_own_kernels(
    gpus: Vec<Gpu>,
    kernels: KernelChoice,
) -> Result<(Device, Option<String>), DeviceError> {
    let odd = gpus.iter().find(|gpu| gpu.name != gpus[0].name).map(|gpu| {
        let (one, other) = (printable(&gpus[0].name), printable(&gpu.name));
        format!(
            "{one} and {other} may round differently: which of them scores a candidate can matter"
        )
    });
    let (device, trouble) = Device::gpus(gpus)?;
    match trouble {
        Some(error) if kernels == KernelChoice::Cuda => Err(error),
        Some(error) if kernels == KernelChoice::Auto => Ok((device, Some(error.reason()))),
        _ => Ok((device, odd)),
    }
}

/// The GPUs that nobody uses, of the first one's kind; where all are in use, the one with the most
/// memory left, and a note.
fn idle_gpus() -> Result<(Vec<Gpu>, Option<String>), DeviceError> {
    let count = gpu::check_driver()?;
    choose(&(0..count).map(gpu::describe).collect::<Vec<_>>())
}

fn choose(found: &[Result<Gpu, DeviceError>]) -> Result<(Vec<Gpu>, Option<String>), DeviceError> {
    let usable: Vec<&Gpu> = found.iter().flatten().collect();
    let idle: Vec<&&Gpu> = usable.iter().filter(|gpu| gpu.is_idle()).collect();
    if let Some(first) = idle.first() {
        let alike = idle.iter().filter(|gpu| gpu.name == first.name);
        return Ok((alike.map(|gpu| (**gpu).clone()).collect(), None));
    }
    match usable.iter().max_by_key(|gpu| gpu.memory_free) {
        Some(freest) => {
            let (ordinal, free) = (freest.ordinal, binary(freest.memory_free));
            let note = format!("device auto: no GPU is idle, using cuda:{ordinal} ({free} free)");
            Ok((vec![(*freest).clone()], Some(note)))
        }
        None => Err(found.iter().find_map(|gpu| gpu.clone().err()).unwrap_or(DeviceError::NoGpu)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gpu_that_is_not_there_is_an_error_that_says_why() {
        let asked = "cuda:99".parse().expect("a device");
        let error = open(asked, KernelChoice::Auto).expect_err("no machine has 100 GPUs");
        assert!(error.to_string().starts_with("cuda:99 was asked for, but "), "{error}");
        assert!(error.to_string().ends_with("or use `--device cpu`"), "{error}");
        if !cfg!(feature = "cuda") {
            assert!(error.to_string().contains("rebuild it with `--features cuda`"), "{error}");
        }
        let why = DeviceError::NoSuchGpu { ordinal: 9, count: 2 };
        let error = DeviceError::Asked { asked: "cuda:0,cuda:9".to_owned(), why: Box::new(why) };
        let expected = "cuda:0,cuda:9 was asked for, but there is no cuda:9: the driver sees cuda:0 to \
                        cuda:1; name another, or use `--device cpu`";
        assert_eq!(error.to_string(), expected);
        let why = DeviceError::OldDriver { driver: (12, 4), needed: (13, 0) };
        let error = DeviceError::Asked { asked: "cuda:0".to_owned(), why: Box::new(why) };
        assert!(error.to_string().contains("it runs CUDA 12.4, and this zendo needs 13.0; update"));
    }

    #[test]
    fn auto_takes_the_idle_gpus_of_one_kind() {
        let gpu = |ordinal, name: &str, free: u64| {
            Ok(Gpu {
                ordinal,
                name: name.to_owned(),
                compute_capability: (9, 0),
                memory_free: free << 30,
                memory_total: 80 << 30,
            })
        };
        let broken = || Err(DeviceError::Unusable { ordinal: 0, reason: "ECC".to_owned() });
        let chosen = |found: &[Result<Gpu, DeviceError>]| {
            let (gpus, note) = choose(found).expect("there is one");
            (gpus.iter().map(|gpu| gpu.ordinal).collect::<Vec<_>>(), note)
        };
        let found = [broken(), gpu(1, "A", 10), gpu(2, "A", 80), gpu(3, "B", 80), gpu(4, "A", 79)];
        assert_eq!(chosen(&found), (vec![2, 4], None));
        let (one, note) = chosen(&[gpu(0, "A", 10), gpu(1, "A", 30)]);
        assert_eq!(one, [1]);
        assert!(note.expect("told").contains("no GPU is idle, using cuda:1"));
        assert_eq!(choose(&[broken()]).expect_err("none").to_string(), "cuda:0 can't be used: ECC");
    }

    #[test]
    fn auto_falls_back_with_one_line() {
        let (device, note) =
            open(DeviceChoice::Auto, KernelChoice::Auto).expect("auto never fails");
        if !cfg!(feature = "cuda") {
            assert_eq!(device.to_string(), "cpu");
            let note = note.expect("the fallback is told");
            assert!(note.contains("CPU") && !note.contains('\n'), "{note}");
        }
    }
}
