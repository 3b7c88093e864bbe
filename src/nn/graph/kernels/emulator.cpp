// Runs CUDA kernels on the CPU, thread by thread, for tests: a block's threads are fibers that take
// turns at __syncthreads. Slow, and exactly what the kernel's source says. The kernels are pasted in
// front of main, a row for each of them into it.

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <string>
#include <tuple>
#include <ucontext.h>
#include <vector>

#define __global__
#define __device__
// Blocks run one after the other, so one copy is as good as one a block.
#define __shared__ static

struct Index {
  unsigned x, y;
};
static Index blockIdx, threadIdx, blockDim, gridDim;

static std::vector<ucontext_t> fibers;
static std::vector<std::vector<char>> stacks;
static std::vector<bool> done;
static ucontext_t scheduler;

static void __syncthreads() { swapcontext(&fibers[threadIdx.x], &scheduler); }
static unsigned __float_as_uint(float x) {
  unsigned u;
  memcpy(&u, &x, 4);
  return u;
}
static float __uint_as_float(unsigned u) {
  float x;
  memcpy(&x, &u, 4);
  return x;
}

@KERNELS@

struct Reader {
  std::vector<std::vector<char>> buffers;
  size_t next = 0;
  template <class T> T take(T *) {
    T value;
    if (fread(&value, sizeof value, 1, stdin) != 1) exit(3);
    return value;
  }
  // Buffers come before scalars, in the kernel's order.
  template <class T> T *take(T **) { return (T *)buffers.at(next++).data(); }
};

static void (*body)(void *);
static void *body_of;
static void fiber() {
  body(body_of);
  done[threadIdx.x] = true;
}

template <class... A> static void run(void (*kernel)(A...), Reader &reader) {
  std::tuple<A...> arguments{reader.take((A *)nullptr)...};
  auto call = [&] { std::apply(kernel, arguments); };
  body = [](void *of) { (*(decltype(call) *)of)(); };
  body_of = &call;
  unsigned threads = blockDim.x;
  stacks.assign(threads, std::vector<char>(64 << 10));
  for (blockIdx.y = 0; blockIdx.y < gridDim.y; ++blockIdx.y)
    for (blockIdx.x = 0; blockIdx.x < gridDim.x; ++blockIdx.x) {
      fibers.assign(threads, ucontext_t());
      done.assign(threads, false);
      for (unsigned t = 0; t < threads; ++t) {
        getcontext(&fibers[t]);
        fibers[t].uc_stack.ss_sp = stacks[t].data();
        fibers[t].uc_stack.ss_size = stacks[t].size();
        fibers[t].uc_link = &scheduler;
        makecontext(&fibers[t], fiber, 0);
      }
      for (bool any = true; any;) {
        any = false;
        for (threadIdx.x = 0; threadIdx.x < threads; ++threadIdx.x)
          if (!done[threadIdx.x]) any = true, swapcontext(&scheduler, &fibers[threadIdx.x]);
      }
    }
}

// Standard input: the grid (two words), the number of buffers (a word), each buffer's bytes (a word
// and the bytes), the scalars. Standard output: the buffers after the kernel ran.
int main(int, char **argv) {
  unsigned head[3];
  if (fread(head, sizeof head, 1, stdin) != 1) return 3;
  gridDim.x = head[0], gridDim.y = head[1], blockDim.x = THREADS, blockDim.y = 1;
  Reader reader;
  for (unsigned b = 0; b < head[2]; ++b) {
    unsigned bytes;
    if (fread(&bytes, sizeof bytes, 1, stdin) != 1) return 3;
    std::vector<char> buffer(bytes);
    if (bytes && fread(buffer.data(), bytes, 1, stdin) != 1) return 3;
    reader.buffers.push_back(buffer);
  }
  std::string name = argv[1];
  @DISPATCH@ { return 4; }
  for (auto &buffer : reader.buffers) fwrite(buffer.data(), 1, buffer.size(), stdout);
  return 0;
}
