// Gains that a compressor had over a mix, given to others: to the mix itself, and to the parts it is made of.
#include "kernels/dynamics/kept_gains.h"

#include <gtest/gtest.h>

#include <memory>
#include <vector>

#include "tests/support/comparison.h"
#include "tests/support/random.h"
#include "tests/support/signals.h"
#include "tests/support/simd_levels.h"
#include "tests/support/track.h"

namespace lathe::test {
namespace {

constexpr double kKeyRate = 48000;

// Rows in memory, silent behind their end.
class GainsInMemory final : public KeptGains {
 public:
  void append(AudioView gains) override {
    rows_.resize(static_cast<std::size_t>(gains.channels));
    for (int r = 0; r < gains.channels; ++r) {
      auto& row = rows_[static_cast<std::size_t>(r)];
      row.insert(row.end(), gains.channel(r), gains.channel(r) + gains.frames);
    }
  }
  AudioView read(std::int64_t first_group, std::int64_t groups) override {
    window_.assign(rows_.size() * static_cast<std::size_t>(groups), 0.0F);
    for (std::size_t r = 0; r < rows_.size(); ++r) {
      for (std::int64_t g = 0; g < groups && first_group + g < values(); ++g)
        window_[r * static_cast<std::size_t>(groups) + static_cast<std::size_t>(g)] =
            rows_[r][static_cast<std::size_t>(first_group + g)];
    }
    return {window_.data(), rows(), groups, groups};
  }
  int rows() const { return static_cast<int>(rows_.size()); }
  std::int64_t values() const { return rows_.empty() ? 0 : static_cast<std::int64_t>(rows_[0].size()); }

 private:
  std::vector<std::vector<float>> rows_;
  std::vector<float> window_;
};

FloatTrack music_of(Random& random, std::int64_t frames, double level) {
  std::vector<Signal> channels{programme(random, kKeyRate, frames), programme(random, kKeyRate, frames)};
  for (Signal& channel : channels) {
    for (double& x : channel) x *= level;
  }
  return FloatTrack(channels);
}

FloatTrack mix_of(const std::vector<FloatTrack>& parts) {
  FloatTrack mix(parts[0].channels(), parts[0].frames());
  for (int c = 0; c < mix.channels(); ++c) {
    for (std::size_t n = 0; n < mix.channel(c).size(); ++n) {
      float sum = 0;
      for (const FloatTrack& part : parts) sum += part.channel(c)[n];
      mix.channel(c)[n] = sum;
    }
  }
  return mix;
}

// One band or three, fully linked or not, with a look-ahead; the middle one of three does nothing.
std::vector<std::shared_ptr<const CompressorDesign>> designs() {
  std::vector<std::shared_ptr<const CompressorDesign>> all;
  for (const int bands : {1, 3}) {
    for (const double link : {1.0, 0.5}) {
      CompressorSettings settings;
      settings.sample_rate_hz = kKeyRate;
      settings.link = link;
      settings.mix = 0.9;
      settings.bands.resize(static_cast<std::size_t>(bands));
      for (CompressorBand& band : settings.bands) {
        band.threshold_db = -40;
        band.ratio = 4;
        band.makeup_db = 1;
      }
      if (bands == 3) {
        settings.crossovers_hz = {150, 4000};
        settings.bands[1] = {.threshold_db = 0, .ratio = 1};
      }
      all.push_back(std::make_shared<const CompressorDesign>(settings));
    }
  }
  return all;
}

TEST(KeptGains, GivenToTheTrackTheyCameFromDoTheSameToTheLastBit) {
  Random random = seeded(1);
  for (const std::int64_t frames : {1, 31, 8192, 20001, 70003}) {
    const FloatTrack mix = music_of(random, frames, 0.5);
    for (const auto& design : designs()) {
      GainsInMemory gains;
      const FloatTrack plain = run_stage(*cpu::make_compressor(design, 2), mix);
      const FloatTrack kept =
          run_stage(*cpu::make_keeping_compressor(design, 2, gains), mix, random_cuts(random, frames));
      EXPECT_TRUE(same_bits(plain, kept)) << frames;
      EXPECT_EQ(gains.values(), kept_gain_values(frames));
      EXPECT_EQ(gains.rows(), kept_gain_rows(*design, 2));
      const FloatTrack keyed =
          run_stage(*cpu::make_keyed_compressor(design, 2, gains), mix, random_cuts(random, frames));
      EXPECT_TRUE(same_bits(plain, keyed)) << frames;
    }
  }
}

// A part alone is so low that the compressor would leave it as it is.
TEST(KeptGains, GivenToTheMixesPartsLeaveTheirSumTheCompressedMix) {
  for_each_simd_level([] {
    Random random = seeded(2);
    std::vector<FloatTrack> parts;
    for (const double level : {0.4, 0.3, 0.001}) parts.push_back(music_of(random, 60000, level));
    const FloatTrack mix = mix_of(parts);
    for (const auto& design : designs()) {
      GainsInMemory gains;
      const FloatTrack whole = run_stage(*cpu::make_keeping_compressor(design, 2, gains), mix);
      std::vector<FloatTrack> out;
      for (const FloatTrack& part : parts)
        out.push_back(run_stage(*cpu::make_keyed_compressor(design, 2, gains), part));
      const FloatTrack sum = mix_of(out);
      for (int c = 0; c < 2; ++c) EXPECT_LT(residual_db(sum.channel(c), whole.channel(c)), -130);
      EXPECT_GT(residual_db(whole.channel(0), mix.channel(0)), -30) << "nothing was compressed";
    }
  });
}

TEST(KeptGains, NeedChannels) {
  GainsInMemory gains;
  EXPECT_THROW(cpu::make_keyed_compressor(designs()[0], 0, gains), std::invalid_argument);
  EXPECT_THROW(cpu::make_keeping_compressor(designs()[0], 0, gains), std::invalid_argument);
}

}  // namespace
}  // namespace lathe::test
