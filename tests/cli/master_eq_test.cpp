// Issue's point 4: the equaliser's response, symmetry and latency, measured from the program's output.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sndfile.h>

#include <algorithm>
#include <cmath>
#include <complex>
#include <numbers>

#include "tests/cli/workspace.h"
#include "tests/support/comparison.h"
#include "tests/support/eq_oracle.h"
#include "tests/support/signals.h"

namespace lathe::test {
namespace {

constexpr double kResponseDb = 0.05;
constexpr double kDeepDb = -50;        // below, the response is not held to the target
constexpr double kSymmetry = 1e-5;     // of the largest sample
constexpr double kImpulse = 1.0 / 64;  // room for boosts: a 32f master is clamped at full scale
constexpr int kSweepPoints = 160;

struct Named {
  BandType type;
  const char* name;
};
constexpr Named kTypes[] = {{BandType::high_pass, "high-pass"},
                            {BandType::low_pass, "low-pass"},
                            {BandType::bell, "bell"},
                            {BandType::low_shelf, "low-shelf"},
                            {BandType::high_shelf, "high-shelf"},
                            {BandType::notch, "notch"},
                            {BandType::band_pass, "band-pass"},
                            {BandType::tilt, "tilt"}};
constexpr const char* kChannels[] = {"stereo", "left", "right", "mid", "side"};

const char* name_of_type(BandType type) {
  for (const Named& named : kTypes) {
    if (named.type == type) return named.name;
  }
  return "";
}

EqBand random_band(Random& random, BandType type) {
  EqBand band;
  band.type = type;
  band.freq_hz = std::round(random.log_uniform(25, 16000));
  band.q = std::round(random.log_uniform(0.2, 6) * 100) / 100;
  band.gain_db = std::round(random.uniform(-12, 12) * 10) / 10;
  band.slope_db_oct = 6 * static_cast<int>(random.integer(1, 8));
  return band;
}

std::string yaml_of(const EqBand& band) {
  std::string text = fmt::format("{{type: {}, freq_hz: {}, channel: {}", name_of_type(band.type), band.freq_hz,
                                 kChannels[static_cast<int>(band.channel)]);
  const bool is_pass = band.type == BandType::high_pass || band.type == BandType::low_pass;
  const bool has_gain = band.type == BandType::bell || band.type == BandType::low_shelf ||
                        band.type == BandType::high_shelf || band.type == BandType::tilt;
  if (is_pass) text += fmt::format(", slope_db_oct: {}", band.slope_db_oct);
  if (has_gain) text += fmt::format(", gain_db: {}", band.gain_db);
  if (!is_pass && band.type != BandType::tilt) text += fmt::format(", q: {}", band.q);
  return text + "}";
}

std::string eq_recipe(const std::vector<EqBand>& bands) {
  std::string text = "recipe: v1\nchain:\n  - eq:\n      bands:\n";
  for (const EqBand& band : bands) text += "        - " + yaml_of(band) + "\n";
  return text + "outputs:\n  - {bits: 32f}\n";
}

// |sum of x[n] exp(-i w n)| over what is not 0, from `first` to `end`. One rotation a sample, renewed now and then.
double response(const Signal& x, std::size_t first, std::size_t end, double cycles_per_sample) {
  const double w = 2 * std::numbers::pi * cycles_per_sample;
  const std::complex<double> step = std::polar(1.0, -w);
  std::complex<double> sum = 0, turn = 1;
  for (std::size_t n = first; n < end; ++n) {
    if ((n - first) % 256 == 0) turn = std::polar(1.0, -w * static_cast<double>(n - first));
    sum += x[n] * turn;
    turn *= step;
  }
  return std::abs(sum);
}

void expect_response(const Signal& x, int rate, const std::vector<EqBand>& bands, const std::string& what) {
  const auto is_sound = [](double v) { return v != 0; };
  const auto first = static_cast<std::size_t>(std::find_if(x.begin(), x.end(), is_sound) - x.begin());
  const auto end = x.size() - static_cast<std::size_t>(std::find_if(x.rbegin(), x.rend(), is_sound) - x.rbegin());
  double worst = 0, worst_hz = 0;
  for (int i = 0; i < kSweepPoints; ++i) {
    const double hz = 20 * std::pow(1000.0, static_cast<double>(i) / (kSweepPoints - 1));
    const double target = db(target_oracle(bands, hz));
    if (target < kDeepDb) continue;
    const double error = std::abs(db(response(x, first, end, hz / rate) / kImpulse) - target);
    if (error > worst) {
      worst = error;
      worst_hz = hz;
    }
  }
  EXPECT_LE(worst, kResponseDb) << what << " at " << worst_hz << " Hz";
}

void expect_symmetric_about(const Signal& x, std::size_t centre, const std::string& what) {
  double highest = 0, difference = 0;
  for (const double v : x) highest = std::max(highest, std::abs(v));
  for (std::size_t k = 1; k <= std::min(centre, x.size() - 1 - centre); ++k)
    difference = std::max(difference, std::abs(x[centre - k] - x[centre + k]));
  EXPECT_LE(difference, kSymmetry * highest) << what;
}

// The left and right channel of an impulse at `centre` in the left channel, after the bands.
Sound equalised(const Workspace& work, const std::vector<EqBand>& bands, int rate, std::size_t centre) {
  const auto frames = static_cast<std::int64_t>(2 * centre + 1);
  write_sound(work.in() / "impulse.wav",
              {rate, {impulses(frames, {static_cast<std::int64_t>(centre)}, kImpulse), impulses(frames, {})}},
              {SF_FORMAT_WAV, SF_FORMAT_FLOAT});
  const ProgramResult run = work.master({"--recipe", work.recipe(eq_recipe(bands)), "-q"});
  EXPECT_EQ(run.exit_code, 0) << run.err << eq_recipe(bands);
  return run.exit_code == 0 ? read_sound(work.out() / "impulse.wav") : Sound{};
}

class MasterEq : public ::testing::TestWithParam<int> {};

TEST_P(MasterEq, EveryBandTypeMeetsItsTargetSymmetricallyAboutTheImpulse) {
  const int rate = GetParam();
  Random random = seeded(40 + static_cast<std::uint64_t>(rate));
  const auto centre = static_cast<std::size_t>(rate) * 3 / 4;
  for (const Named& named : kTypes) {
    const EqBand band = random_band(random, named.type);
    SCOPED_TRACE(yaml_of(band));
    const Workspace work;
    const Sound sound = equalised(work, {band}, rate, centre);
    ASSERT_EQ(sound.channels.size(), 2u);
    expect_response(sound.channels[0], rate, {band}, "alone");
    expect_symmetric_about(sound.channels[0], centre, "alone");
    for (const double v : sound.channels[1]) ASSERT_EQ(v, 0);
  }
}

TEST_P(MasterEq, ManyBandsTogetherMeetTheirProduct) {
  const int rate = GetParam();
  Random random = seeded(50 + static_cast<std::uint64_t>(rate));
  const auto centre = static_cast<std::size_t>(rate) * 3 / 4;
  for (int round = 0; round < 2; ++round) {
    std::vector<EqBand> bands;
    for (int i = 0; i < 6; ++i)
      bands.push_back(random_band(random, random.one_of({BandType::bell, BandType::low_shelf, BandType::high_shelf,
                                                         BandType::tilt, BandType::high_pass})));
    SCOPED_TRACE(eq_recipe(bands));
    const Workspace work;
    const Sound sound = equalised(work, bands, rate, centre);
    ASSERT_EQ(sound.channels.size(), 2u);
    expect_response(sound.channels[0], rate, bands, "together");
    expect_symmetric_about(sound.channels[0], centre, "together");
  }
}

TEST_P(MasterEq, MidAndSideBandsActOnSumAndDifference) {
  const int rate = GetParam();
  Random random = seeded(60 + static_cast<std::uint64_t>(rate));
  const auto centre = static_cast<std::size_t>(rate) * 3 / 4;
  EqBand both = random_band(random, BandType::high_shelf), mid = random_band(random, BandType::bell),
         side = random_band(random, BandType::low_shelf);
  mid.channel = BandChannel::mid;
  side.channel = BandChannel::side;
  const Workspace work;
  const Sound sound = equalised(work, {both, mid, side}, rate, centre);
  ASSERT_EQ(sound.channels.size(), 2u);
  Signal sum, difference;
  for (std::size_t n = 0; n < sound.channels[0].size(); ++n) {
    sum.push_back(sound.channels[0][n] + sound.channels[1][n]);
    difference.push_back(sound.channels[0][n] - sound.channels[1][n]);
  }
  expect_response(sum, rate, {both, mid}, "mid");
  expect_response(difference, rate, {both, side}, "side");
  expect_symmetric_about(sum, centre, "mid");
  expect_symmetric_about(difference, centre, "side");
}

TEST_P(MasterEq, LeftBandsLeaveTheRightAlone) {
  const int rate = GetParam();
  Random random = seeded(70 + static_cast<std::uint64_t>(rate));
  const auto centre = static_cast<std::size_t>(rate) * 3 / 4;
  EqBand left = random_band(random, BandType::bell), right = random_band(random, BandType::notch);
  left.channel = BandChannel::left;
  right.channel = BandChannel::right;
  const Workspace work;
  const Sound sound = equalised(work, {left, right}, rate, centre);
  ASSERT_EQ(sound.channels.size(), 2u);
  expect_response(sound.channels[0], rate, {left}, "left");
  for (const double v : sound.channels[1]) ASSERT_EQ(v, 0);
}

INSTANTIATE_TEST_SUITE_P(Rates, MasterEq, ::testing::Values(44100, 48000, 96000));

}  // namespace
}  // namespace lathe::test
