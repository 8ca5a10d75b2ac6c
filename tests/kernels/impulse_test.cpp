// What declick and decrackle are made of, against dense definitions: models, gaps, likelihoods, lanes.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "kernels/math/portable_log.h"
#include "kernels/restoration/ar_model.h"
#include "kernels/restoration/click_shapes.h"
#include "kernels/restoration/impulse_lanes.h"
#include "kernels/restoration/impulse_repair.h"
#include "kernels/simd/level.h"
#include "tests/support/impulse_oracle.h"
#include "tests/support/random.h"
#include "tests/support/signals.h"
#include "tests/support/simd_levels.h"

namespace lathe {
namespace {

using test::Random;
using test::Signal;

std::size_t size_of(std::int64_t n) { return static_cast<std::size_t>(n); }

std::vector<double> autocorrelation(const Signal& x, int lags) {
  std::vector<double> r(size_of(lags));
  for (int k = 0; k < lags; ++k) {
    for (std::size_t n = size_of(k); n < x.size(); ++n) r[size_of(k)] += x[n] * x[n - size_of(k)];
  }
  return r;
}

std::vector<double> model_of(const Signal& x, int order) {
  std::vector<double> a(size_of(order + 1));
  fit_ar(autocorrelation(x, order + 1).data(), order, static_cast<double>(x.size()), a.data());
  return a;
}

TEST(PortableLog, AgreesWithTheCLibrary) {
  Random random = test::seeded(1);
  for (int i = 0; i < 2000; ++i) {
    const double x = random.log_uniform(1e-300, 1e300), e = random.uniform(-690, 690);
    EXPECT_NEAR(portable_log(x), std::log(x), 1e-15 * std::abs(std::log(x)) + 1e-15);
    EXPECT_NEAR(portable_exp(e) / std::exp(e), 1, 4e-15);
  }
}

TEST(AutoregressiveModel, SolvesTheNormalEquations) {
  Random random = test::seeded(2);
  const Signal x = test::programme(random, 44100, 4096);
  std::vector<double> r = autocorrelation(x, 32), levinson(32);
  fit_ar(r.data(), 31, 4096, levinson.data());
  r[0] = r[0] * (1 + 1e-9) + 1e-14 * 4096;
  const std::vector<double> direct = test::oracle_ar(r, 31);
  for (std::size_t k = 0; k < 32; ++k) EXPECT_NEAR(levinson[k], direct[k], 1e-8);
}

TEST(AutoregressiveModel, OfSilenceIsNoPrediction) {
  const std::vector<double> r(32, 0.0);
  std::vector<double> a(32, 7.0);
  fit_ar(r.data(), 31, 4096, a.data());
  EXPECT_EQ(a[0], 1);
  for (std::size_t k = 1; k < 32; ++k) EXPECT_EQ(a[k], 0);
}

TEST(Gap, IsFilledWithTheLeastPredictionErrorAtEveryLevel) {
  Random random = test::seeded(3);
  const Signal x = test::programme(random, 44100, 600);
  const std::vector<double> a = model_of(x, 31);
  for (const int frames : {1, 7, 8, 9, 40, 176}) {
    const Signal direct = test::oracle_fill(x, 200, frames, a);
    test::for_each_simd_level([&] {
      GapSolver solver;
      solver.set_model(a.data(), 31);
      std::vector<double> gap(size_of(frames));
      for (int i = 0; i < frames; ++i) {
        for (int k = -31; k <= 31; ++k) {
          const int n = i + k;
          if (n < 0 || n >= frames) gap[size_of(i)] -= solver.ac()[std::abs(k)] * x[size_of(200 + n)];
        }
      }
      solver.factor(frames, nullptr);
      solver.solve(gap);
      for (int i = 0; i < frames; ++i) EXPECT_NEAR(gap[size_of(i)], direct[size_of(200 + i)], 1e-6) << frames;
    });
  }
}

// The odds of the best of all offsets and of the one burst that `few` tries, from densities over dense covariances.
TEST(ClickShapes, OddsAreThoseOfDensities) {
  Random random = test::seeded(4);
  const Signal x = test::programme(random, 44100, 4096);
  const std::vector<double> a = model_of(x, 31);
  const double variance = 1e-5;
  const int length = 12;
  const std::vector<double> music = test::oracle_gap_covariance(a, length, variance);
  for (int trial = 0; trial < 6; ++trial) {
    std::vector<double> d(size_of(length));
    for (int i = 0; i < length; ++i)
      d[size_of(i)] = (trial % 2 == 0 ? 0.3 : 0.2 * random.normal()) + 1e-3 * random.normal();
    double power = 1e-12;
    for (const double v : d) power += v * v;
    std::vector<double> burst = music;
    double norm = 0;
    for (int i = 0; i < length; ++i) norm += std::exp(-4.0 * i / length);
    for (int i = 0; i < length; ++i) burst[size_of(i * length + i)] += power / norm * std::exp(-4.0 * i / length);
    const double none = test::oracle_log_density(d, music);
    double best = test::oracle_log_density(d, burst);
    for (int from = 0; from < length; ++from) {
      for (int to = from + 1; to <= length; ++to) {
        std::vector<double> offset = music;
        for (int i = from; i < to; ++i) {
          for (int j = from; j < to; ++j) offset[size_of(i * length + j)] += std::max(power / length, 1e-6);
        }
        best = std::max(best, test::oracle_log_density(d, offset) - 2 * std::log(length));
      }
    }
    GapSolver solver;
    solver.set_model(a.data(), 31);
    solver.factor(length, nullptr);
    ClickShapes shapes;
    const auto verdict = shapes.judge(solver, variance, ClickShapes::Depth::few, d);
    // The verdict's density is the likeliest kind's.
    EXPECT_NEAR(verdict.log_odds, best - none, 1e-6 * std::abs(none));
  }
}

TEST(ClickShapes, FindAnOffsetsEndsAndWhatLayUnderIt) {
  Random random = test::seeded(5);
  const Signal x = test::programme(random, 44100, 4096);
  const std::vector<double> a = model_of(x, 31);
  Signal damaged = x;
  for (int i = 2003; i < 2030; ++i) damaged[size_of(i)] += 0.4;
  const Signal filled = test::oracle_fill(damaged, 2000, 34, a);
  std::vector<double> d(34);
  for (int i = 0; i < 34; ++i) d[size_of(i)] = damaged[size_of(2000 + i)] - filled[size_of(2000 + i)];
  double variance = 0;
  for (int n = 1800; n < 1960; ++n) {
    double error = 0;
    for (int k = 0; k <= 31; ++k) error += a[size_of(k)] * x[size_of(n - k)];
    variance += error * error / 160;
  }
  GapSolver solver;
  solver.set_model(a.data(), 31);
  solver.factor(34, nullptr);
  ClickShapes shapes;
  const auto verdict = shapes.judge(solver, variance, ClickShapes::Depth::all, d);
  EXPECT_TRUE(verdict.is_offset);
  EXPECT_EQ(verdict.first, 3);
  EXPECT_EQ(verdict.end, 30);
  EXPECT_NEAR(d[10], 0.4, 0.02);
  EXPECT_EQ(d[2], 0);
}

TEST(ImpulseRepair, RestoresAToneThroughABurst) {
  Signal x = test::sine(997, 0.3, 44100, 6000), other = test::sine(441, 0.2, 44100, 6000);
  Random random = test::seeded(6);
  std::vector<float> row(6000), beside(6000);
  for (std::size_t n = 0; n < row.size(); ++n) {
    x[n] += other[n] + 1e-4 * random.normal();
    row[n] = static_cast<float>(x[n]);
    beside[n] = static_cast<float>(other[n] + 1e-4 * random.normal());
  }
  for (int i = 0; i < 25; ++i) row[size_of(3000 + i)] += static_cast<float>(0.5 * std::exp(-0.1 * i) * random.normal());
  const std::vector<float> damaged = row;
  for (const float* clean : {static_cast<const float*>(nullptr), static_cast<const float*>(beside.data())}) {
    std::vector<float> mended = damaged;
    ImpulseRepair repair({});
    repair.fill(mended.data(), clean, damaged.data(), 3000, 25);
    for (std::size_t n = 0; n < mended.size(); ++n) {
      if (n < 3000 || n >= 3025)
        EXPECT_EQ(mended[n], damaged[n]);
      else
        EXPECT_NEAR(static_cast<double>(mended[n]), x[n], 3e-3);
    }
  }
}

TEST(ImpulseLanes, MediansAndFiltersAreTheirDefinitions) {
  Random random = test::seeded(7);
  std::vector<float> x(200);
  for (float& v : x) v = static_cast<float>(random.uniform(0, 1));
  std::vector<double> y(200), a(9);
  for (double& v : y) v = random.normal();
  for (double& v : a) v = random.normal();
  test::for_each_simd_level([&] {
    const ImpulseKernels& kernels = pick_level(sse2::impulse_kernels, avx2::impulse_kernels, avx512::impulse_kernels);
    std::vector<float> medians(100);
    kernels.medians_of_8(x.data(), 77, medians.data());
    for (std::size_t i = 0; i < 77; ++i) {
      std::vector<float> sorted(x.begin() + static_cast<std::ptrdiff_t>(i),
                                x.begin() + static_cast<std::ptrdiff_t>(i) + 8);
      std::sort(sorted.begin(), sorted.end());
      EXPECT_EQ(medians[i], 0.5f * (sorted[3] + sorted[4]));
    }
    std::vector<double> out(120, 1.0);
    kernels.filter(y.data() + 20, a.data(), 9, 100, out.data());
    for (std::size_t n = 0; n < 100; ++n) {
      double sum = 1;
      for (std::size_t k = 0; k < 9; ++k) sum += a[k] * y[20 + n - k];
      EXPECT_NEAR(out[n], sum, 1e-12);
    }
  });
}

}  // namespace
}  // namespace lathe
