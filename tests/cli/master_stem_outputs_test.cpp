// `of: stems`: mastered stems as outputs, from outside.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "tests/cli/music.h"
#include "tests/cli/workspace.h"
#include "tests/support/comparison.h"

namespace lathe::test {
namespace {

using ::testing::HasSubstr;

constexpr const char* kBus =
    "recipe: v1\n"
    "stems: [{match: vocals, role: vocals, chain: [{compress: {threshold_db: -30, ratio: 3}}]}]\n"
    "chain:\n"
    "  - eq: {bands: [{type: high-shelf, freq_hz: 6000, gain_db: 2}]}\n"
    "  - compress: {threshold_db: -30, ratio: 3}\n"
    "  - stereo: {width: 1.2, mono_below_hz: 100}\n"
    "  - limit: {ceiling_dbtp: -1}\n"
    "loudness: {target_lufs: -20}\n";

class MasterStemOutputs : public ::testing::Test {
 protected:
  void SetUp() override { write_song(work_.in() / "song", 1); }

  static void write_song(const fs::path& folder, std::uint64_t seed) {
    Random random(seed);
    fs::create_directories(folder);
    write_sound(folder / "drums.wav", strokes(random, kRate, 2, 6, 20), kWavFloat);
    write_sound(folder / "bass.wav", wandering(random, kRate, 1, 6, 0.2), kWavFloat);
    write_sound(folder / "vocals.wav", wandering(random, kRate, 2, 4.5, 0.2), kWavFloat);
  }

  ProgramResult master(const std::string& yaml, std::vector<std::string> more = {}) const {
    more.insert(more.end(), {"--stems", "--json", "--recipe", work_.recipe(yaml)});
    return work_.master(more);
  }

  static Sound sum_in(const std::vector<fs::path>& files) {
    Sound sum = read_sound(files.at(0));
    for (std::size_t i = 1; i < files.size(); ++i) {
      const Sound one = read_sound(files[i]);
      EXPECT_EQ(one.frames(), sum.frames()) << files[i];
      EXPECT_EQ(one.channels.size(), sum.channels.size()) << files[i];
      for (std::size_t c = 0; c < sum.channels.size(); ++c) {
        for (std::size_t n = 0; n < sum.channels[c].size(); ++n) sum.channels[c][n] += one.channels.at(c).at(n);
      }
    }
    return sum;
  }

  std::vector<fs::path> stems_of_song() const {
    return {work_.out() / "song/drums.wav", work_.out() / "song/bass.wav", work_.out() / "song/vocals.wav"};
  }

  static nlohmann::json only_track(const ProgramResult& run) { return run.json().at("tracks").at(0); }

  Workspace work_;
};

// Where the stems alone have a goal, and it is not reached, nothing else says so.
TEST_F(MasterStemOutputs, WhyTheirOwnTargetWasMissedIsSaid) {
  const ProgramResult run = master(std::string(kBus) +
                                   "outputs:\n  - {id: master, bits: 24}\n  - {id: parts, of: stems, bits: 32f, skip: "
                                   "[limit], loudness: {target_lufs: -1}}\n");
  ASSERT_EQ(run.exit_code, 0) << run.err;
  const nlohmann::json track = only_track(run);
  EXPECT_THAT(track.at("notes").dump(), HasSubstr("output parts: the stems' sum: target -1.0 LUFS"));
  EXPECT_EQ(track.at("asked").at("integrated_lufs"), -20);
}

TEST_F(MasterStemOutputs, SumToTheMasterWithoutItsLimiter) {
  for (const std::string rate : {"44100", "96000"}) {
    const ProgramResult run =
        master(std::string(kBus) + "outputs:\n  - {id: pre, bits: 32f, skip: [limit], sample_rate: " + rate +
                   "}\n  - {of: stems, bits: 32f, skip: [limit], sample_rate: " + rate + "}\n",
               {"--overwrite"});
    ASSERT_EQ(run.exit_code, 0) << run.err;
    const Sound pre = read_sound(work_.out() / "song.pre.wav"), sum = sum_in(stems_of_song());
    for (std::size_t c = 0; c < 2; ++c) EXPECT_LT(residual_db(sum.channels[c], pre.channels[c]), -120) << rate;
    const nlohmann::json track = only_track(run);
    ASSERT_EQ(track.at("outputs").size(), 4u);
    for (std::size_t i = 1; i < 4; ++i) {
      const nlohmann::json& output = track.at("outputs").at(i);
      EXPECT_LT(output.at("stem").at("sum_error_db").get<double>(), -120) << output.dump(1);
      EXPECT_EQ(output.at("sha256").get<std::string>().size(), 64u);
      EXPECT_EQ(output.at("frames"), track.at("outputs").at(0).at("frames"));
      EXPECT_TRUE(output.at("after").at("sample_peak_dbfs").is_number());
    }
    EXPECT_EQ(track.at("outputs").at(3).at("stem").at("role"), "vocals");
    EXPECT_NEAR(track.at("reached").at("integrated_lufs").get<double>(), -20, 0.05);
  }
}

TEST_F(MasterStemOutputs, BesideALimitedMasterHaveItsGain) {
  const ProgramResult run =
      master(std::string(kBus) + "outputs: [{id: master, bits: 24}, {id: parts, of: stems, bits: 32f}]\n",
             {"--set", "loudness.target_lufs=-9"});
  ASSERT_EQ(run.exit_code, 0) << run.err;
  const Sound limited = read_sound(work_.out() / "song.master.wav"), sum = sum_in(stems_of_song());
  const nlohmann::json stem = only_track(run).at("outputs").at(1).at("stem");
  EXPECT_LT(stem.at("sum_error_db").get<double>(), -120);
  std::vector<double> got, want;
  for (std::size_t c = 0; c < 2; ++c) {
    got.insert(got.end(), sum.channels[c].begin(), sum.channels[c].end());
    want.insert(want.end(), limited.channels[c].begin(), limited.channels[c].end());
  }
  const double residual = residual_db(got, want);
  EXPECT_GT(residual, -60) << "the limiter had nothing to do";
  EXPECT_NEAR(stem.at("sum_to_limited_master_db").get<double>(), residual, 0.5);
}

// Manifest, verify and the memory of what is done know each of the files.
TEST_F(MasterStemOutputs, AreVerifiedAndFoundUnchanged) {
  const std::string recipe = std::string(kBus) + "outputs: [{id: master}, {id: parts, of: stems, without: [vocals]}]\n";
  ASSERT_EQ(master(recipe).exit_code, 0);
  EXPECT_EQ(masters_of(work_.out()).size(), 3u);
  EXPECT_FALSE(fs::exists(work_.out() / "song/vocals.wav"));
  EXPECT_EQ(run_program({"verify", work_.out().string()}).exit_code, 0);
  const nlohmann::json again = only_track(master(recipe));
  EXPECT_EQ(again.at("state"), "UNCHANGED");
  EXPECT_EQ(again.at("outputs").size(), 3u);
  EXPECT_FALSE(again.at("outputs").at(1).at("stem").contains("sum_error_db")) << "a stem has no file: there is no sum";
  const fs::path bass = work_.out() / "song/bass.wav";
  std::string bytes = slurp(bass);
  bytes[bytes.size() / 2] ^= 1;
  spill(bass, bytes);
  const ProgramResult verify = run_program({"verify", work_.out().string(), "--json"});
  EXPECT_EQ(verify.exit_code, 1);
  EXPECT_THAT(verify.out, HasSubstr("song/bass.wav"));
  fs::remove(bass);
  EXPECT_EQ(only_track(master(recipe)).at("state"), "DONE");
  EXPECT_TRUE(fs::exists(bass));
}

TEST_F(MasterStemOutputs, AreCalledAsTheRecipeSays) {
  const ProgramResult run = master(
      "recipe: v1\nstems: [{match: '*', role: part}]\n"
      "outputs: [{of: stems, bits: 24, format: flac, path: 'all/{mix} - {stem}'}]\n");
  ASSERT_EQ(run.exit_code, 0) << run.err;
  const Tree masters = masters_of(work_.out());
  EXPECT_EQ(masters.size(), 3u);
  EXPECT_TRUE(masters.contains("all/song - bass.flac"));
  const nlohmann::json track = only_track(run);
  EXPECT_TRUE(track.at("reached").at("integrated_lufs").is_null()) << "no output holds the mix";
  EXPECT_EQ(track.at("reason"), "");
}

// Roles that are not one stem's, and mixes of one name.
TEST_F(MasterStemOutputs, OfOneNameAreRefused) {
  const ProgramResult one =
      master("recipe: v1\nstems: [{match: '*', role: part}]\noutputs: [{of: stems, path: '{mix}/{role}.{ext}'}]\n");
  EXPECT_EQ(one.exit_code, 1);
  EXPECT_THAT(only_track(one).at("reason").get<std::string>(), HasSubstr("and those of stems {stem}"));
  write_song(work_.in() / "other", 2);
  const ProgramResult two = master("recipe: v1\noutputs: [{of: stems, path: 'x/{stem}.{ext}'}]\n");
  EXPECT_EQ(two.exit_code, 1);
  EXPECT_THAT(two.out, HasSubstr("give the recipe's output a path that tells them apart"));
  EXPECT_EQ(masters_of(work_.out()).size(), 3u);
}

TEST_F(MasterStemOutputs, ADryRunNamesThem) {
  const ProgramResult run = master(std::string(kBus) + "outputs: [{id: master}, {of: stems}]\n", {"--dry-run"});
  ASSERT_EQ(run.exit_code, 0) << run.err;
  const nlohmann::json track = only_track(run);
  ASSERT_EQ(track.at("outputs").size(), 4u);
  EXPECT_EQ(track.at("outputs").at(1).at("path"), (work_.out() / "song/bass.wav").string());
  EXPECT_TRUE(track.at("outputs").at(1).at("expected").is_null());
  EXPECT_NEAR(track.at("expected").at("integrated_lufs").get<double>(), -20, 0.05);
  EXPECT_FALSE(fs::exists(work_.out() / "song"));
}

TEST_F(MasterStemOutputs, WhatCannotBeIsRefusedAtItsLine) {
  const ProgramResult bus = master("recipe: v1\nchain:\n  - denoise: {}\noutputs: [{of: stems}]\n");
  EXPECT_EQ(bus.exit_code, 2);
  EXPECT_THAT(bus.err, HasSubstr(":3:5: error: chain[0]: denoise on the bus"));
  const ProgramResult unsaid = work_.master({"--recipe", work_.recipe("recipe: v1\noutputs: [{of: stems}]\n")});
  EXPECT_EQ(unsaid.exit_code, 2);
  EXPECT_THAT(unsaid.err, HasSubstr("say --stems"));
}

}  // namespace
}  // namespace lathe::test
