//! Launching kernels on a GPU: NVRTC compiles them there, Candle's storage is what they work on.
//!
//! Must not know: networks. Invariant: everything goes to the stream of the storage's device, in
//! order, and nothing waits for it.
#![expect(unsafe_code, reason = "a launch hands pointers to a kernel")]

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use candle_core::{
    CudaDevice, CudaStorage, DType, Layout, Result,
    backend::BackendStorage,
    bail,
    cuda::{
        CudaDType, WrapErr,
        cudarc::{
            driver::{CudaFunction, CudaView, DeviceRepr, LaunchArgs, LaunchConfig, PushKernelArg},
            nvrtc::{CompileError, CompileOptions, compile_ptx_with_opts},
        },
    },
};

use super::{Launch, Scalar, Source, THREADS};

/// A type that kernels are compiled for.
trait Real: CudaDType + DeviceRepr {
    /// In CUDA C.
    const NAME: &str;
}

impl Real for f32 {
    const NAME: &str = "float";
}

impl Real for f64 {
    const NAME: &str = "double";
}

/// Compiles what a network in f32 needs, and loads it.
///
/// # Errors
/// There is no NVRTC, or the driver doesn't take what it makes.
pub(in crate::nn) fn prepare(device: &CudaDevice) -> Result<()> {
    let entry = |source| match source {
        Source::Draws => "weights",
        Source::Depthwise => "depthwise",
        Source::Patches => "patches",
        Source::Norm => "norm",
        Source::Compare => "compare",
    };
    Source::ALL.into_iter().try_for_each(|source| {
        function::<f32>(device, source, entry(source))?;
        Ok(())
    })
}

/// A new storage of `len` values, which `launch` makes of `inputs`, all of the first one's type.
pub(in crate::nn::graph) fn produce(
    launch: &Launch,
    inputs: &[(&CudaStorage, &Layout)],
    len: usize,
) -> Result<CudaStorage> {
    match inputs[0].0.dtype() {
        DType::F32 => produce_as::<f32, f32>(launch, inputs, len),
        DType::F64 => produce_as::<f64, f64>(launch, inputs, len),
        other => bail!("{}: expected f32 or f64, got {other:?}", launch.kernel),
    }
}

/// `len` numbers in f64 that `launch` makes of `x`.
pub(in crate::nn::graph) fn measure(
    launch: &Launch,
    x: &CudaStorage,
    layout: &Layout,
    len: usize,
) -> Result<CudaStorage> {
    match x.dtype() {
        DType::F32 => produce_as::<f32, f64>(launch, &[(x, layout)], len),
        DType::F64 => produce_as::<f64, f64>(launch, &[(x, layout)], len),
        other => bail!("{}: expected f32 or f64, got {other:?}", launch.kernel),
    }
}

/// `launch` fills or changes `x`, by `inputs` in f64.
pub(in crate::nn::graph) fn fill(
    launch: &Launch,
    inputs: &[(&CudaStorage, &Layout)],
    x: &mut CudaStorage,
    layout: &Layout,
) -> Result<()> {
    match x.dtype() {
        DType::F32 => fill_as::<f32>(launch, inputs, x, layout),
        DType::F64 => fill_as::<f64>(launch, inputs, x, layout),
        other => bail!("{}: expected f32 or f64, got {other:?}", launch.kernel),
    }
}

/// `launch` changes `x`, and gives `len` numbers in f64.
pub(in crate::nn::graph) fn fill_and_measure(
    launch: &Launch,
    x: &mut CudaStorage,
    layout: &Layout,
    len: usize,
) -> Result<CudaStorage> {
    match x.dtype() {
        DType::F32 => fill_and_measure_as::<f32>(launch, x, layout, len),
        DType::F64 => fill_and_measure_as::<f64>(launch, x, layout, len),
        other => bail!("{}: expected f32 or f64, got {other:?}", launch.kernel),
    }
}

fn produce_as<T: Real, Out: CudaDType + DeviceRepr>(
    launch: &Launch,
    inputs: &[(&CudaStorage, &Layout)],
    len: usize,
) -> Result<CudaStorage> {
    let device = inputs[0].0.device().clone();
    let function = function::<T>(&device, launch.source, launch.kernel)?;
    let views = views::<T>(inputs)?;
    // SAFETY: the launch writes all of it.
    let mut out = unsafe { device.alloc::<Out>(len)? };
    let stream = device.cuda_stream();
    let mut args = stream.launch_builder(&function);
    for view in &views {
        args.arg(view);
    }
    args.arg(&mut out);
    run(args, launch)?;
    Ok(CudaStorage::wrap_cuda_slice(out, device))
}

fn fill_as<T: Real>(
    launch: &Launch,
    inputs: &[(&CudaStorage, &Layout)],
    x: &mut CudaStorage,
    layout: &Layout,
) -> Result<()> {
    let device = x.device().clone();
    let function = function::<T>(&device, launch.source, launch.kernel)?;
    let views = views::<f64>(inputs)?;
    let (start, end) = offsets(layout)?;
    let mut x = x.as_cuda_slice_mut::<T>()?.slice_mut(start..end);
    let stream = device.cuda_stream();
    let mut args = stream.launch_builder(&function);
    for view in &views {
        args.arg(view);
    }
    args.arg(&mut x);
    run(args, launch)
}

fn fill_and_measure_as<T: Real>(
    launch: &Launch,
    x: &mut CudaStorage,
    layout: &Layout,
    len: usize,
) -> Result<CudaStorage> {
    let device = x.device().clone();
    let function = function::<T>(&device, launch.source, launch.kernel)?;
    let (start, end) = offsets(layout)?;
    let mut x = x.as_cuda_slice_mut::<T>()?.slice_mut(start..end);
    // SAFETY: the launch writes all of it.
    let mut out = unsafe { device.alloc::<f64>(len)? };
    let stream = device.cuda_stream();
    let mut args = stream.launch_builder(&function);
    args.arg(&mut x);
    args.arg(&mut out);
    run(args, launch)?;
    Ok(CudaStorage::wrap_cuda_slice(out, device))
}

fn run<'a>(mut args: LaunchArgs<'a>, launch: &'a Launch) -> Result<()> {
    for scalar in &launch.scalars {
        match scalar {
            Scalar::Int(value) => args.arg(value),
            Scalar::Word(value) => args.arg(value),
            Scalar::Real(value) => args.arg(value),
        };
    }
    let [x, y] = launch.blocks;
    let grid =
        LaunchConfig { grid_dim: (x, y, 1), block_dim: (THREADS, 1, 1), shared_mem_bytes: 0 };
    // SAFETY: the kernel's arguments are these, by their number and types, and it stays within buffers
    // of these sizes: the same launches run in the emulator's tests, which hold them to the CPU's twins.
    unsafe { args.launch(grid) }.w()?;
    Ok(())
}

fn views<'a, T: CudaDType>(inputs: &[(&'a CudaStorage, &Layout)]) -> Result<Vec<CudaView<'a, T>>> {
    let view = |(storage, layout): &(&'a CudaStorage, &Layout)| {
        let (start, end) = offsets(layout)?;
        Ok(storage.as_cuda_slice::<T>()?.slice(start..end))
    };
    inputs.iter().map(view).collect()
}

fn offsets(layout: &Layout) -> Result<(usize, usize)> {
    match layout.contiguous_offsets() {
        Some(offsets) => Ok(offsets),
        None => bail!("expected a contiguous tensor, got strides {:?}", layout.stride()),
    }
}

/// A kernel over values of type T, on its device.
fn function<T: Real>(device: &CudaDevice, source: Source, kernel: &str) -> Result<CudaFunction> {
    let capability = device.cuda_stream().context().compute_capability().w()?;
    let ptx = compiled(source, T::NAME, capability)?;
    let module = format!("zendo {} {}", source.name(), T::NAME);
    Ok(device.get_or_load_custom_func(kernel, &module, &ptx)?.into_cuda_function())
}

/// Source, type, compute capability.
type Compiled = (Source, &'static str, (i32, i32));

/// What NVRTC made, once for the process: as many as there are sources, types and kinds of GPUs.
static COMPILED: Mutex<Option<HashMap<Compiled, Arc<str>>>> = Mutex::new(None);

/// PTX for GPUs of `capability`.
fn compiled(source: Source, real: &'static str, capability: (i32, i32)) -> Result<Arc<str>> {
    let mut compiled = COMPILED.lock().unwrap_or_else(PoisonError::into_inner);
    let compiled = compiled.get_or_insert_default();
    let key = (source, real, capability);
    if let Some(ptx) = compiled.get(&key) {
        return Ok(Arc::clone(ptx));
    }
    let text = source.text(real);
    let compile = |options: Vec<String>| {
        let name = Some(format!("{}.cu", source.name()));
        let fmad = Some(source.fuses());
        compile_ptx_with_opts(&text, CompileOptions { fmad, options, name, ..Default::default() })
    };
    let (major, minor) = capability;
    // An NVRTC older than the GPU doesn't know it; what it makes by itself runs on newer ones too.
    let own = compile(vec![format!("--gpu-architecture=compute_{major}{minor}")]);
    let ptx = match own.or_else(|_| compile(Vec::new())) {
        Ok(ptx) => Arc::from(ptx.to_src()),
        Err(CompileError::CompileError { log, .. }) => {
            let log = log.to_string_lossy();
            bail!("NVRTC: {}", log.lines().next().unwrap_or("no log"))
        }
        Err(error) => bail!("NVRTC can't be used ({error}); is libnvrtc installed?"),
    };
    compiled.insert(key, Arc::clone(&ptx));
    Ok(ptx)
}
