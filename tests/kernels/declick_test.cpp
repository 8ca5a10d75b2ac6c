// Declick and decrackle as restorers: what they find and mend in made-up music, and what holds for every input.
#include "kernels/restoration/declick.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <memory>
#include <stdexcept>

#include "kernels/restoration/decrackle.h"
#include "tests/support/impulse_run.h"
#include "tests/support/signals.h"
#include "tests/support/simd_levels.h"

namespace lathe {
namespace {

using test::Click;
using test::FloatTrack;
using test::Random;
using test::run_restorer;
using test::Signal;

constexpr double kDeclickRate = 44100;

// Two channels of noise with a bass, partly the same in both.
std::vector<Signal> music(Random& random, std::int64_t frames, double rate = kDeclickRate, int channels = 2) {
  const Signal both = test::programme(random, rate, frames);
  std::vector<Signal> rows;
  for (int c = 0; c < channels; ++c) {
    rows.push_back(test::programme(random, rate, frames));
    for (std::size_t n = 0; n < rows.back().size(); ++n) rows.back()[n] = 0.4 * rows.back()[n] + 0.6 * both[n];
  }
  return rows;
}

std::unique_ptr<Restorer> declicker(int channels = 2, double rate = kDeclickRate, Tier tier = Tier::best) {
  return cpu::make_declick({{0.5, tier, true}}, {rate, channels});
}

using Make = std::function<std::unique_ptr<Restorer>(const RestorationFormat&)>;
const std::vector<Make> kBoth = {[](const RestorationFormat& f) {
                                   return cpu::make_declick({{0.5, Tier::best, true}}, f);
                                 },
                                 [](const RestorationFormat& f) {
                                   return cpu::make_decrackle({{0.5, Tier::best, true}}, f);
                                 }};

TEST(Declick, FindsAndMendsClicksAndKeepsTheRest) {
  Random random = test::seeded(11);
  std::vector<Signal> rows = music(random, 400000);
  const FloatTrack clean(rows);
  const std::vector<Click> clicks = test::add_clicks(random, 80, rows);
  const FloatTrack damaged(rows);
  const auto run = run_restorer(*declicker(), damaged);
  EXPECT_TRUE(run.finding.is_found);
  EXPECT_GT(run.finding.confidence, 0.9);
  // Measured: 31 dB.
  EXPECT_GT(test::snr_db(clean, run.out) - test::snr_db(clean, damaged), 25);
  int found = 0;
  for (const Click& click : clicks) {
    found += std::any_of(run.result.repairs.begin(), run.result.repairs.end(), [&](const Repair& r) {
      return r.channel == click.channel && r.first_frame < click.first + click.frames + 8 &&
             r.first_frame + r.frames > click.first - 8;
    });
  }
  EXPECT_GE(found, 78);
  EXPECT_LE(run.result.repairs.size(), 84u);
  // Outside the repairs that it reports every sample has its bits.
  for (int c = 0; c < 2; ++c) {
    std::vector<bool> may(static_cast<std::size_t>(damaged.frames()));
    for (const Repair& r : run.result.repairs) {
      if (r.channel == c) std::fill_n(may.begin() + r.first_frame, r.frames, true);
    }
    for (std::size_t n = 0; n < may.size(); ++n) {
      if (!may[n]) {
        ASSERT_EQ(run.out.channel(c)[n], damaged.channel(c)[n]) << c << " " << n;
      }
    }
  }
}

TEST(Declick, ThreeClearClicksInHalfAMinuteAreFound) {
  Random random = test::seeded(12);
  std::vector<Signal> rows = music(random, 1300000, kDeclickRate, 1);
  test::add_clicks(random, 3, rows);
  const auto run = run_restorer(*declicker(1), FloatTrack(rows));
  EXPECT_TRUE(run.finding.is_found);
  EXPECT_LE(run.result.repairs.size(), 6u);
}

TEST(Declick, MusicWithoutClicksIsLeftAlone) {
  Random random = test::seeded(13);
  std::vector<Signal> rows = music(random, 400000);
  // Attacks: noise that sets in at once and dies away in a tenth of a second.
  for (std::int64_t at = 20000; at < 390000; at += 22050) {
    for (std::int64_t n = 0; n < 8000; ++n)
      rows[0][static_cast<std::size_t>(at + n)] +=
          0.5 * std::exp(-static_cast<double>(n) / 1500) * random.normal() * 0.5;
  }
  for (const Make& make : kBoth) {
    const FloatTrack track(rows);
    test::CopyingReader whole(track);
    const Finding finding = make({kDeclickRate, 2})->examine(whole);
    EXPECT_FALSE(finding.is_found);
    EXPECT_LT(finding.confidence, 0.5);
  }
}

TEST(Declick, EffectGrowsWithStrength) {
  Random random = test::seeded(14);
  std::vector<Signal> rows = music(random, 200000);
  for (Signal& row : rows) {
    for (int i = 0; i < 60; ++i)
      row[static_cast<std::size_t>(random.integer(3000, 190000))] += random.uniform(-0.4, 0.4);
  }
  const FloatTrack damaged(rows);
  for (const Make& make : kBoth) {
    std::vector<Repair> before;
    for (const double strength : {0.0, 0.25, 0.5, 0.75, 1.0}) {
      const auto run = run_restorer(*make({kDeclickRate, 2}), damaged, strength);
      for (const Repair& r : before) {
        EXPECT_TRUE(std::any_of(run.result.repairs.begin(), run.result.repairs.end(), [&r](const Repair& s) {
          return s.first_frame == r.first_frame && s.frames == r.frames && s.channel == r.channel;
        }));
      }
      before = run.result.repairs;
    }
    EXPECT_GT(before.size(), 10u);
  }
}

TEST(Declick, RestoresAgainWithAnotherStrengthAsIfAtFirst) {
  Random random = test::seeded(15);
  std::vector<Signal> rows = music(random, 150000);
  test::add_clicks(random, 30, rows);
  const FloatTrack damaged(rows);
  auto once = declicker(), twice = declicker();
  run_restorer(*twice, damaged, 0.9);
  EXPECT_TRUE(test::same_bits(run_restorer(*once, damaged, 0.3).out, run_restorer(*twice, damaged, 0.3).out));
}

TEST(Declick, Avx2AndAvx512GiveTheSameBits) {
  LATHE_NEEDS_AVX512();
  Random random = test::seeded(16);
  std::vector<Signal> rows = music(random, 200000);
  test::add_clicks(random, 60, rows);
  const FloatTrack damaged(rows);
  for (const Make& make : kBoth) {
    const auto run = [&] { return run_restorer(*make({kDeclickRate, 2}), damaged); };
    const auto low = test::at_level(SimdLevel::avx2, run), high = test::at_level(SimdLevel::avx512, run);
    EXPECT_TRUE(test::same_bits(low.out, high.out));
    EXPECT_EQ(low.result.repairs.size(), high.result.repairs.size());
  }
}

TEST(Declick, MendsAtEveryRateAndChannelCount) {
  struct Case {
    double rate;
    int channels;
    double least_gain_db;
  };
  // At 8 kHz the made-up music has no quiet octaves above its own that would give small clicks away.
  for (const Case& c : {Case{8000, 1, 1}, Case{96000, 2, 10}, Case{192000, 1, 10}, Case{44100, 8, 10}}) {
    Random random = test::seeded(17);
    std::vector<Signal> rows = music(random, c.channels > 2 ? 60000 : 150000, c.rate, c.channels);
    const FloatTrack clean(rows);
    test::add_clicks(random, 16, rows, static_cast<int>(40 * c.rate / kDeclickRate));
    const FloatTrack damaged(rows);
    const auto run = run_restorer(*declicker(c.channels, c.rate), damaged);
    EXPECT_TRUE(run.finding.is_found) << c.rate;
    EXPECT_GT(test::snr_db(clean, run.out) - test::snr_db(clean, damaged), c.least_gain_db)
        << c.rate << " " << c.channels;
  }
}

TEST(Declick, NastyInputComesOutFinite) {
  Random random = test::seeded(18);
  std::vector<std::vector<Signal>> tracks;
  tracks.push_back({Signal(1, 0.5)});
  tracks.push_back({Signal(30000, 0.0)});
  tracks.push_back({Signal(30000, 1.0)});
  tracks.push_back({test::square(100, 1.0, 30000), test::square(3, 1.0, 30000)});
  tracks.push_back({Signal(30000, 1e-40)});
  tracks.push_back({test::sine(1000, 1.0, kDeclickRate, 30000)});
  tracks.push_back({test::impulses(30000, {100, 9000, 9001, 29999})});
  tracks.push_back({test::white_noise(random, 0.3, 30000)});
  Signal sparse(60000);
  for (double& v : sparse) v = random.uniform(0, 1) < 0.02 ? random.uniform(-1, 1) : 0;
  tracks.push_back({sparse});
  for (const Make& make : kBoth) {
    for (const auto& rows : tracks) {
      const FloatTrack in(rows);
      const auto run = run_restorer(*make({kDeclickRate, in.channels()}), in, 1.0);
      for (int c = 0; c < in.channels(); ++c) {
        for (const float v : run.out.channel(c)) ASSERT_TRUE(std::isfinite(v) && std::abs(v) < 8);
      }
      EXPECT_TRUE(std::isfinite(run.finding.confidence));
    }
    const FloatTrack silence({Signal(30000, 0.0)});
    EXPECT_TRUE(test::same_bits(run_restorer(*make({kDeclickRate, 1}), silence).out, silence));
  }
}

TEST(Declick, AFullScaleSquareIsNoDamage) {
  const FloatTrack square({test::square(100, 1.0, 200000)});
  for (const Make& make : kBoth) {
    test::CopyingReader reader(square);
    EXPECT_FALSE(make({kDeclickRate, 1})->examine(reader).is_found);
  }
}

TEST(Decrackle, FindsDenseSmallImpulsesAndAFewClicksAreNone) {
  Random random = test::seeded(19);
  std::vector<Signal> rows = music(random, 400000, kDeclickRate, 1);
  const FloatTrack clean(rows);
  std::vector<Signal> clicks = rows;
  test::add_clicks(random, 3, clicks);
  for (int i = 0; i < 500; ++i) {
    const std::int64_t at = random.integer(2000, 398000), length = random.integer(1, 6);
    for (std::int64_t n = 0; n < length; ++n) rows[0][static_cast<std::size_t>(at + n)] += 0.06 * random.normal();
  }
  const FloatTrack damaged(rows), clicked(clicks);
  const auto make = [] { return cpu::make_decrackle({}, {kDeclickRate, 1}); };
  const auto run = run_restorer(*make(), damaged);
  EXPECT_TRUE(run.finding.is_found);
  EXPECT_GT(test::snr_db(clean, run.out) - test::snr_db(clean, damaged), 4);
  test::CopyingReader reader(clicked);
  EXPECT_FALSE(make()->examine(reader).is_found);
}

TEST(Declick, SettingsOutOfRangeAreRefused) {
  EXPECT_THROW(cpu::make_declick({{}, 0.04}, {kDeclickRate, 2}), std::invalid_argument);
  EXPECT_THROW(cpu::make_declick({{}, 51}, {kDeclickRate, 2}), std::invalid_argument);
  EXPECT_THROW(cpu::make_declick({{1.5}}, {kDeclickRate, 2}), std::invalid_argument);
  EXPECT_THROW(cpu::make_decrackle({{-0.1}}, {kDeclickRate, 2}), std::invalid_argument);
}

}  // namespace
}  // namespace lathe
