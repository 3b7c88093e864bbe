// Gaussian draws, bit for bit as random::normal defines them: integers, and float additions, products
// and roots, each rounded on its own (this file is compiled without fused multiply-adds).
//
// A thread makes one Philox block: four draws, 16 places apart in their group of 64. Tensors are drawn
// channels last and stored channels first.

static __device__ void philox(unsigned c[4], unsigned key0, unsigned key1) {
  for (int round = 0; round < 10; ++round) {
    unsigned long long p0 = 0xD2511F53ull * c[0], p1 = 0xCD9E8D57ull * c[2];
    unsigned first = (unsigned)(p1 >> 32) ^ c[1] ^ key0;
    unsigned third = (unsigned)(p0 >> 32) ^ c[3] ^ key1;
    c[0] = first, c[1] = (unsigned)p1, c[2] = third, c[3] = (unsigned)p0;
    key0 += 0x9E3779B9u, key1 += 0xBB67AE85u;
  }
}

static __device__ float radius(unsigned word) {
  const float series_of[9] = LOGARITHM;
  float u = ((float)(int)(word >> 1) + 0.5f) * CELL;
  unsigned bits = __float_as_uint(u);
  int e = (int)(bits - 0x3F3504F3u) >> 23;
  float m = __uint_as_float(bits - ((unsigned)e << 23));
  float power = (float)e, x = m - 1.0f, square = x * x, series = series_of[0];
  for (int i = 1; i < 9; ++i) series = series * x + series_of[i];
  float tail = series * x * square + power * LN_2_LOW + square * -0.5f;
  float ln = x + tail + power * LN_2_HIGH;
  return sqrtf(ln * -2.0f);
}

static __device__ void sin_cos(unsigned word, float *sine, float *cosine) {
  const float s[3] = SINE, c[3] = COSINE;
  unsigned quarter = (word + (1u << 29)) >> 30;
  float angle = (float)(int)(word - (quarter << 30)) * TURN, square = angle * angle;
  float sin = ((square * s[0] + s[1]) * square + s[2]) * square * angle + angle;
  float cos = ((square * c[0] + c[1]) * square + c[2]) * square * square + square * -0.5f + 1.0f;
  if (quarter & 1) {
    float swapped = sin;
    sin = cos, cos = swapped;
  }
  *sine = __uint_as_float(__float_as_uint(sin) ^ ((quarter & 2) << 30));
  *cosine = __uint_as_float(__float_as_uint(cos) ^ (((quarter + 1) & 2) << 30));
}

// The draws of a block, at places `first_of(block)` + 0, 16, 32, 48.
static __device__ void normals(unsigned block, unsigned key0, unsigned key1, unsigned c1, unsigned c2,
                               unsigned c3, float z[4]) {
  unsigned words[4] = {block, c1, c2, c3};
  philox(words, key0, key1);
  for (int pair = 0; pair < 2; ++pair) {
    float r = radius(words[2 * pair]), sine, cosine;
    sin_cos(words[2 * pair + 1], &sine, &cosine);
    z[2 * pair] = r * cosine;
    z[2 * pair + 1] = r * sine;
  }
}

static __device__ long long first_of(unsigned block) {
  return (long long)(block / 16) * 64 + block % 16;
}

// (outs, fan, k, k) of one conv, drawn as (k, k, fan, outs).
extern "C" __global__ void weights(REAL *out, unsigned key0, unsigned key1, unsigned c1, unsigned c2,
                                   unsigned c3, int outs, int fan, int taps) {
  unsigned block = blockIdx.x * blockDim.x + threadIdx.x;
  long long first = first_of(block), total = (long long)outs * fan * taps;
  if (first >= total) return;
  float z[4];
  normals(block, key0, key1, c1, c2, c3, z);
  for (int j = 0; j < 4; ++j) {
    long long place = first + 16 * j;
    if (place >= total) return;
    int of = (int)(place % outs);
    long long rest = place / outs;
    int second = (int)(rest % fan), tap = (int)(rest / fan);
    out[((long long)of * fan + second) * taps + tap] = (REAL)z[j];
  }
}

// x and x + alpha·e of the samples `start` to `start + samples`: (channels, 2·samples, pixels), drawn
// as (sample, pixel, channel). The sequences differ in their purposes alone.
extern "C" __global__ void inputs(REAL *out, unsigned key0, unsigned key1, unsigned c1, unsigned c2,
                                  unsigned of_input, unsigned of_noise, double alpha, int channels,
                                  int pixels, int start, int samples) {
  unsigned block = blockIdx.x * blockDim.x + threadIdx.x;
  long long size = (long long)pixels * channels;
  long long first = first_of(block), from = start * size, to = from + samples * size;
  if (first >= to || first + 48 < from) return;
  float x[4], e[4];
  normals(block, key0, key1, c1, c2, of_input, x);
  normals(block, key0, key1, c1, c2, of_noise, e);
  for (int j = 0; j < 4; ++j) {
    long long place = first + 16 * j;
    if (place < from || place >= to) continue;
    int channel = (int)(place % channels);
    long long rest = place / channels;
    long long pixel = rest % pixels, sample = rest / pixels - start;
    REAL *clean = out + ((long long)channel * 2 * samples + sample) * pixels + pixel;
    clean[0] = (REAL)x[j];
    clean[(long long)samples * pixels] = (REAL)((double)x[j] + (double)e[j] * alpha);
  }
}
