// BatchNorm by batch statistics, with ReLU where `relu` isn't 0, over rows of n values: a pass of a channel.
//
// Sums run in double: f32 values and their squares are exact there, so nothing has to be centred first.
// Their order depends on n alone.

struct Sums {
  double sum, squares;
};

// Σ and Σ² of what the threads of a block saw; every thread gets them.
static __device__ Sums gather(Sums mine) {
  __shared__ double sum[THREADS], squares[THREADS];
  sum[threadIdx.x] = mine.sum, squares[threadIdx.x] = mine.squares;
  __syncthreads();
  for (int half = THREADS / 2; half > 0; half /= 2) {
    if ((int)threadIdx.x < half) {
      sum[threadIdx.x] += sum[threadIdx.x + half];
      squares[threadIdx.x] += squares[threadIdx.x + half];
    }
    __syncthreads();
  }
  Sums all = {sum[0], squares[0]};
  return all;
}

static __device__ Sums sums_of(const REAL *row, int start, int end) {
  Sums mine = {0, 0};
  for (int i = start + (int)threadIdx.x; i < end; i += THREADS) {
    double value = (double)row[i];
    mine.sum += value, mine.squares += value * value;
  }
  return gather(mine);
}

// Mean and biased variance of n values. A NaN stays one.
static __device__ void moments_of(Sums all, int n, double *mean, double *variance) {
  *mean = all.sum / n;
  double v = all.squares / n - *mean * *mean;
  *variance = v < 0 ? 0 : v;
}

static __device__ void normalise_part(REAL *row, int start, int end, double mean, double variance, int relu) {
  REAL centre = (REAL)mean, scale = (REAL)(1 / sqrt(variance + EPSILON));
  for (int i = start + (int)threadIdx.x; i < end; i += THREADS) {
    REAL y = (row[i] - centre) * scale;
    row[i] = relu && y < 0 ? (REAL)0 : y;
  }
}

// A block a row: moments (rows, 2), and the row normalised in place.
extern "C" __global__ void norm(REAL *x, double *moments, int n, int relu) {
  REAL *row = x + (long long)blockIdx.x * n;
  double mean, variance;
  moments_of(sums_of(row, 0, n), n, &mean, &variance);
  if (threadIdx.x == 0) moments[2 * blockIdx.x] = mean, moments[2 * blockIdx.x + 1] = variance;
  normalise_part(row, 0, n, mean, variance, relu);
}

// The same in three launches, where rows are too few and too long for a block each: a block a segment.
extern "C" __global__ void sums(const REAL *x, double *partial, int n, int segments) {
  int row = blockIdx.x / segments, start = blockIdx.x % segments * SEGMENT;
  int end = n - start < SEGMENT ? n : start + SEGMENT;
  Sums all = sums_of(x + (long long)row * n, start, end);
  if (threadIdx.x == 0) partial[2 * blockIdx.x] = all.sum, partial[2 * blockIdx.x + 1] = all.squares;
}

extern "C" __global__ void moments(const double *partial, double *moments, int rows, int n, int segments) {
  int row = blockIdx.x * blockDim.x + threadIdx.x;
  if (row >= rows) return;
  Sums all = {0, 0};
  for (int i = row * segments; i < (row + 1) * segments; ++i)
    all.sum += partial[2 * i], all.squares += partial[2 * i + 1];
  moments_of(all, n, &moments[2 * row], &moments[2 * row + 1]);
}

extern "C" __global__ void normalise(const double *moments, REAL *x, int n, int segments, int relu) {
  int row = blockIdx.x / segments, start = blockIdx.x % segments * SEGMENT;
  int end = n - start < SEGMENT ? n : start + SEGMENT;
  normalise_part(x + (long long)row * n, start, end, moments[2 * row], moments[2 * row + 1], relu);
}
