// The discrete Fourier transform as it is defined, one frequency at a time.
#pragma once

#include <complex>
#include <cstdint>
#include <span>
#include <vector>

#include "tests/support/track.h"

namespace lathe::test {

using Complex = std::complex<double>;

// sum of x[n] exp(-2 pi i k n / N): the bin itself, its angles reduced exactly.
Complex dft_bin(std::span<const Complex> x, std::int64_t k);

// sum of x[n] exp(-2 pi i f (n - origin)) for any f in cycles a sample.
Complex response_at(std::span<const double> x, double cycles_per_sample, std::int64_t origin);

}  // namespace lathe::test
