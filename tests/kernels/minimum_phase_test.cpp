// The equaliser of minimum phase: its magnitude against the bands, its phase against that of its own magnitude.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <complex>
#include <memory>
#include <numbers>
#include <stdexcept>
#include <string>
#include <vector>

#include "kernels/equalizer/minimum_phase.h"
#include "kernels/fft/real_fft_double.h"
#include "tests/support/backends.h"
#include "tests/support/comparison.h"
#include "tests/support/eq_oracle.h"
#include "tests/support/signals.h"

namespace lathe {
namespace {

using test::FloatTrack;
using test::Signal;
using test::TestBackend;

// Promised to users. Under -50 dB float32 transforms and a kernel's cut leave little of a phase, and a notch's null
// turns within less than a bin.
constexpr double kMinimumPhaseResponseLimitDb = 0.05, kPhaseLimitDegrees = 1, kRelevantDb = -50;

using MinimumPhaseEq = std::shared_ptr<const LinearPhaseEqDesign>;

MinimumPhaseEq minimum_phase_design(std::vector<EqBand> bands, double rate) {
  return std::make_shared<const LinearPhaseEqDesign>(std::move(bands), rate, EqPhase::minimum);
}

std::vector<std::complex<double>> minimum_phase_spectrum_of(const Signal& impulse, std::size_t points) {
  std::vector<std::complex<double>> spectrum(points);
  std::copy(impulse.begin(), impulse.end(), spectrum.begin());
  fft_double(spectrum);
  return spectrum;
}

// The phase that belongs to these magnitudes: minus the Hilbert transform of their logarithm, by the cepstrum.
std::vector<double> least_phase_of(const std::vector<std::complex<double>>& spectrum) {
  const std::size_t points = spectrum.size();
  std::vector<std::complex<double>> work(points);
  for (std::size_t k = 0; k < points; ++k) work[k] = std::log(std::max(std::abs(spectrum[k]), 1e-12));
  fft_double(work);  // real and even: forward and inverse are the same, but for the factor
  for (std::size_t n = 0; n < points; ++n) {
    const double weight = n == 0 || n == points / 2 ? 1 : n < points / 2 ? 2 : 0;
    work[n] = weight * work[n].real() / static_cast<double>(points);
  }
  fft_double(work);
  std::vector<double> phase(points);
  for (std::size_t k = 0; k < points; ++k) phase[k] = work[k].imag();
  return phase;
}

EqBand random_minimum_phase_band(test::Random& random, BandType type) {
  EqBand band{type, random.log_uniform(25, 16000), random.uniform(-15, 15), random.log_uniform(0.3, 6),
              static_cast<int>(6 * random.integer(1, 16))};
  if (type == BandType::high_pass) band.freq_hz = random.log_uniform(20, 500);
  if (type == BandType::low_pass) band.freq_hz = random.log_uniform(2000, 18000);
  if (type == BandType::notch) {
    band.freq_hz = random.log_uniform(100, 16000);
    band.q = random.log_uniform(0.3, 3);
  }
  return band;
}

void expect_minimum_phase_meets(TestBackend backend, const std::vector<EqBand>& bands, double rate) {
  std::string what = std::to_string(rate) + " Hz:";
  for (const EqBand& b : bands) {
    what += " {type " + std::to_string(static_cast<int>(b.type)) + " freq " + std::to_string(b.freq_hz) + " gain " +
            std::to_string(b.gain_db) + " q " + std::to_string(b.q) + " slope " + std::to_string(b.slope_db_oct) + "}";
  }
  SCOPED_TRACE(what);
  const MinimumPhaseEq eq = minimum_phase_design(bands, rate);
  EXPECT_EQ(eq->pre_ring_db(), -300);
  const std::int64_t before = 1000, frames = before + eq->taps() + 100;
  const Signal out = test::run_steps(backend, {eq}, rate, FloatTrack({test::impulses(frames, {before})})).signal(0);
  // Nothing comes before the impulse but the rounding of the transforms.
  double early = 0;
  for (std::int64_t n = 0; n < before; ++n) early = std::max(early, std::abs(out[static_cast<std::size_t>(n)]));
  EXPECT_LT(early, 3e-6);

  std::size_t points = 1 << 18;
  while (points < 8 * static_cast<std::size_t>(eq->taps())) points *= 2;
  const auto spectrum = minimum_phase_spectrum_of(Signal(out.begin() + before, out.end()), points);
  const std::vector<double> phase = least_phase_of(spectrum);
  double loudest = 0;
  for (const auto& h : spectrum) loudest = std::max(loudest, std::abs(h));
  double worst_db = 0, worst_degrees = 0, worst_hz = 0;
  for (std::size_t k = 1; k < points / 2; ++k) {
    const double f = static_cast<double>(k) * rate / static_cast<double>(points);
    if (f < 20 || f > 20000) continue;
    const double target = test::target_oracle(bands, f), got = std::abs(spectrum[k]);
    const bool in_null = std::any_of(bands.begin(), bands.end(), [f](const EqBand& band) {
      return band.type == BandType::notch && test::band_gain_oracle(band, f) < 0.1;
    });
    if (test::db(target) > kRelevantDb && !in_null) worst_db = std::max(worst_db, std::abs(test::db(got / target)));
    if (test::db(got / std::max(loudest, 1.0)) < kRelevantDb || in_null) continue;
    const double off = std::abs(std::remainder(std::arg(spectrum[k]) - phase[k], 2 * std::numbers::pi));
    if (off * 180 / std::numbers::pi > worst_degrees) {
      worst_degrees = off * 180 / std::numbers::pi;
      worst_hz = f;
    }
  }
  EXPECT_LT(worst_db, kMinimumPhaseResponseLimitDb);
  EXPECT_LT(worst_degrees, kPhaseLimitDegrees) << worst_hz << " Hz";
}

// Under a sanitizer a design takes ten times as long.
#ifdef __SANITIZE_ADDRESS__
constexpr bool kIsSlow = true;
#else
constexpr bool kIsSlow = false;
#endif

class MinimumPhaseAt : public test::BackendRateTest {};

TEST_P(MinimumPhaseAt, RandomBandsMeetTheirMagnitudesWithTheLeastPhase) {
  test::Random random = test::seeded(841 + static_cast<std::uint64_t>(rate_hz()));
  for (const BandType type : {BandType::high_pass, BandType::low_pass, BandType::bell, BandType::low_shelf,
                              BandType::high_shelf, BandType::notch, BandType::band_pass, BandType::tilt}) {
    // Each draw has its own design and oracle, which cost most of a second; all types at one rate, some at the others.
    const bool everything = rate_hz() == 44100 && backend() == TestBackend::cpu && !kIsSlow;
    if (!everything && random.integer(0, 3) != 0) continue;
    expect_minimum_phase_meets(backend(), {random_minimum_phase_band(random, type)}, rate_hz());
  }
  expect_minimum_phase_meets(
      backend(),
      {random_minimum_phase_band(random, BandType::high_pass), random_minimum_phase_band(random, BandType::bell),
       random_minimum_phase_band(random, BandType::high_shelf)},
      rate_hz());
}

LATHE_INSTANTIATE_BACKENDS_AT(MinimumPhaseAt, {44100, 48000, 88200, 96000, 192000}, {44100});

class MinimumPhase : public test::BackendTest {};

TEST_P(MinimumPhase, TheStageIsTheConvolutionWithItsKernel) {
  test::Random random = test::seeded(842);
  const std::vector<EqBand> bands = {{BandType::high_pass, 30, 0, 0.7, 24}, {BandType::bell, 900, 5, 2}};
  const EqKernel kernel = design_minimum_phase_kernel(bands, 44100);
  const Signal x = test::white_noise(random, 0.2, 9000);
  const Signal got =
      test::run_steps(backend(), {minimum_phase_design(bands, 44100)}, 44100, FloatTrack({x, x})).signal(1);
  double off = 0, power = 0;
  for (std::size_t n = 0; n < x.size(); n += 7) {
    double want = 0;
    for (std::size_t k = 0; k < kernel.taps.size() && k <= n; ++k) want += kernel.taps[k] * x[n - k];
    off += (got[n] - want) * (got[n] - want);
    power += want * want;
  }
  EXPECT_LT(10 * std::log10(off / power), -125);
}

TEST_P(MinimumPhase, BandsOfOneChannelAndOfMidAndSideActOnTheseAlone) {
  test::Random random = test::seeded(843);
  const Signal a = test::white_noise(random, 0.2, 9000), b = test::white_noise(random, 0.2, 9000);
  EqBand left{BandType::bell, 500, 6, 1}, side{BandType::high_pass, 200};
  left.channel = BandChannel::left;
  side.channel = BandChannel::side;
  const FloatTrack in({a, b});
  const FloatTrack of_left = test::run_steps(backend(), {minimum_phase_design({left}, 48000)}, 48000, in);
  EXPECT_TRUE(test::same_bits(of_left.channel(1), in.channel(1)));
  EXPECT_GT(test::residual_db(of_left.channel(0), a), -40);

  const FloatTrack of_side = test::run_steps(backend(), {minimum_phase_design({side}, 48000)}, 48000, in);
  Signal difference(a.size()), mid(a.size()), got_difference(a.size()), got_mid(a.size());
  for (std::size_t n = 0; n < a.size(); ++n) {
    difference[n] = a[n] - b[n];
    mid[n] = a[n] + b[n];
    got_difference[n] = static_cast<double>(of_side.channel(0)[n]) - of_side.channel(1)[n];
    got_mid[n] = static_cast<double>(of_side.channel(0)[n]) + of_side.channel(1)[n];
  }
  const Signal want = test::run_steps(backend(), {minimum_phase_design({{BandType::high_pass, 200}}, 48000)}, 48000,
                                      FloatTrack({difference}))
                          .signal(0);
  EXPECT_LT(test::residual_db(got_difference, want), -125);
  EXPECT_LT(test::residual_db(got_mid, mid), -125);
}

LATHE_INSTANTIATE_BACKENDS(MinimumPhase);

TEST(MinimumPhaseDesign, NothingAskedIsOneTapOfOne) {
  EXPECT_EQ(design_minimum_phase_kernel({}, 48000).taps, std::vector<double>{1.0});
  EXPECT_THROW(design_minimum_phase_kernel({{BandType::bell, 24000, 3}}, 48000), std::invalid_argument);
}

}  // namespace
}  // namespace lathe
