// Issue's point 4: a chain that asks for nothing gives back every bit, in every container and encoding.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sndfile.h>

#include <bit>
#include <cmath>
#include <map>
#include <numbers>

#include "tests/cli/workspace.h"
#include "tests/support/random.h"

namespace lathe::test {
namespace {

struct Kind {
  Stored stored;
  const char* extension;
};

std::string file_name(const Kind& kind, int channels) {
  return fmt::format("{:x}_{}.{}", static_cast<unsigned>(kind.stored.container | kind.stored.encoding), channels,
                     kind.extension);
}

std::vector<Kind> all_kinds() {
  std::vector<Kind> kinds;
  const std::pair<int, const char*> containers[] = {{SF_FORMAT_WAV, "wav"},   {SF_FORMAT_WAVEX, "wav"},
                                                    {SF_FORMAT_RF64, "wav"},  {SF_FORMAT_W64, "w64"},
                                                    {SF_FORMAT_AIFF, "aiff"}, {SF_FORMAT_CAF, "caf"}};
  for (const auto& [container, extension] : containers) {
    for (const int encoding : {SF_FORMAT_PCM_16, SF_FORMAT_PCM_24, SF_FORMAT_PCM_32, SF_FORMAT_FLOAT})
      kinds.push_back({{container, encoding}, extension});
  }
  kinds.push_back({{SF_FORMAT_FLAC, SF_FORMAT_PCM_16}, "flac"});
  kinds.push_back({{SF_FORMAT_FLAC, SF_FORMAT_PCM_24}, "flac"});
  return kinds;
}

// Every bit pattern, or (`is_quiet`) nothing above -18 dB, so that a limiter has nothing to do.
std::vector<std::int32_t> noise(Random& random, Stored stored, std::size_t count, bool is_quiet) {
  const int width = stored.encoding == SF_FORMAT_PCM_16 ? 16 : stored.encoding == SF_FORMAT_PCM_24 ? 24 : 32;
  std::vector<std::int32_t> samples(count);
  for (std::int32_t& sample : samples) {
    if (stored.encoding == SF_FORMAT_FLOAT) {
      sample = std::bit_cast<std::int32_t>(static_cast<float>(random.uniform(-1, 1) * (is_quiet ? 0.12 : 3.0)));
    } else {
      auto bits = static_cast<std::int32_t>(random.bits());
      if (is_quiet) bits /= 8;
      sample = static_cast<std::int32_t>(static_cast<std::uint32_t>(bits) >> (32 - width) << (32 - width));
    }
  }
  return samples;
}

void expect_same_bits(const std::string& recipe_text, bool is_quiet) {
  Random random = seeded(7);
  const Workspace work;
  for (const Kind& kind : all_kinds()) {
    for (const int channels : {1, 2}) {
      const auto samples = noise(random, kind.stored, 5003u * static_cast<unsigned>(channels), is_quiet);
      write_samples(work.in() / file_name(kind, channels), samples, 48000, channels, kind.stored);
    }
  }
  const ProgramResult run = work.master({"--json", "--recipe", work.recipe(recipe_text)});
  ASSERT_EQ(run.exit_code, 0) << run.err;
  for (const Kind& kind : all_kinds()) {
    for (const int channels : {1, 2}) {
      const std::string name = file_name(kind, channels);
      SCOPED_TRACE(name);
      EXPECT_TRUE(stored_samples(work.out() / name) == stored_samples(work.in() / name));
      EXPECT_EQ(stored_of(work.out() / name).encoding, kind.stored.encoding);
    }
  }
}

TEST(MasterTransparency, AnEmptyChainGivesEveryBitBack) { expect_same_bits("recipe: v1\n", false); }

TEST(MasterTransparency, AGainOfNothingAndAnEqWithoutBandsGiveEveryBitBack) {
  expect_same_bits("recipe: v1\nchain:\n  - gain: {gain_db: 0}\n  - eq: {bands: []}\n", false);
}

TEST(MasterTransparency, ALimiterWithNothingToDoGivesEveryBitBack) {
  expect_same_bits("recipe: v1\nchain:\n  - limit: {ceiling_dbtp: -1}\n", true);
}

TEST(MasterTransparency, MoreBitsThanTheInputHoldTheVerySameSamples) {
  Random random = seeded(8);
  const Workspace work;
  const auto samples = noise(random, {SF_FORMAT_WAV, SF_FORMAT_PCM_16}, 4000, false);
  write_samples(work.in() / "a.wav", samples, 44100, 2, {SF_FORMAT_WAV, SF_FORMAT_PCM_16});
  ASSERT_EQ(work.master({"--recipe", work.recipe("recipe: v1\noutputs: [{format: flac, bits: 24}]\n")}).exit_code, 0);
  EXPECT_TRUE(stored_samples(work.out() / "a.flac") == samples);
}

TEST(MasterTransparency, FewerBitsThanTheInputAreDitheredUnlessTheRecipeForbidsIt) {
  const Workspace work;
  // A third of a 16-bit step everywhere: without dither it rounds to nothing, with dither its mean survives.
  const std::vector<std::int32_t> samples(88200, (1 << 16) / 3 & ~0xFF);
  write_samples(work.in() / "a.wav", samples, 44100, 1, {SF_FORMAT_WAV, SF_FORMAT_PCM_24});
  ASSERT_EQ(work.master({"--recipe", work.recipe("recipe: v1\noutputs: [{bits: 16}]\n")}).exit_code, 0);
  double mean = 0;
  for (const std::int32_t s : stored_samples(work.out() / "a.wav")) mean += s / 65536.0 / 88200;
  EXPECT_NEAR(mean, 1.0 / 3, 0.02);
  ASSERT_EQ(work.master({"--recipe", work.recipe("recipe: v1\noutputs: [{bits: 16, dither: none}]\n")}).exit_code, 0);
  for (const std::int32_t s : stored_samples(work.out() / "a.wav")) ASSERT_EQ(s, 0);
}

// The mean survives as with plain dither, and what is left below some 2 kHz, seen through a Hann window of 32, is
// softer; how much softer is the kernels' tests' business.
TEST(MasterTransparency, ShapedDitherIsDitherWithLessNoiseWhereTheEarIs) {
  const Workspace work;
  const std::vector<std::int32_t> samples(88200, (1 << 16) / 3 & ~0xFF);
  write_samples(work.in() / "a.wav", samples, 44100, 1, {SF_FORMAT_WAV, SF_FORMAT_PCM_24});
  std::map<std::string, double> low_noise;
  for (const std::string dither : {"tpdf", "shaped", "shaped-strong"}) {
    const std::string recipe = work.recipe("recipe: v1\noutputs: [{bits: 16, dither: " + dither + "}]\n");
    ASSERT_EQ(work.master({"--recipe", recipe}).exit_code, 0);
    const std::vector<std::int32_t> written = stored_samples(work.out() / "a.wav");
    double mean = 0;
    for (const std::int32_t s : written) mean += s / 65536.0 / 88200;
    EXPECT_NEAR(mean, 1.0 / 3, 0.02) << dither;
    for (std::size_t first = 0; first + 32 <= written.size(); first += 16) {
      double sum = 0;
      for (int n = 0; n < 32; ++n)
        sum += (written[first + static_cast<std::size_t>(n)] / 65536.0 - mean) *
               (1 - std::cos(2 * std::numbers::pi * (n + 0.5) / 32));
      low_noise[dither] += sum * sum;
    }
  }
  EXPECT_LT(low_noise["shaped"], 0.6 * low_noise["tpdf"]);
  EXPECT_LT(low_noise["shaped-strong"], 0.5 * low_noise["shaped"]);
}

}  // namespace
}  // namespace lathe::test
