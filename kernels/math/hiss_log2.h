// Logarithms and powers of two in single precision, good enough to weigh noise by: the lanes' and the block kernels'
// polynomials, and the scalar form of them.
#pragma once

#include <cstdint>

#include "kernels/math/bits.h"
#include "kernels/math/host_device.h"

namespace lathe {

// log2 m for m from sqrt(1/2) to sqrt(2) is a polynomial in m - 1, the highest power first; the lowest is 0. The
// exponent is found by taking kHissRootHalf, the bits of sqrt(1/2), from those of the number.
constexpr std::int32_t kHissRootHalf = 0x3f3504f3;
constexpr float kHissLog2[5] = {0.24239271f, -0.39246483f, 0.4882264f, -0.72040099f, 1.44252159f};
// 2^f for f from -1/2 to 1/2.
constexpr float kHissExp2[5] = {0.0096004f, 0.05591689f, 0.24023718f, 0.69312199f, 1.0f};

// log2 of a normal x > 0, within 2e-5.
LATHE_HOST_DEVICE inline float hiss_log2(float x) {
  const auto bits = bits_as<std::int32_t>(x);
  const std::int32_t exponent = (bits - kHissRootHalf) >> 23;
  const float m = bits_as<float>(bits - exponent * (1 << 23)) - 1;
  constexpr float kFirst = kHissLog2[0], kSecond = kHissLog2[1], kThird = kHissLog2[2], kFourth = kHissLog2[3],
                  kLast = kHissLog2[4];
  const float p = (((kFirst * m + kSecond) * m + kThird) * m + kFourth) * m + kLast;
  return p * m + static_cast<float>(exponent);
}

// 2^x for |x| < 126, within 1e-5 of it.
LATHE_HOST_DEVICE inline float hiss_exp2(float x) {
  const auto rounded = static_cast<std::int32_t>(x + (x < 0 ? -0.5f : 0.5f));
  const float f = x - static_cast<float>(rounded);
  constexpr float kFirst = kHissExp2[0], kSecond = kHissExp2[1], kThird = kHissExp2[2], kFourth = kHissExp2[3],
                  kLast = kHissExp2[4];
  const float p = (((kFirst * f + kSecond) * f + kThird) * f + kFourth) * f + kLast;
  return bits_as<float>(bits_as<std::int32_t>(p) + rounded * (1 << 23));
}

}  // namespace lathe
