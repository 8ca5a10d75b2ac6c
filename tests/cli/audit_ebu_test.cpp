// `lathe audit` on the signals of EBU Tech 3341 and 3342 at every rate and in every encoding, against the nominal
// values and against what the signals read by the definition, in double precision.
#include <gtest/gtest.h>
#include <sndfile.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>

#include "kernels/loudness/channel_weights.h"
#include "tests/cli/length.h"
#include "tests/cli/program.h"
#include "tests/cli/sound_file.h"
#include "tests/cli/workspace.h"
#include "tests/support/comparison.h"
#include "tests/support/ebu_signals.h"
#include "tests/support/loudness_oracle.h"
#include "tests/support/signals.h"
#include "tests/support/true_peak_oracle.h"

namespace lathe::test {
namespace {

constexpr double kHalfTolerance = 0.05, kExactLu = 0.005, kTruePeakDb = 0.05;

struct Encoded {
  const char* name;
  Stored stored;
};
const std::vector<Encoded> kEncodings = {{"wav16", {SF_FORMAT_WAV, SF_FORMAT_PCM_16}},
                                         {"wav24", {SF_FORMAT_WAV, SF_FORMAT_PCM_24}},
                                         {"wavfloat", {SF_FORMAT_WAV, SF_FORMAT_FLOAT}},
                                         {"flac16", {SF_FORMAT_FLAC, SF_FORMAT_PCM_16}},
                                         {"flac24", {SF_FORMAT_FLAC, SF_FORMAT_PCM_24}}};

// By the definition, with windows at every frame.
struct Exact {
  double integrated_lufs, max_momentary_lufs, max_short_term_lufs;
};

double power_share(const EbuSignal& signal) {
  const auto weights = channel_weights(static_cast<int>(signal.channel_gains.size()), 0);
  double share = 0;
  for (std::size_t c = 0; c < weights.size(); ++c)
    share += weights[c] * signal.channel_gains[c] * signal.channel_gains[c];
  return share;
}

double loudness(double power) { return -0.691 + 10 * std::log10(power); }

double loudest_window(const std::vector<double>& sums, double seconds, double rate) {
  const auto frames = static_cast<std::size_t>(std::llround(seconds * rate));
  double most = 0;
  for (std::size_t n = 0; n + frames < sums.size(); ++n) most = std::max(most, sums[n + frames] - sums[n]);
  return loudness(most / static_cast<double>(frames));
}

Exact exact_of(const EbuSignal& signal) {
  const double share = power_share(signal);
  std::vector<double> sums{0};
  for (const double y : k_weighted(signal.wave, signal.sample_rate_hz)) sums.push_back(sums.back() + share * y * y);
  return {integrated_loudness_oracle({signal.wave}, {share}, signal.sample_rate_hz),
          loudest_window(sums, 0.4, signal.sample_rate_hz), loudest_window(sums, 3, signal.sample_rate_hz)};
}

Sound sound_of(const EbuSignal& signal) {
  Sound sound{static_cast<int>(signal.sample_rate_hz), {}};
  for (const double gain : signal.channel_gains) {
    sound.channels.push_back(signal.wave);
    for (double& x : sound.channels.back()) x *= gain;
  }
  return sound;
}

class AuditEbu : public ::testing::TestWithParam<int> {
 protected:
  int rate() const { return GetParam(); }
  // The long form (label slow) has every case in every encoding at every rate.
  bool is_whole() const { return is_long(); }

  // All of them at 48 kHz, else one: no encoding knows the rate. libsndfile writes no FLAC of the prime rate.
  std::vector<Encoded> encodings() const {
    std::vector<Encoded> all = kEncodings;
    if (rate() == 69313) all.resize(3);
    if (!is_whole() && rate() != 48000) return {all[1]};
    return all;
  }

  // Writes the signal in each encoding and hands the audit's figures to `judge`.
  template <class Judge>
  void audited(const std::string& name, const EbuSignal& signal, Judge judge) const {
    const Workspace work;
    for (const Encoded& encoded : encodings())
      write_sound(work.in() / (name + "." + encoded.name), sound_of(signal), encoded.stored);
    ProgramCall call;
    call.arguments = {"audit", "--checks", "none", "--no-cache", "--format", "json"};
    for (const Encoded& encoded : encodings())
      call.arguments.push_back((work.in() / (name + "." + encoded.name)).string());
    const ProgramResult result = run_program(call);
    ASSERT_EQ(result.exit_code, 0) << result.err;
    const nlohmann::json report = result.json();
    ASSERT_EQ(report.at("files").size(), encodings().size());
    for (const auto& file : report.at("files")) {
      SCOPED_TRACE(file.at("path").get<std::string>() + " at " + std::to_string(rate()));
      ASSERT_EQ(file.at("state"), "MEASURED");
      judge(file);
    }
  }
};

double figure(const nlohmann::json& file, const char* key) { return file.at(key).get<double>(); }

// The table's response at 1 kHz, without any filter of ours: a steady tone reads what its power says.
TEST_P(AuditEbu, SteadyTonesReadTheirPowerThroughTheTablesResponse) {
  for (const int number : {1, 2, 6}) {
    if (!is_whole() && number == 2 && rate() != 48000) continue;
    const EbuSignal signal = tech3341(number, rate());
    const double amplitude = number == 1 ? std::pow(10, -23 / 20.0) : number == 2 ? std::pow(10, -33 / 20.0) : 1.0;
    const double gain = k_weighting_gain_oracle(1000) * amplitude;
    const double exact = loudness(power_share(signal) * gain * gain / 2), nominal = number == 2 ? -33 : -23;
    audited(std::to_string(number), signal, [&](const nlohmann::json& file) {
      EXPECT_NEAR(figure(file, "integrated_lufs"), exact, kExactLu);
      EXPECT_NEAR(figure(file, "integrated_lufs"), nominal, kHalfTolerance);
      if (number == 6) return;
      // The loudest window may hold the tone's beginning.
      EXPECT_NEAR(figure(file, "max_momentary_lufs"), nominal, kHalfTolerance);
      EXPECT_NEAR(figure(file, "max_short_term_lufs"), nominal, kHalfTolerance);
    });
  }
}

TEST_P(AuditEbu, AMonoToneReadsThreeDecibelsLess) {
  EbuSignal signal = tech3341(1, rate());
  signal.channel_gains = {1};
  audited("mono", signal, [&](const nlohmann::json& file) {
    EXPECT_NEAR(figure(file, "integrated_lufs"), -26.01, kHalfTolerance);
    EXPECT_NEAR(figure(file, "integrated_lufs"), exact_of(signal).integrated_lufs, kExactLu);
  });
}

TEST_P(AuditEbu, GatedCasesReadMinus23) {
  for (const int number : {3, 4, 5}) {
    if (!is_whole() && (number == 4 || rate() != (number == 3 ? 44100 : 69313))) continue;
    const EbuSignal signal = tech3341(number, rate());
    const Exact exact = exact_of(signal);
    audited(std::to_string(number), signal, [&](const nlohmann::json& file) {
      EXPECT_NEAR(figure(file, "integrated_lufs"), -23, kHalfTolerance);
      EXPECT_NEAR(figure(file, "integrated_lufs"), exact.integrated_lufs, kExactLu);
    });
  }
}

TEST_P(AuditEbu, SlidingWindowsReadTheirMaximumWhereverItStands) {
  struct Case {
    int number, file;
    double nominal_m, nominal_s;  // 0: the standard asks nothing of it
  };
  std::vector<Case> cases{{9, 0, 0, -23}, {12, 0, -23, 0}, {11, 0, 0, -19}, {14, 0, -19, 0}};
  for (int file = 0; file < 20; file += is_whole() ? 1 : 7) {
    cases.push_back({10, file, 0, -23});
    cases.push_back({13, file, -23, 0});
  }
  for (const Case& c : cases) {
    if (!is_whole() && c.number == 11) continue;  // half a minute that case 10 has in pieces
    const EbuSignal signal = tech3341(c.number, rate(), c.file);
    const Exact exact = exact_of(signal);
    audited(std::to_string(c.number) + "-" + std::to_string(c.file), signal, [&](const nlohmann::json& file) {
      if (c.nominal_m != 0) {
        EXPECT_NEAR(figure(file, "max_momentary_lufs"), c.nominal_m, kHalfTolerance);
      }
      if (c.nominal_s != 0) {
        EXPECT_NEAR(figure(file, "max_short_term_lufs"), c.nominal_s, kHalfTolerance);
      }
      EXPECT_NEAR(figure(file, "max_momentary_lufs"), exact.max_momentary_lufs, kExactLu);
      if (signal.wave.size() >= 3 * static_cast<std::size_t>(rate())) {
        EXPECT_NEAR(figure(file, "max_short_term_lufs"), exact.max_short_term_lufs, kExactLu);
      }
    });
  }
}

TEST_P(AuditEbu, TruePeaksAreThoseOfBandLimitedInterpolation) {
  const double nominal[] = {-6, -6, -6, -6, 3, 0, 0, 0, 0};
  const TruePeakOracle oracle(64);
  for (int number = 15; number <= 23; ++number) {
    const EbuSignal signal = tech3341(number, rate());
    // 30 ms of it hold the loud period of cases 20 to 23.
    const auto middle = static_cast<std::ptrdiff_t>(signal.wave.size() / 2),
               half = static_cast<std::ptrdiff_t>(0.015 * rate());
    Signal part(signal.wave.begin() + middle - half, signal.wave.begin() + middle + half);
    fade(part, half / 5);
    const double exact = db(oracle.peak(part));
    audited(std::to_string(number), signal, [&](const nlohmann::json& file) {
      // Case 19 is over full scale: integers clip it.
      const std::string path = file.at("path");
      if (number == 19 && path.find("float") == std::string::npos) return;
      EXPECT_NEAR(figure(file, "true_peak_dbtp"), exact, kTruePeakDb) << number;
      EXPECT_GT(figure(file, "true_peak_dbtp"), nominal[number - 15] - 0.4) << number;
      EXPECT_LT(figure(file, "true_peak_dbtp"), nominal[number - 15] + 0.2) << number;
    });
  }
}

TEST_P(AuditEbu, LoudnessRangesOfTech3342) {
  const double nominal[] = {10, 5, 20, 15};
  for (int number = 1; number <= 4; ++number) {
    if (!is_whole() && number != 1 && rate() != 44100) continue;
    audited("3342-" + std::to_string(number), tech3342(number, rate()), [&](const nlohmann::json& file) {
      EXPECT_NEAR(figure(file, "loudness_range_lu"), nominal[number - 1], 0.01);
    });
  }
}

INSTANTIATE_TEST_SUITE_P(Rates, AuditEbu, ::testing::Values(44100, 48000, 69313, 88200, 96000, 176400, 192000),
                         ::testing::PrintToStringParamName());

}  // namespace
}  // namespace lathe::test
