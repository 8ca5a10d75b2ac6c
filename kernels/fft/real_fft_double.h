// A double-precision transform for designing filters, over the lanes of WideFft.
#pragma once

#include <complex>
#include <vector>

namespace lathe {

// In place, X[k] = sum x[n] exp(-2 pi i k n / N), N = x.size() a power of two; throws std::invalid_argument otherwise.
void fft_double(std::vector<std::complex<double>>& x);

// The sequence whose spectrum is real and even: `half` holds bins 0..N/2 (N/2 a power of two). Returns x[0..N/2], and
// x[N - n] = x[n]. One call back and forth multiplies by N.
std::vector<double> even_transform(const std::vector<double>& half);

}  // namespace lathe
