// `lathe master --stems`: folders of stems as mixes, from outside.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sndfile.h>

#include <cmath>

#include "tests/cli/music.h"
#include "tests/cli/tagged_file.h"
#include "tests/cli/true_master.h"
#include "tests/cli/workspace.h"

namespace lathe::test {
namespace {

using ::testing::HasSubstr;

constexpr const char* kSum = "recipe: v1\noutputs: [{format: wav, bits: 32f}]\n";

Sound sum_of(const std::vector<Sound>& stems) {
  Sound sum{stems.front().sample_rate_hz, {}};
  std::int64_t frames = 0;
  for (const Sound& stem : stems) frames = std::max(frames, stem.frames());
  for (std::size_t c = 0; c < 2; ++c) {
    Signal& channel = sum.channels.emplace_back(static_cast<std::size_t>(frames), 0.0);
    for (const Sound& stem : stems)
      for (std::size_t n = 0; n < stem.channels[c].size(); ++n) channel[n] += stem.channels[c][n];
  }
  return sum;
}

class MasterStems : public ::testing::Test {
 protected:
  // drums.wav, bass.wav and vocals.wav in `folder`, as they are stored; with them, where asked for, mix.wav.
  std::vector<Sound> write_song(const fs::path& folder, std::uint64_t seed, bool with_mix = false) {
    Random random(seed);
    fs::create_directories(folder);
    const std::vector<Sound> made{strokes(random, kRate, 2, 6, 20), wandering(random, kRate, 2, 6, 0.3),
                                  wandering(random, kRate, 2, 4.5, 0.2)};
    const std::vector<std::string> names{"drums", "bass", "vocals"};
    std::vector<Sound> stems;
    for (std::size_t i = 0; i < made.size(); ++i) {
      const fs::path file = folder / (names[i] + ".wav");
      write_sound(file, made[i], kWavFloat);
      stems.push_back(read_sound(file));
    }
    if (with_mix) write_sound(folder / "mix.wav", sum_of(stems), kWavFloat);
    return stems;
  }

  ProgramResult master(std::vector<std::string> more) const {
    more.insert(more.end(), {"--stems", "--json"});
    return work_.master(more);
  }

  static nlohmann::json only_track(const ProgramResult& run) {
    const nlohmann::json tracks = run.json().at("tracks");
    EXPECT_EQ(tracks.size(), 1u) << tracks.dump(1);
    return tracks.at(0);
  }

  Workspace work_;
};

// Stems, summed in float64 and rounded once, are the mix to the last bit.
TEST_F(MasterStems, UntouchedStemsSumToTheMixdownBitForBit) {
  const std::vector<Sound> stems = write_song(work_.in() / "song", 1, true);
  const ProgramResult run = master({"--recipe", work_.recipe(kSum), "--mixdown", "mix.wav"});
  ASSERT_EQ(run.exit_code, 0) << run.err;
  const nlohmann::json track = only_track(run);
  EXPECT_EQ(track.at("input"), (work_.in() / "song").string());
  EXPECT_EQ(track.at("stems").size(), 3u);
  EXPECT_EQ(track.at("null_test").at("is_exact"), true);
  EXPECT_EQ(track.at("null_test").at("findings").size(), 0u) << track.dump(1);
  EXPECT_EQ(stored_samples(work_.out() / "song.wav"), stored_samples(work_.in() / "song/mix.wav"));
  EXPECT_THAT(run.err, HasSubstr("the stems sum to the mixdown, bit for bit"));
  EXPECT_THAT(run.err, HasSubstr("shorter than the longest stem"));
}

TEST_F(MasterStems, MeetTargetAndCeiling) {
  write_song(work_.in() / "one", 2);
  write_song(work_.in() / "two", 3);
  const ProgramResult run = master({"--set", "loudness.target_lufs=-12"});
  ASSERT_EQ(run.exit_code, 0) << run.err;
  for (const std::string name : {"one", "two"}) {
    const Sound sound = read_sound(work_.out() / (name + ".wav"));
    EXPECT_NEAR(integrated_lufs(sound), -12, kReachedLu) << name;
    EXPECT_LE(true_peak_dbtp(sound), kCeiling + kPeakDb) << name;
  }
  EXPECT_EQ(run.json().at("summary").at("tracks"), 2);
}

TEST_F(MasterStems, AreFoundUnchangedUntilOneOfThemChanges) {
  write_song(work_.in() / "song", 4);
  ASSERT_EQ(master({}).exit_code, 0);
  EXPECT_EQ(only_track(master({})).at("state"), "UNCHANGED");
  Random random(9);
  write_sound(work_.in() / "song/bass.wav", wandering(random, kRate, 2, 6, 0.3), kWavFloat);
  const ProgramResult changed = master({});
  EXPECT_EQ(only_track(changed).at("state"), "DONE") << changed.err;
}

TEST_F(MasterStems, WhatDoesNotFitIsNamed) {
  std::vector<Sound> stems = write_song(work_.in() / "shifted", 5, true);
  for (Signal& channel : stems[1].channels) {
    channel.insert(channel.begin(), 0.0);
    channel.pop_back();
  }
  write_sound(work_.in() / "shifted/bass.wav", stems[1], kWavFloat);
  write_song(work_.in() / "missing", 6, true);
  fs::remove(work_.in() / "missing/drums.wav");
  write_song(work_.in() / "mixed", 7, true);
  Random random(8);
  write_sound(work_.in() / "mixed/keys.wav", wandering(random, 48000, 2, 6, 0.1), kWavFloat);
  write_song(work_.in() / "whole", 8);
  const ProgramResult run = master({"--mixdown", "mix.wav"});
  EXPECT_EQ(run.exit_code, 1);
  const nlohmann::json report = run.json();
  EXPECT_THAT(track_named(report, "shifted").at("null_test").at("findings").dump(), HasSubstr("bass.wav lies 1 frame"));
  EXPECT_THAT(track_named(report, "missing").at("null_test").at("findings").dump(), HasSubstr("missing"));
  const nlohmann::json mixed = track_named(report, "mixed");
  EXPECT_EQ(mixed.at("state"), "FAILED");
  EXPECT_THAT(mixed.at("reason").get<std::string>(), HasSubstr("keys.wav has 48000 Hz"));
  EXPECT_THAT(track_named(report, "whole").at("reason").get<std::string>(), HasSubstr("its mixdown"));
}

// A rule that meets no file, and a file that meets no rule, are said.
TEST_F(MasterStems, RulesThatMeetNoFileAreNamed) {
  write_song(work_.in() / "song", 10);
  const std::string recipe = work_.recipe(
      "recipe: v1\n"
      "stems:\n"
      "  - {match: 'DRUMS', role: beat, gain_db: -3, chain: [{eq: {bands: [{type: high-pass, freq_hz: 40}]}}]}\n"
      "  - {match: '*keys*', role: keys}\n"
      "outputs: [{bits: 32f}]\n");
  const ProgramResult run = master({"--recipe", recipe});
  ASSERT_EQ(run.exit_code, 0) << run.err;
  const nlohmann::json track = only_track(run);
  EXPECT_THAT(track.at("notes").dump(), HasSubstr("falls under keys (*keys*)"));
  EXPECT_THAT(track.at("notes").dump(), HasSubstr("bass.wav, vocals.wav"));
  EXPECT_EQ(track.at("stems").at(1).at("role"), "beat");
  EXPECT_EQ(track.at("stems").at(1).at("stages").at(0).at("name"), "eq");
}

// The mixdown left among the stems would be heard twice.
TEST_F(MasterStems, AMixdownAmongTheStemsIsSuspected) {
  write_song(work_.in() / "song", 11, true);
  const ProgramResult run = master({});
  EXPECT_THAT(only_track(run).at("notes").dump(), HasSubstr("mix.wav holds what all the other stems hold together"));
  write_song(work_.root() / "clean/song", 11);
  const ProgramResult clean =
      run_program({"master", (work_.root() / "clean").string(), "--out", (work_.root() / "clean-out").string(),
                   "--state-dir", work_.state().string(), "--stems", "--json"});
  EXPECT_THAT(only_track(clean).at("notes").dump(), ::testing::Not(HasSubstr("hold together")));
}

// Without its own loudness, an instrumental has the gain of the whole: it can take the master's place in an edit.
TEST_F(MasterStems, AnInstrumentalIsTheMixWithoutTheVocals) {
  const std::vector<Sound> stems = write_song(work_.in() / "song", 12);
  const std::string recipe = work_.recipe(
      "recipe: v1\n"
      "stems: [{match: vocals, role: vocals}]\n"
      "chain: [{gain: {gain_db: -1}}, {limit: {ceiling_dbtp: -1}}]\n"
      "loudness: {target_lufs: -26}\n"
      "outputs:\n"
      "  - {id: master, bits: 32f}\n"
      "  - {id: instrumental, bits: 32f, without: [vocals]}\n"
      "  - {id: loud, bits: 32f, without: [vocals], loudness: {target_lufs: -20}}\n");
  const ProgramResult run = master({"--recipe", recipe});
  ASSERT_EQ(run.exit_code, 0) << run.err;
  const nlohmann::json track = only_track(run);
  ASSERT_EQ(track.at("outputs").size(), 3u);
  const Sound whole = read_sound(work_.out() / "song.master.wav");
  const Sound instrumental = read_sound(work_.out() / "song.instrumental.wav");
  EXPECT_NEAR(integrated_lufs(whole), -26, kReachedLu);
  EXPECT_NEAR(integrated_lufs(read_sound(work_.out() / "song.loud.wav")), -20, kReachedLu);
  // Nothing is limited at -26: what is left of the whole is the vocals at the master's gain.
  double gain = 0;
  for (const auto& stage : track.at("stages"))
    if (stage.at("name") == "loudness" && gain == 0) gain = std::pow(10, (stage.at("gain_db").get<double>() - 1) / 20);
  double worst = 0;
  for (std::int64_t n = 0; n < whole.frames(); ++n) {
    const auto at = static_cast<std::size_t>(n);
    const double vocals = at < stems[2].channels[0].size() ? stems[2].channels[0][at] : 0;
    worst = std::max(worst, std::abs(whole.channels[0][at] - instrumental.channels[0][at] - gain * vocals));
  }
  EXPECT_LT(worst, 1e-6);
}

TEST_F(MasterStems, ADryRunForeseesTheMix) {
  write_song(work_.in() / "song", 13);
  const ProgramResult run = master({"--dry-run"});
  ASSERT_EQ(run.exit_code, 0) << run.err;
  const nlohmann::json track = only_track(run);
  EXPECT_EQ(track.at("state"), "PLANNED");
  EXPECT_NEAR(track.at("expected").at("integrated_lufs").get<double>(), -14, 0.05);
  EXPECT_FALSE(fs::exists(work_.out() / "song.wav"));
}

TEST_F(MasterStems, UnclearFoldersAndOptionsAreRefused) {
  write_song(work_.in() / "song", 14);
  write_song(work_.in() / "song/more", 15);
  write_song(work_.in() / "good", 16);
  const ProgramResult run = master({});
  EXPECT_EQ(run.exit_code, 1);
  EXPECT_THAT(run.err, HasSubstr("holds audio files itself and in folders below it"));
  EXPECT_TRUE(fs::exists(work_.out() / "good.wav"));
  const ProgramResult unsaid = work_.master({"--recipe", work_.recipe("recipe: v1\nstems: [{match: '*'}]\n")});
  EXPECT_EQ(unsaid.exit_code, 2);
  EXPECT_THAT(unsaid.err, HasSubstr("say --stems"));
  EXPECT_EQ(work_.master({"--mixdown", "mix.wav"}).exit_code, 2);
  EXPECT_EQ(master({"--mixdown", "nowhere.wav"}).exit_code, 2);
}

TEST_F(MasterStems, AMixdownMayLieAboveTheStemsFolder) {
  const std::vector<Sound> stems = write_song(work_.in() / "stems", 18);
  const std::string mixdown = (work_.in() / "song mix.wav").string();
  write_sound(mixdown, sum_of(stems), kWavFloat);
  const ProgramResult run = master({"--recipe", work_.recipe(kSum), "--mixdown", mixdown});
  ASSERT_EQ(run.exit_code, 0) << run.err;
  EXPECT_EQ(only_track(run).at("null_test").at("is_exact"), true);
  fs::remove_all(work_.in() / "stems");
  const ProgramResult alone = master({"--mixdown", mixdown});
  EXPECT_EQ(alone.exit_code, kNothingRead);
  EXPECT_THAT(alone.err, HasSubstr("song mix.wav: there are no stems beside this mixdown"));
}

TEST_F(MasterStems, EachStemIsOfAFormatThatTheRecipeTakes) {
  const std::vector<Sound> stems = write_song(work_.in() / "song", 19);
  write_sound(work_.in() / "song/keys.aiff", stems[1], kAiff24);
  const std::string recipe = work_.recipe("recipe: v1\ninput: {accept: [wav]}\noutputs: [{bits: 24}]\n");
  for (const char* way : {"--no-cache", "--dry-run", "--dry-run=quick"}) {
    const ProgramResult run = master({"--recipe", recipe, way});
    EXPECT_EQ(run.exit_code, kNothingRead) << way;
    EXPECT_THAT(only_track(run).at("reason").get<std::string>(), HasSubstr("keys.aiff")) << way;
    EXPECT_THAT(only_track(run).at("reason").get<std::string>(), HasSubstr("input.accept")) << way;
  }
  fs::rename(work_.in() / "song/keys.aiff", work_.in() / "song/a keys.aiff");  // now it is the first
  EXPECT_THAT(only_track(master({"--recipe", recipe})).at("reason").get<std::string>(), HasSubstr("a keys.aiff"));
}

RawChunk cue_chunk(std::uint32_t frame) {
  return {"cue ", little(1, 4) + little(7, 4) + little(frame, 4) + "data" + little(0, 8) + little(frame, 4)};
}

// Wherever it was counted, a point of the mixdown is the same moment of the master.
TEST_F(MasterStems, AMixdownsCuePointsMoveWithTheRate) {
  struct Case {
    int first_hz, second_hz, mixdown_hz, mix_hz;
  };
  for (const Case& rates :
       {Case{48000, 48000, 48000, 96000}, {48000, 44100, 44100, 48000}, {44100, 44100, 44100, 44100}}) {
    SCOPED_TRACE(std::to_string(rates.mixdown_hz) + " to " + std::to_string(rates.mix_hz));
    const fs::path song = work_.in() / "song", mixdown = song / "mix.wav";
    Random random(20);
    fs::create_directories(song);
    write_sound(song / "a.wav", wandering(random, rates.first_hz, 2, 2, 0.2), kWav24);
    write_sound(song / "b.wav", wandering(random, rates.second_hz, 2, 2, 0.2), kWav24);
    write_sound(mixdown, wandering(random, rates.mixdown_hz, 2, 2, 0.3), kWav24);
    const auto at = static_cast<std::uint32_t>(rates.mixdown_hz / 2);
    spill(mixdown, with_chunks(slurp(mixdown), {cue_chunk(at), {"iXML", "<BWFXML/>"}}));
    const std::string recipe = work_.recipe("recipe: v1\ninput: {sample_rate: " + std::to_string(rates.mix_hz) +
                                            "}\noutputs: [{format: wav, bits: 24}]\n");
    const ProgramResult run = master({"--recipe", recipe, "--mixdown", "mix.wav"});
    ASSERT_EQ(run.exit_code, 0) << run.err;
    const std::string cue = chunk_named(chunks_of(slurp(work_.out() / "song.wav")), "cue ");
    ASSERT_EQ(cue.size(), 28u);
    EXPECT_EQ(cue.substr(24), little(static_cast<std::uint32_t>(rates.mix_hz) / 2, 4));
    EXPECT_EQ(only_track(run).at("notes").dump().find("iXML chunk stays out") != std::string::npos,
              rates.mixdown_hz != rates.mix_hz);
  }
}

// As many as a session has, of different lengths, mono among them; their order does not matter.
TEST_F(MasterStems, FourteenOfDifferentLengths) {
  std::vector<Sound> stems;
  Random random(17);
  fs::create_directories(work_.in() / "session");
  for (int i = 0; i < 14; ++i) {
    Sound stem = wandering(random, kRate, i % 5 == 0 ? 1 : 2, 2 + 0.137 * i, 0.05);
    const fs::path file = work_.in() / ("session/" + std::to_string(i) + ".wav");
    write_sound(file, stem, kWavFloat);
    stems.push_back(read_sound(file));
    if (stems.back().channels.size() == 1) stems.back().channels.push_back(stems.back().channels[0]);
  }
  const ProgramResult run = master({"--recipe", work_.recipe(kSum)});
  ASSERT_EQ(run.exit_code, 0) << run.err;
  const Sound mix = read_sound(work_.out() / "session.wav"), sum = sum_of(stems);
  ASSERT_EQ(mix.frames(), sum.frames());
  double worst = 0;
  for (std::size_t n = 0; n < sum.channels[0].size(); ++n)
    worst = std::max(worst, std::abs(mix.channels[1][n] - sum.channels[1][n]));
  EXPECT_LT(worst, 1e-7);
}

}  // namespace
}  // namespace lathe::test
