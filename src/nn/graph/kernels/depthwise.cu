// Depthwise convolution over (channels, samples, side, side), padded by (k - 1) / 2 a side.
//
// Bound by memory as long as taps are read from registers and pixels from L1: a thread makes ROWS
// outputs of one column, so that a pixel is loaded once for all of them, and neighbours in a row are
// neighbours in memory.

#define ROWS 4

template <int K, int STRIDE>
static __device__ void column(const REAL *x, const REAL *w, REAL *y, int planes, int samples, int side,
                              int out) {
  const int PAD = (K - 1) / 2;
  int strips = (out + ROWS - 1) / ROWS;
  unsigned i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= (unsigned)planes * strips * out) return;
  int ox = i % out, strip = i / out % strips, plane = i / out / strips;
  const REAL *map = x + (long long)plane * side * side;
  const REAL *weights = w + (long long)(plane / samples) * K * K;
  int oy = strip * ROWS, top = oy * STRIDE - PAD, left = ox * STRIDE - PAD;
  REAL tap[K * K], sum[ROWS];
#pragma unroll
  for (int t = 0; t < K * K; ++t) tap[t] = weights[t];
#pragma unroll
  for (int o = 0; o < ROWS; ++o) sum[o] = 0;
#pragma unroll
  for (int r = 0; r < (ROWS - 1) * STRIDE + K; ++r) {
    bool row_inside = top + r >= 0 && top + r < side;
    const REAL *row = map + (long long)(top + r) * side;
#pragma unroll
    for (int c = 0; c < K; ++c) {
      bool inside = row_inside && left + c >= 0 && left + c < side;
      REAL value = inside ? row[left + c] : (REAL)0;
#pragma unroll
      for (int o = 0; o < ROWS; ++o) {
        int t = r - o * STRIDE;
        if (t >= 0 && t < K) sum[o] += value * tap[t * K + c];
      }
    }
  }
#pragma unroll
  for (int o = 0; o < ROWS; ++o)
    if (oy + o < out) y[((long long)plane * out + oy + o) * out + ox] = sum[o];
}

#define COLUMN(K, STRIDE)                                                                               \
  extern "C" __global__ void depthwise_##K##_##STRIDE(const REAL *x, const REAL *w, REAL *y,            \
                                                      int planes, int samples, int side, int out) {     \
    column<K, STRIDE>(x, w, y, planes, samples, side, out);                                             \
  }
COLUMN(3, 1)
COLUMN(3, 2)
COLUMN(5, 1)
COLUMN(5, 2)
COLUMN(7, 1)
COLUMN(7, 2)

// Any kernel and stride: an output a thread.
extern "C" __global__ void depthwise(const REAL *x, const REAL *w, REAL *y, int planes, int samples,
                                     int side, int out, int kernel, int stride) {
  unsigned i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= (unsigned)planes * out * out) return;
  int ox = i % out, oy = i / out % out, plane = i / out / out, pad = (kernel - 1) / 2;
  const REAL *map = x + (long long)plane * side * side;
  const REAL *weights = w + (long long)(plane / samples) * kernel * kernel;
  REAL sum = 0;
  for (int ty = 0; ty < kernel; ++ty) {
    int iy = oy * stride + ty - pad;
    if (iy < 0 || iy >= side) continue;
    for (int tx = 0; tx < kernel; ++tx) {
      int ix = ox * stride + tx - pad;
      if (ix >= 0 && ix < side) sum += map[(long long)iy * side + ix] * weights[ty * kernel + tx];
    }
  }
  y[i] = sum;
}
