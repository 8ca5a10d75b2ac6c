// Restoration stages on every backend: what users get on the CPU, block kernels on the CPU launcher, and CUDA.
#pragma once

#include <memory>

#include "kernels/restoration/denoise.h"
#include "tests/support/backends.h"

namespace lathe::test {

// `hops` of a segment count for block kernels alone.
std::unique_ptr<Restorer> make_denoise(TestBackend backend, const DenoiseSettings& settings,
                                       const RestorationFormat& format, std::int64_t hops = 16);

}  // namespace lathe::test
