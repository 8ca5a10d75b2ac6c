// What is remembered comes back to the bit, and bytes that are not whole never do.
#include "host/audit/measurement_record.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "host/audit/loudness_series.h"
#include "tests/support/random.h"

namespace lathe {
namespace {

FileAudit sample() {
  FileAudit file;
  file.state = AuditState::measured;
  file.container = "WAV";
  file.encoding = "24-bit";
  file.sample_rate_hz = 44100;
  file.channels = 2;
  file.channel_mask = 3;
  file.frames = 441000;
  file.size_bytes = 2646044;
  file.payload_hash = "0123456789abcdef0123456789abcdef";
  file.tags = {{"title", "A \"title\""}, {"isrc", "USRC17607839"}};
  file.figures = {
      -14.1, 5.3, -9.9, std::numeric_limits<double>::lowest(), -0.0, -std::numeric_limits<double>::infinity()};
  file.true_peak_at_s = 1.25;
  file.findings = {{"clipped-runs", Severity::info, "12 runs", 0.5, {{"runs", 12}, {"longest_ms", 0.3}}},
                   {"dc-offset", Severity::warning, "", std::nullopt, {}}};
  file.octaves = OctaveFigures{};
  file.octaves->level_db = {-8, -2, 0, -3, -5, -7, -9, -13, std::numeric_limits<float>::quiet_NaN()};
  file.octaves->balance_db = 0.25f;
  file.powers = {{0.1f, 0.2f, 1e-30f}, {0.5f}};
  return file;
}

TEST(MeasurementRecord, EverythingComesBackToTheBit) {
  const FileAudit file = sample();
  FileAudit back;
  ASSERT_TRUE(unpack_facts(pack_facts(file), back));
  ASSERT_TRUE(unpack_measurement(pack_measurement(file), back));
  EXPECT_EQ(pack_facts(back), pack_facts(file));
  EXPECT_EQ(pack_measurement(back), pack_measurement(file));
  EXPECT_EQ(back.tags, file.tags);
  EXPECT_EQ(back.powers.blocks, file.powers.blocks);
  EXPECT_EQ(back.figures.sample_peak_dbfs, file.figures.sample_peak_dbfs);
  EXPECT_EQ(back.findings.at(0).figures, file.findings.at(0).figures);
  EXPECT_EQ(back.true_peak_at_s, 1.25);
  EXPECT_EQ(back.below_20khz_lufs, std::nullopt);
  ASSERT_TRUE(back.octaves);
  EXPECT_EQ(back.octaves->level_db[3], -3);
  EXPECT_TRUE(std::isnan(back.octaves->level_db[8]));
  EXPECT_EQ(back.octaves->balance_db, 0.25f);
}

TEST(MeasurementRecord, BytesThatAreNotWholeAreRefused) {
  const std::string whole = pack_measurement(sample());
  FileAudit file;
  for (std::size_t size = 0; size < whole.size(); ++size)
    EXPECT_FALSE(unpack_measurement(std::string_view(whole).substr(0, size), file)) << size;
  EXPECT_FALSE(unpack_measurement(whole + "x", file));
  EXPECT_FALSE(unpack_measurement(pack_facts(sample()), file));
  test::Random random = test::seeded(610);
  for (int i = 0; i < 2000; ++i) {
    std::string bytes = whole;
    bytes[static_cast<std::size_t>(random.integer(0, std::ssize(bytes) - 1))] ^=
        static_cast<char>(random.integer(1, 255));
    EXPECT_FALSE(unpack_measurement(bytes, file));
  }
}

TEST(MeasurementRecord, OtherSamplesFormatsAndOptionsHaveOtherKeys) {
  const FileAudit file = sample();
  FileAudit other = file;
  other.container = "FLAC";
  other.tags.clear();
  EXPECT_EQ(payload_key(other), payload_key(file));
  other.channel_mask = 0;
  EXPECT_NE(payload_key(other), payload_key(file));
  AuditOptions options;
  const std::string usual = setup_key(options);
  options.series = true;
  EXPECT_EQ(setup_key(options), usual);
  options.dual_mono = true;
  EXPECT_NE(setup_key(options), usual);
}

TEST(LoudnessSeries, AValueStandsWhereItsWindowEnds) {
  PooledPowers powers;
  powers.blocks.assign(40, 1.0f);      // 43 steps of 100 ms
  powers.short_term.assign(29, 1.0f);  // 14 of them fit; the others run into silence
  const LoudnessSeries series = series_of(powers);
  ASSERT_EQ(series.momentary_lufs.size(), 43u);
  ASSERT_EQ(series.short_term_lufs.size(), 43u);
  EXPECT_TRUE(std::isinf(series.momentary_lufs[2]));
  EXPECT_NEAR(series.momentary_lufs[3], -0.691, 1e-6);
  EXPECT_TRUE(std::isinf(series.short_term_lufs[28]));
  EXPECT_NEAR(series.short_term_lufs[29], -0.691, 1e-6);
  EXPECT_TRUE(series_of({}).momentary_lufs.empty());
}

}  // namespace
}  // namespace lathe
