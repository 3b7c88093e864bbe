//! GPUs as their driver describes them: which there are, why one can't be used, streams on one.
//!
//! Must not know: networks. Invariant: without the `cuda` feature there is none, and every question has
//! an answer in words.

use super::device::DeviceError;

/// One GPU.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gpu {
    /// As in `cuda:N`.
    pub ordinal: usize,
    /// "NVIDIA H100 80GB HBM3"
    pub name: String,
    /// (9, 0)
    pub compute_capability: (u32, u32),
    /// Bytes.
    pub memory_free: u64,
    /// Bytes.
    pub memory_total: u64,
}

impl Gpu {
    /// Whether nobody seems to use it: a context alone takes some hundred megabytes.
    pub(super) fn is_idle(&self) -> bool {
        const CONTEXTS: u64 = 1 << 30;
        self.memory_total - self.memory_free.min(self.memory_total) <= CONTEXTS
    }
}

/// The GPUs of this machine, or why there are none to be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gpus {
    /// The newest CUDA that the driver runs, (major, minor); none where there is no driver.
    pub driver: Option<(u32, u32)>,
    pub gpus: Vec<Gpu>,
    /// One line where one can't be used, or none: built without the feature, no driver, driver too old, no
    /// GPU.
    pub problem: Option<String>,
}

/// Asks the driver. This opens every GPU for a moment, to know its free memory.
pub fn gpus() -> Gpus {
    let driver = driver::version();
    let found = match check_driver() {
        Ok(count) => (0..count).map(driver::describe).collect(),
        Err(error) => vec![Err(error)],
    };
    // One that is broken hides none of the others.
    let problem = found.iter().find_map(|gpu| gpu.as_ref().err()).map(DeviceError::reason);
    Gpus { driver, gpus: found.into_iter().flatten().collect(), problem }
}

/// The number of GPUs, at least 1.
pub(super) fn check_driver() -> Result<usize, DeviceError> {
    let needed = driver::built_for().ok_or(DeviceError::NotBuilt)?;
    let driver = driver::version().ok_or(DeviceError::NoDriver)?;
    if let Some(name) = driver::missing_library(needed) {
        return Err(DeviceError::NoLibrary { name, version: needed });
    }
    // Within a major version old drivers run new programs, but do not compile their kernels.
    if driver < needed {
        return Err(DeviceError::OldDriver { driver, needed });
    }
    match driver::count()? {
        0 => Err(DeviceError::NoGpu),
        count => Ok(count),
    }
}

/// What a GPU number `ordinal` is, if it can be used at all.
pub(super) fn describe(ordinal: usize) -> Result<Gpu, DeviceError> {
    let count = check_driver()?;
    if ordinal >= count {
        return Err(DeviceError::NoSuchGpu { ordinal, count });
    }
    driver::describe(ordinal)
}

pub(super) use driver::{prepare, stream};

#[cfg(not(feature = "cuda"))]
mod driver {
    use super::{DeviceError, Gpu};

    pub(super) fn built_for() -> Option<(u32, u32)> {
        None
    }

    pub(super) fn version() -> Option<(u32, u32)> {
        None
    }

    pub(super) fn missing_library(_: (u32, u32)) -> Option<String> {
        None
    }

    pub(super) fn count() -> Result<usize, DeviceError> {
        Err(DeviceError::NotBuilt)
    }

    pub(super) fn describe(_: usize) -> Result<Gpu, DeviceError> {
        Err(DeviceError::NotBuilt)
    }

    pub(in crate::nn) fn prepare(_: &candle_core::Device) -> candle_core::Result<()> {
        Ok(())
    }

    pub(in crate::nn) fn stream(ordinal: usize) -> candle_core::Result<candle_core::Device> {
        candle_core::Device::new_cuda(ordinal)
    }
}

#[cfg(feature = "cuda")]
#[expect(unsafe_code, reason = "settings that the bindings leave to their user")]
mod driver {
    use candle_core::cuda::cudarc::driver::{CudaContext, DriverError, result, sys};

    use super::{DeviceError, Gpu};

    /// The CUDA whose headers this program was built with.
    pub(super) fn built_for() -> Option<(u32, u32)> {
        Some(split(sys::CUDA_VERSION))
    }

    /// As CUDA writes versions: 1000 · major + 10 · minor.
    fn split(version: u32) -> (u32, u32) {
        (version / 1000, version % 1000 / 10)
    }

    /// A program that links its libraries lazily starts without them, and may end at the first call: they
    /// are looked for before.
    fn is_there(library: &str) -> bool {
        // SAFETY: NVIDIA's libraries may be opened at any time, and this program uses them anyway.
        unsafe { libloading::Library::new(library) }.is_ok()
    }

    /// The first of the libraries that Candle uses, of that CUDA, which can't be opened.
    pub(super) fn missing_library((major, _): (u32, u32)) -> Option<String> {
        let of_toolkit = ["cublasLt", "cublas"].map(|name| format!("lib{name}.so.{major}"));
        let mut all = of_toolkit.into_iter().chain(["libcurand.so.10".to_owned()]);
        all.find(|library| !is_there(library))
    }

    pub(super) fn version() -> Option<(u32, u32)> {
        if !is_there("libcuda.so.1") {
            return None;
        }
        let mut version = 0;
        // SAFETY: it writes the one number it is given.
        let status = unsafe { sys::cuDriverGetVersion(&mut version) };
        let version = u32::try_from(version).ok().filter(|version| *version > 0)?;
        (status == sys::CUresult::CUDA_SUCCESS).then(|| split(version))
    }

    pub(super) fn count() -> Result<usize, DeviceError> {
        let count = result::init().and_then(|()| result::device::get_count());
        match count {
            Ok(count) => Ok(usize::try_from(count).unwrap_or(0)),
            Err(DriverError(sys::CUresult::CUDA_ERROR_NO_DEVICE)) => Ok(0),
            Err(error) => Err(DeviceError::Driver { reason: error.to_string() }),
        }
    }

    pub(super) fn describe(ordinal: usize) -> Result<Gpu, DeviceError> {
        let unusable =
            |error: DriverError| DeviceError::Unusable { ordinal, reason: error.to_string() };
        let context = CudaContext::new(ordinal).map_err(unusable)?;
        let (major, minor) = context.compute_capability().map_err(unusable)?;
        let (free, total) = context.mem_get_info().map_err(unusable)?;
        Ok(Gpu {
            ordinal,
            name: context.name().map_err(unusable)?,
            compute_capability: (major.unsigned_abs(), minor.unsigned_abs()),
            memory_free: free as u64,
            memory_total: total as u64,
        })
    }

    /// Compiles our kernels for `device` and loads them.
    pub(in crate::nn) fn prepare(device: &candle_core::Device) -> candle_core::Result<()> {
        let (major, _) = split(sys::CUDA_VERSION);
        let compiler = format!("libnvrtc.so.{major}");
        if !is_there(&compiler) {
            return Err(candle_core::Error::msg(format!("{compiler} can't be opened")));
        }
        crate::nn::graph::prepare(device.as_cuda_device()?)
    }

    /// A stream of its own on a GPU, with a cuBLAS handle of its own, so that products round the same
    /// whatever runs beside it.
    pub(in crate::nn) fn stream(ordinal: usize) -> candle_core::Result<candle_core::Device> {
        candle_core::cuda::set_gemm_reduced_precision_f32(false);
        let device = candle_core::Device::new_cuda_with_stream(ordinal)?;
        let cuda = device.as_cuda_device()?;
        // SAFETY: an engine's tensors never leave its stream, which keeps their order.
        unsafe { cuda.disable_event_tracking() };
        // Without it, it is slower and nothing else.
        let _ = keep_freed_memory(cuda.cuda_stream().context());
        Ok(device)
    }

    /// Lets the device's pool keep what tensors free: a network allocates the same again and again, and
    /// what it gives back at its one wait would have to be asked of the system anew.
    fn keep_freed_memory(context: &CudaContext) -> Result<(), DriverError> {
        if !context.has_async_alloc() {
            return Ok(());
        }
        let mut bytes = u64::MAX;
        let attribute = sys::CUmemPool_attribute::CU_MEMPOOL_ATTR_RELEASE_THRESHOLD;
        // SAFETY: the pool is the device's own, and the attribute is a number of 64 bits.
        unsafe {
            let pool = result::device::get_default_mem_pool(context.cu_device())?;
            result::mem_pool::set_attribute(pool, attribute, (&raw mut bytes).cast())
        }
    }
}
