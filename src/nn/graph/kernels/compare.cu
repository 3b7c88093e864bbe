// What the last map (channels, 2·batch, pixels) tells of each sample, clean y and perturbed z, in double:
// Σ|y - z|, Σ(y - z)², Σy, Σy². A block a sample.

extern "C" __global__ void compare(const REAL *map, double *told, int channels, int batch, int pixels) {
  __shared__ double parts[4][THREADS];
  int sample = blockIdx.x;
  double mine[4] = {0, 0, 0, 0};
  for (int i = threadIdx.x; i < channels * pixels; i += THREADS) {
    int channel = i / pixels, pixel = i % pixels;
    const REAL *clean = map + ((long long)channel * 2 * batch + sample) * pixels + pixel;
    double y = (double)clean[0], d = y - (double)clean[(long long)batch * pixels];
    mine[0] += fabs(d), mine[1] += d * d, mine[2] += y, mine[3] += y * y;
  }
  for (int p = 0; p < 4; ++p) parts[p][threadIdx.x] = mine[p];
  __syncthreads();
  for (int half = THREADS / 2; half > 0; half /= 2) {
    if ((int)threadIdx.x < half)
      for (int p = 0; p < 4; ++p) parts[p][threadIdx.x] += parts[p][threadIdx.x + half];
    __syncthreads();
  }
  if (threadIdx.x < 4) told[4 * sample + threadIdx.x] = parts[threadIdx.x][0];
}
