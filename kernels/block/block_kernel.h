// One source for kernels of blocks of threads: a body is a sequence of phases, and between phases the block's threads
// meet.
//
// A kernel is a struct that holds its arguments by value and says
//   static constexpr int kThreads;                     threads of a block
//   struct Shared;                                     the block's shared memory: SharedArray members, no constructors
//   template <class Block>
//   LATHE_HOST_DEVICE void run(Block& block, Shared& shared) const;
// and run() is nothing but
//   block.phase([&](int thread) { ... });              all threads run it; then they have all seen what each wrote
//   typename Block::template PerThread<float> x;       a value of each thread that outlives a phase: x[thread]
//   block.index()                                      which block this is
//   block.read(shared.count)                           a shared value between phases: all threads have it before any
//   goes
//                                                      on to a phase that may write it
// with loops and branches around phases that are the same for all threads.
//
// The CUDA launcher (kernels/cuda/launcher.cuh) maps a phase to f(threadIdx.x); __syncthreads(), PerThread to a
// register and Shared to __shared__. The CPU launcher below runs a phase as a loop over the threads: the same body,
// under a debugger and the sanitizers, on a machine with no GPU. What users get on the CPU is not this but the lane
// kernels (kernels/simd).
#pragma once

#include <cstdint>
#include <cstring>
#include <type_traits>

#include "kernels/block/checked_memory.h"

namespace lathe::block {

// In which order the CPU runs the threads of a phase. Of two threads that touch one place in one phase, either comes
// first in one of the orders: a kernel without a race gives the same bits in both.
enum class ThreadOrder { forward, reversed };

template <int Threads>
class CpuBlock {
 public:
  template <class T>
  class PerThread {
   public:
    T& operator[](int thread) { return values_[thread]; }

   private:
    SharedArray<T, Threads> values_;
  };

  CpuBlock(std::int64_t index, ThreadOrder order) : index_(index), order_(order) {}

  std::int64_t index() const { return index_; }

  template <class T>
  T read(const T& shared) const {
    return shared;
  }

  template <class Body>
  void phase(Body&& body) {
    for (int i = 0; i < Threads; ++i) body(order_ == ThreadOrder::forward ? i : Threads - 1 - i);
  }

 private:
  std::int64_t index_;
  ThreadOrder order_;
};

// Runs blocks 0 .. blocks - 1 one after another. Before each, shared memory is filled with bits that are NaN in every
// floating type (and -1 in integers), so that a result made of what nobody wrote is not a number. Throws
// std::out_of_range when the kernel leaves its memory.
template <class Kernel>
void launch_on_cpu(const Kernel& kernel, std::int64_t blocks, ThreadOrder order = ThreadOrder::forward) {
  using Shared = typename Kernel::Shared;
  static_assert(std::is_trivial_v<Shared>, "shared memory is not constructed");
  Shared shared;
  for (std::int64_t b = 0; b < blocks; ++b) {
    std::memset(&shared, 0xff, sizeof shared);
    CpuBlock<Kernel::kThreads> block(b, order);
    kernel.run(block, shared);
  }
}

}  // namespace lathe::block
