// im2col over (channels, samples, side, side): rows (channel, tap), columns (line, x) where lines count
// the outputs' rows through all samples. Only `lines` of them, from `first` on, are made.

extern "C" __global__ void patches(const REAL *x, REAL *y, int channels, int samples, int side, int out,
                                   int kernel, int stride, int first, int lines) {
  int columns = lines * out;
  int at = blockIdx.x * blockDim.x + threadIdx.x;
  if (at >= columns) return;
  int line = first + at / out, ox = at % out;
  int sample = line / out, oy = line % out, pad = (kernel - 1) / 2, taps = kernel * kernel;
  const REAL *map = x + (long long)sample * side * side;
  for (int row = blockIdx.y; row < channels * taps; row += gridDim.y) {
    int channel = row / taps, tap = row % taps;
    int iy = oy * stride + tap / kernel - pad, ix = ox * stride + tap % kernel - pad;
    bool inside = iy >= 0 && iy < side && ix >= 0 && ix < side;
    long long from = ((long long)channel * samples * side + iy) * side + ix;
    y[(long long)row * columns + at] = inside ? map[from] : (REAL)0;
  }
}
