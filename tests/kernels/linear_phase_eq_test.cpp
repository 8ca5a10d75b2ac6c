// The equaliser stage as it is heard: its impulse response against the bands it was asked for.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <stdexcept>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "kernels/equalizer/linear_phase_eq.h"
#include "tests/support/backends.h"
#include "tests/support/comparison.h"
#include "tests/support/eq_oracle.h"
#include "tests/support/fourier_oracle.h"
#include "tests/support/signals.h"
#include "tests/support/simd_levels.h"

namespace lathe {
namespace {

using test::FloatTrack;
using test::Signal;
using test::TestBackend;

constexpr double kLinearPhaseEqResponseLimitDb = 0.05, kNullLimit = 0.003, kLinearPhaseEqSymmetryLimit = 1e-5,
                 kMidSideLimitDb = -125;

using Eq = std::shared_ptr<const LinearPhaseEqDesign>;

Eq linear_phase_eq_design(std::vector<EqBand> bands, double rate) {
  return std::make_shared<const LinearPhaseEqDesign>(std::move(bands), rate);
}

// The rate is that of the design; what measures beside the equaliser is not looked at here.
FloatTrack equalised(TestBackend backend, const Eq& eq, const FloatTrack& in, double rate = 48000) {
  return test::run_steps(backend, {eq}, rate, in);
}

// The response to one impulse in the middle of silence, and where that impulse stood.
struct Impulse {
  Signal response;
  std::int64_t origin;
};

Impulse impulse_response(TestBackend backend, const Eq& eq, double rate) {
  const std::int64_t origin = eq->longest_half() + 777;
  return {equalised(backend, eq, FloatTrack({test::impulses(2 * origin + 1, {origin})}), rate).signal(0), origin};
}

std::string describe(const std::vector<EqBand>& bands, double rate) {
  std::string text = std::to_string(rate) + " Hz:";
  for (const EqBand& b : bands) {
    text += " {type " + std::to_string(static_cast<int>(b.type)) + " freq " + std::to_string(b.freq_hz) + " gain " +
            std::to_string(b.gain_db) + " q " + std::to_string(b.q) + " slope " + std::to_string(b.slope_db_oct) + "}";
  }
  return text;
}

struct Deviation {
  double worst_db = 0;  // over 20 Hz to 20 kHz, where the target is above -50 dB and in no null
  double in_null = 0;   // absolute, where a notch has its band more than 20 dB down
};

// No kernel of a few seconds follows the edge at the bottom of a notch's null, so nulls are judged on their own.
Deviation deviation(const Impulse& impulse, const std::vector<EqBand>& bands, double rate) {
  std::vector<double> frequencies;
  for (double f = 20; f <= 20000; f *= 1.12) frequencies.push_back(f);
  frequencies.push_back(20000);
  for (const EqBand& band : bands) {
    for (const double ratio : {0.9, 0.99, 1.0, 1.01, 1.1}) frequencies.push_back(band.freq_hz * ratio);
  }
  Deviation worst;
  for (const double f : frequencies) {
    if (f < 20 || f > 20000) continue;
    const double want = test::target_oracle(bands, f);
    const double got = std::abs(test::response_at(impulse.response, f / rate, impulse.origin));
    const bool in_null = std::any_of(bands.begin(), bands.end(), [f](const EqBand& band) {
      return band.type == BandType::notch && test::band_gain_oracle(band, f) < 0.1;
    });
    if (in_null) {
      worst.in_null = std::max(worst.in_null, std::abs(got - want));
    } else if (test::db(want) > -50) {
      worst.worst_db = std::max(worst.worst_db, std::abs(test::db(got / want)));
    }
  }
  return worst;
}

double worst_asymmetry(const Impulse& impulse) {
  double worst = 0;
  for (std::int64_t k = 1; k <= impulse.origin; ++k) {
    worst = std::max(worst, std::abs(impulse.response[static_cast<std::size_t>(impulse.origin + k)] -
                                     impulse.response[static_cast<std::size_t>(impulse.origin - k)]));
  }
  return worst;
}

EqBand random_band(test::Random& random, BandType type) {
  EqBand band{type, random.log_uniform(20, 18000), random.uniform(-12, 12), random.log_uniform(0.3, 12),
              static_cast<int>(6 * random.integer(1, 16))};
  if (type == BandType::high_pass) band.freq_hz = random.log_uniform(20, 500);
  if (type == BandType::low_pass) band.freq_hz = random.log_uniform(2000, 20000);
  // Nulls narrower than some 20 Hz need more than the 3 s a side that a kernel may have.
  if (type == BandType::notch) {
    band.freq_hz = random.log_uniform(60, 18000);
    band.q = random.log_uniform(0.3, std::min(12.0, band.freq_hz / 20));
  }
  return band;
}

void expect_design_meets(TestBackend backend, const std::vector<EqBand>& bands, double rate) {
  SCOPED_TRACE(describe(bands, rate));
  const auto eq = linear_phase_eq_design(bands, rate);
  const Impulse impulse = impulse_response(backend, eq, rate);
  const auto peak = std::max_element(impulse.response.begin(), impulse.response.end(),
                                     [](double a, double b) { return std::abs(a) < std::abs(b); });
  const Deviation off = deviation(impulse, bands, rate);
  EXPECT_LT(off.worst_db, kLinearPhaseEqResponseLimitDb);
  EXPECT_LT(off.in_null, kNullLimit);
  EXPECT_LT(worst_asymmetry(impulse), kLinearPhaseEqSymmetryLimit * std::abs(*peak));
}

// On the device backends fewer bands are drawn: a design and its oracle cost the same on each.
class LinearPhaseEqAt : public test::BackendRateTest {
 protected:
  int draws(int on_the_cpu) const { return backend() == TestBackend::cpu ? on_the_cpu : on_the_cpu / 2; }
};

TEST_P(LinearPhaseEqAt, RandomBandsOfEveryTypeMeetTheirTargetSymmetrically) {
  test::Random random = test::seeded(31 + static_cast<std::uint64_t>(rate_hz()));
  for (const BandType type : {BandType::high_pass, BandType::low_pass, BandType::bell, BandType::low_shelf,
                              BandType::high_shelf, BandType::notch, BandType::band_pass, BandType::tilt}) {
    // At high rates a draw takes seconds.
    if (rate_hz() > 96000 && random.integer(0, 1) == 0) continue;
    const int count = rate_hz() > 48000 ? 1 : draws(2);
    for (int i = 0; i < count; ++i) expect_design_meets(backend(), {random_band(random, type)}, rate_hz());
  }
}

TEST_P(LinearPhaseEqAt, SeveralBandsAtOnceMeetTheirProduct) {
  test::Random random = test::seeded(32 + static_cast<std::uint64_t>(rate_hz()));
  for (int i = 0; i < (rate_hz() > 48000 ? 1 : draws(4)); ++i) {
    expect_design_meets(backend(),
                        {random_band(random, BandType::high_pass), random_band(random, BandType::bell),
                         random_band(random, BandType::bell), random_band(random, BandType::high_shelf)},
                        rate_hz());
  }
}

LATHE_INSTANTIATE_BACKENDS_AT(LinearPhaseEqAt, {44100, 48000, 88200, 96000, 192000}, {44100});

class LinearPhaseEq : public test::BackendTest {};

TEST_P(LinearPhaseEq, NoBandsPassEveryBit) {
  test::Random random = test::seeded(33);
  FloatTrack in({test::white_noise(random, 0.3, 20000), test::white_noise(random, 0.3, 20000)});
  in.channel(0)[7] = -0.0f;
  in.channel(0)[8] = std::numeric_limits<float>::denorm_min();
  EXPECT_TRUE(test::same_bits(equalised(backend(), linear_phase_eq_design({}, 48000), in), in));
}

TEST_P(LinearPhaseEq, ABandOnTheLeftLeavesTheRightBitForBit) {
  test::Random random = test::seeded(34);
  const FloatTrack in({test::white_noise(random, 0.3, 20000), test::white_noise(random, 0.3, 20000)});
  EqBand band{BandType::bell, 1000, 6, 1};
  for (const auto& [channel, touched, untouched] :
       {std::tuple{BandChannel::left, 0, 1}, std::tuple{BandChannel::right, 1, 0}}) {
    band.channel = channel;
    const FloatTrack out = equalised(backend(), linear_phase_eq_design({band}, 48000), in);
    EXPECT_TRUE(test::same_bits(out.channel(untouched), in.channel(untouched)));
    EXPECT_GT(test::residual_db(out.channel(touched), in.channel(touched)), -40);
  }
}

TEST_P(LinearPhaseEq, AStereoBandTreatsEveryChannelAsOneChannelAlone) {
  test::Random random = test::seeded(35);
  const Eq eq = linear_phase_eq_design({{BandType::high_shelf, 5000, 4}, {BandType::high_pass, 30}}, 48000);
  const FloatTrack in({test::white_noise(random, 0.3, 9000), test::white_noise(random, 0.3, 9000),
                       test::white_noise(random, 0.3, 9000)});
  const FloatTrack out = equalised(backend(), eq, in);
  for (int c = 0; c < 3; ++c) {
    const FloatTrack alone = equalised(backend(), eq, FloatTrack({in.signal(c)}));
    EXPECT_TRUE(test::same_bits(alone.channel(0), out.channel(c))) << c;
  }
}

// Left and right made of mid and side signals that the bands treat differently, at every level.
TEST_P(LinearPhaseEq, MidAndSideBandsFilterTheSumAndTheDifference) {
  test::Random random = test::seeded(36);
  EqBand mid{BandType::bell, 800, 6, 1}, side{BandType::high_shelf, 4000, -5};
  mid.channel = BandChannel::mid;
  side.channel = BandChannel::side;
  const Signal m = test::white_noise(random, 0.2, 30000), s = test::white_noise(random, 0.1, 30000);
  Signal left(m.size()), right(m.size());
  for (std::size_t n = 0; n < m.size(); ++n) {
    left[n] = m[n] + s[n];
    right[n] = m[n] - s[n];
  }
  test::for_each_level_of(backend(), [&] {
    const auto run = [&](std::vector<EqBand> bands, const std::vector<Signal>& channels) {
      return equalised(backend(), linear_phase_eq_design(std::move(bands), 48000), FloatTrack(channels));
    };
    const FloatTrack out = run({mid, side}, {left, right});
    const Signal want_mid = run({{BandType::bell, 800, 6, 1}}, {m}).signal(0);
    const Signal want_side = run({{BandType::high_shelf, 4000, -5}}, {s}).signal(0);
    Signal got_mid(m.size()), got_side(m.size());
    for (std::size_t n = 0; n < m.size(); ++n) {
      got_mid[n] = 0.5 * (out.channel(0)[n] + out.channel(1)[n]);
      got_side[n] = 0.5 * (out.channel(0)[n] - out.channel(1)[n]);
    }
    EXPECT_LT(test::residual_db(got_mid, want_mid), kMidSideLimitDb);
    EXPECT_LT(test::residual_db(got_side, want_side), kMidSideLimitDb);
  });
}

TEST_P(LinearPhaseEq, LeftRightAndMidSideBandsActInTheOrderGiven) {
  test::Random random = test::seeded(37);
  EqBand left{BandType::bell, 1000, 9, 1}, mid{BandType::low_pass, 2000};
  left.channel = BandChannel::left;
  mid.channel = BandChannel::mid;
  const FloatTrack in({test::white_noise(random, 0.2, 20000), test::white_noise(random, 0.2, 20000)});
  const auto run = [&](std::vector<EqBand> bands, const FloatTrack& track) {
    return equalised(backend(), linear_phase_eq_design(std::move(bands), 48000), track);
  };
  const FloatTrack together = run({left, mid}, in);
  const FloatTrack one_by_one = run({mid}, run({left}, in));
  const FloatTrack swapped = run({mid, left}, in);
  for (int c = 0; c < 2; ++c) {
    EXPECT_LT(test::residual_db(together.channel(c), one_by_one.channel(c)), kMidSideLimitDb);
    EXPECT_GT(test::residual_db(swapped.channel(c), one_by_one.channel(c)), -40);
  }
}

TEST_P(LinearPhaseEq, ABandOfOneSideNeedsAStereoTrack) {
  needs_no_kernel();
  for (const BandChannel channel : {BandChannel::left, BandChannel::right, BandChannel::mid, BandChannel::side}) {
    EqBand band{BandType::bell, 1000, 6, 1};
    band.channel = channel;
    const Eq eq = linear_phase_eq_design({band}, 48000);
    EXPECT_TRUE(eq->needs_stereo());
    const auto make_for = [&](int channels) {
      FirstPassSetup setup = test::setup_for(FloatTrack(channels, 100), 48000);
      setup.steps = {eq};
      test::make_first_pass(backend(), setup, nullptr);
    };
    EXPECT_THROW(make_for(1), std::invalid_argument);
    EXPECT_THROW(make_for(6), std::invalid_argument);
    EXPECT_NO_THROW(make_for(2));
  }
}

LATHE_INSTANTIATE_BACKENDS(LinearPhaseEq);

TEST(LinearPhaseEqOnTheCpu, Avx2AndAvx512GiveTheSameBits) {
  LATHE_NEEDS_AVX512();
  test::Random random = test::seeded(38);
  const auto eq = linear_phase_eq_design({{BandType::high_pass, 24}, {BandType::bell, 320, -3, 0.9}}, 44100);
  const FloatTrack in({test::programme(random, 44100, 150000), test::programme(random, 44100, 150000)});
  const auto run = [&] { return equalised(TestBackend::cpu, eq, in, 44100); };
  EXPECT_TRUE(test::same_bits(test::at_level(SimdLevel::avx2, run), test::at_level(SimdLevel::avx512, run)));
}

}  // namespace
}  // namespace lathe
