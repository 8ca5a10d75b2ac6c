// The lane FFTs against the definition of the transform and against kissfft.
#include <gtest/gtest.h>
#include <kiss_fft.h>

#include <algorithm>
#include <cmath>
#include <complex>
#include <memory>
#include <numbers>
#include <stdexcept>
#include <vector>

#include "kernels/fft/lane_fft.h"
#include "kernels/fft/real_fft_double.h"
#include "tests/support/comparison.h"
#include "tests/support/convolution_oracle.h"
#include "tests/support/fourier_oracle.h"
#include "tests/support/random.h"
#include "tests/support/simd_levels.h"

namespace lathe {
namespace {

using test::Complex;
using test::Signal;

constexpr double kTransformLimitDb = -130, kKissLimitDb = -125;

struct Lanes {
  AlignedArray<float> re, im;
};

Lanes random_lanes(test::Random& random, std::int64_t count) {
  Lanes x{AlignedArray<float>(static_cast<std::size_t>(count)), AlignedArray<float>(static_cast<std::size_t>(count))};
  for (std::size_t i = 0; i < x.re.size(); ++i) {
    x.re[i] = static_cast<float>(random.uniform(-1, 1));
    x.im[i] = static_cast<float>(random.uniform(-1, 1));
  }
  return x;
}

Lanes copy_of(const Lanes& x) {
  Lanes y{AlignedArray<float>(x.re.size()), AlignedArray<float>(x.im.size())};
  std::copy_n(x.re.data(), x.re.size(), y.re.data());
  std::copy_n(x.im.data(), x.im.size(), y.im.data());
  return y;
}

// Parts one after the other, so that two of them can be compared as one signal.
Signal joined(const Lanes& x) {
  Signal all(x.re.data(), x.re.data() + x.re.size());
  all.insert(all.end(), x.im.data(), x.im.data() + x.im.size());
  return all;
}

std::vector<Complex> sequence_of(const Lanes& x, int lane) {
  std::vector<Complex> sequence;
  for (std::size_t i = static_cast<std::size_t>(lane); i < x.re.size(); i += kFftLanes)
    sequence.emplace_back(x.re[i], x.im[i]);
  return sequence;
}

std::vector<Complex> kiss(const std::vector<Complex>& x, bool inverse) {
  const std::unique_ptr<void, decltype(&kiss_fft_free)> plan(
      kiss_fft_alloc(static_cast<int>(x.size()), inverse, nullptr, nullptr), kiss_fft_free);
  std::vector<kiss_fft_cpx> in(x.size()), out(x.size());
  for (std::size_t n = 0; n < x.size(); ++n) in[n] = {static_cast<float>(x[n].real()), static_cast<float>(x[n].imag())};
  kiss_fft(static_cast<kiss_fft_cfg>(plan.get()), in.data(), out.data());
  std::vector<Complex> y(x.size());
  for (std::size_t n = 0; n < x.size(); ++n) y[n] = {out[n].r, out[n].i};
  return y;
}

TEST(DoubleFft, BinsAreThoseOfTheDefinition) {
  test::Random random = test::seeded(1);
  for (std::size_t size = 1; size <= 1024; size *= 2) {
    std::vector<Complex> x(size);
    for (Complex& v : x) v = {random.uniform(-1, 1), random.uniform(-1, 1)};
    std::vector<Complex> y = x;
    fft_double(y);
    for (std::size_t k = 0; k < size; ++k)
      ASSERT_LT(std::abs(y[k] - test::dft_bin(x, static_cast<std::int64_t>(k))), 1e-12 * static_cast<double>(size));
  }
  std::vector<Complex> odd(12);
  EXPECT_THROW(fft_double(odd), std::invalid_argument);
}

TEST(DoubleFft, EvenTransformIsTheCosineSumAndItsOwnInverse) {
  test::Random random = test::seeded(2);
  Signal half(65);
  for (double& v : half) v = random.uniform(-1, 1);
  const Signal got = even_transform(half);
  std::vector<Complex> full(128);
  for (std::size_t n = 0; n < full.size(); ++n) full[n] = half[std::min(n, 128 - n)];
  for (std::size_t k = 0; k < half.size(); ++k)
    EXPECT_NEAR(got[k], test::dft_bin(full, static_cast<std::int64_t>(k)).real(), 1e-12);
  const Signal back = even_transform(got);
  for (std::size_t n = 0; n < half.size(); ++n) EXPECT_NEAR(back[n] / 128, half[n], 1e-12);
}

// Every row of every lane at small sizes, some bins of some lanes at large ones.
TEST(LaneFft, BinsAreThoseOfTheDefinition) {
  test::Random random = test::seeded(3);
  for (std::int64_t rows = 16; rows <= 65536; rows *= 2) {
    SCOPED_TRACE(rows);
    const LaneFft fft(rows);
    const Lanes x = random_lanes(random, rows * kFftLanes);
    struct Bin {
      std::int64_t row;
      int lane;
      Complex value;
    };
    std::vector<Bin> wanted;
    double power = 0;
    const std::int64_t looks = rows <= 64 ? rows * kFftLanes : 24;
    for (std::int64_t i = 0; i < looks; ++i) {
      const std::int64_t row = rows <= 64 ? i / kFftLanes : random.integer(0, rows - 1);
      const int lane = static_cast<int>(rows <= 64 ? i % kFftLanes : random.integer(0, kFftLanes - 1));
      const std::vector<Complex> sequence = sequence_of(x, lane);
      wanted.push_back({row, lane, test::dft_bin(sequence, fft.bin_of_row()[static_cast<std::size_t>(row)])});
      power += std::norm(wanted.back().value);
    }
    test::for_each_simd_level([&] {
      Lanes y = copy_of(x);
      fft.forward(y.re.data(), y.im.data());
      double error = 0;
      for (const Bin& bin : wanted) {
        const auto at = static_cast<std::size_t>(bin.row * kFftLanes + bin.lane);
        error += std::norm(Complex(y.re[at], y.im[at]) - bin.value);
      }
      EXPECT_LT(10 * std::log10(error / power), kTransformLimitDb);
    });
  }
}

TEST(LaneFft, InverseTakesForwardBackTimesItsLength) {
  test::Random random = test::seeded(4);
  for (std::int64_t rows = 16; rows <= 16384; rows *= 2) {
    SCOPED_TRACE(rows);
    const LaneFft fft(rows);
    const Lanes x = random_lanes(random, rows * kFftLanes);
    test::for_each_simd_level([&] {
      Lanes y = copy_of(x);
      fft.forward(y.re.data(), y.im.data());
      fft.inverse(y.re.data(), y.im.data());
      Signal got = joined(y);
      for (double& v : got) v /= static_cast<double>(rows);
      EXPECT_LT(test::residual_db(got, joined(x)), kTransformLimitDb);
    });
  }
}

TEST(LaneFft, EachFrequencyHasOneRow) {
  for (const std::int64_t rows : {16, 32, 512, 4096}) {
    const LaneFft fft(rows);
    std::vector<std::int32_t> bins = fft.bin_of_row();
    std::sort(bins.begin(), bins.end());
    for (std::int64_t k = 0; k < rows; ++k) ASSERT_EQ(bins[static_cast<std::size_t>(k)], k);
  }
}

TEST(LaneFft, RefusesLengthsItHasNoPlanFor) {
  for (const std::int64_t rows : {-16, 0, 8, 17, 48, 1 << 21})
    EXPECT_THROW(LaneFft{rows}, std::invalid_argument) << rows;
}

// A response of few taps makes the filter a short circular convolution, which the definition can afford at any size.
TEST(LongFft, FilterIsTheCircularConvolutionOfTheDefinition) {
  test::Random random = test::seeded(5);
  for (std::int64_t points = 256; points <= 65536; points *= 2) {
    SCOPED_TRACE(points);
    const LongFft fft(points);
    ASSERT_EQ(fft.points(), points);
    Signal taps(8);
    for (double& h : taps) h = random.uniform(-1, 1);
    std::vector<double> response(static_cast<std::size_t>(points));
    for (std::int64_t k = 0; k < points; ++k) {
      double sum = taps[0];
      for (std::size_t n = 1; n < taps.size(); ++n) {
        const std::int64_t turn = k * static_cast<std::int64_t>(n) % points;
        sum += 2 * taps[n] * std::cos(2 * std::numbers::pi * static_cast<double>(turn) / static_cast<double>(points));
      }
      response[static_cast<std::size_t>(k)] = sum;
    }
    const AlignedArray<float> arranged = fft.arrange(response);
    const Lanes x = random_lanes(random, points);
    Signal want = test::circularly_convolved(Signal(x.re.data(), x.re.data() + points), taps);
    const Signal want_im = test::circularly_convolved(Signal(x.im.data(), x.im.data() + points), taps);
    want.insert(want.end(), want_im.begin(), want_im.end());
    test::for_each_simd_level([&] {
      Lanes y = copy_of(x);
      fft.filter(arranged, y.re.data(), y.im.data(), y.re.data(), y.im.data());
      EXPECT_LT(test::residual_db(joined(y), want), kTransformLimitDb);
      // From elsewhere, at any alignment: the same.
      std::vector<float> from_re(y.re.size() + 1), from_im(y.re.size() + 3);
      std::copy_n(x.re.data(), points, from_re.data() + 1);
      std::copy_n(x.im.data(), points, from_im.data() + 3);
      Lanes z = copy_of(x);
      fft.filter(arranged, from_re.data() + 1, from_im.data() + 3, z.re.data(), z.im.data());
      EXPECT_EQ(joined(z), joined(y));
    });
  }
}

// Any real response, not only an even one; kissfft's own rounding is part of what is left over.
TEST(LongFft, FilterAgreesWithKissfftForAnyRealResponse) {
  test::Random random = test::seeded(6);
  for (std::int64_t points = 256; points <= 65536; points *= 2) {
    SCOPED_TRACE(points);
    const LongFft fft(points);
    std::vector<double> response(static_cast<std::size_t>(points));
    for (double& h : response) h = random.uniform(-1, 1);
    const AlignedArray<float> arranged = fft.arrange(response);
    const Lanes x = random_lanes(random, points);
    std::vector<Complex> z(static_cast<std::size_t>(points));
    for (std::size_t n = 0; n < z.size(); ++n) z[n] = {x.re[n], x.im[n]};
    z = kiss(z, false);
    for (std::size_t k = 0; k < z.size(); ++k) z[k] *= response[k];
    z = kiss(z, true);
    Signal want;
    for (const Complex& v : z) want.push_back(v.real() / static_cast<double>(points));
    for (const Complex& v : z) want.push_back(v.imag() / static_cast<double>(points));
    test::for_each_simd_level([&] {
      Lanes y = copy_of(x);
      fft.filter(arranged, x.re.data(), x.im.data(), y.re.data(), y.im.data());
      EXPECT_LT(test::residual_db(joined(y), want), kKissLimitDb);
    });
  }
}

TEST(LongFft, RefusesAResponseOfAnotherLength) {
  EXPECT_THROW(LongFft(256).arrange(std::vector<double>(255)), std::invalid_argument);
}

TEST(LaneFft, Avx2AndAvx512GiveTheSameBits) {
  LATHE_NEEDS_AVX512();
  test::Random random = test::seeded(7);
  for (std::int64_t points = 256; points <= 65536; points *= 2) {
    SCOPED_TRACE(points);
    const LaneFft lane(points / kFftLanes);
    const LongFft fft(points);
    std::vector<double> response(static_cast<std::size_t>(points));
    for (double& h : response) h = random.uniform(-1, 1);
    const AlignedArray<float> arranged = fft.arrange(response);
    const Lanes x = random_lanes(random, points);
    const auto run = [&] {
      Lanes transformed = copy_of(x), filtered = copy_of(x);
      lane.forward(transformed.re.data(), transformed.im.data());
      lane.inverse(transformed.re.data(), transformed.im.data());
      fft.filter(arranged, x.re.data(), x.im.data(), filtered.re.data(), filtered.im.data());
      Signal all = joined(transformed), more = joined(filtered);
      all.insert(all.end(), more.begin(), more.end());
      return all;
    };
    EXPECT_EQ(test::at_level(SimdLevel::avx2, run), test::at_level(SimdLevel::avx512, run));
  }
}

}  // namespace
}  // namespace lathe
