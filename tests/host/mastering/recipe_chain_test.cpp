// A recipe's words as a chain and as files.
#include "host/mastering/recipe_chain.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <stdexcept>
#include <string>
#include <vector>

#include "host/mastering/recipe_stems.h"
#include "host/recipe/recipe.h"

namespace lathe::test {
namespace {

v1::Recipe recipe_of(const std::string& yaml) {
  return RecipeSource::parse("recipe: v1\n" + yaml, "test").effective().recipe;
}

AudioFormat format_of(Container container, Encoding encoding) {
  AudioFormat format;
  format.container = container;
  format.encoding = encoding;
  format.frames = 1;
  return format;
}

OutputSpec only_output(const std::string& yaml, const AudioFormat& input, const Tags& tags = {},
                       const std::string& relative = "Album/01 Song") {
  const auto outputs = outputs_of(recipe_of(yaml), input, tags, "/out", relative);
  EXPECT_EQ(outputs.size(), 1u);
  return outputs.at(0);
}

TEST(RecipeChain, StagesAndGoalComeOver) {
  const Chain chain =
      chain_of(recipe_of("chain:\n"
                         "  - gain: {gain_db: -2}\n"
                         "  - eq: {bands: [{type: high-pass, freq_hz: 30, slope_db_oct: 48}, {type: tilt, freq_hz: "
                         "700, gain_db: 1, channel: side}]}\n"
                         "  - limit: {ceiling_dbtp: -2, release_ms: 80, max_gain_reduction_db: 4}\n"
                         "loudness: {target_lufs: -16, on_conflict: exceed-limit}\n"
                         "input: {scrub: true}\n"));
  ASSERT_EQ(chain.stages.size(), 2u);
  EXPECT_EQ(std::get<GainStage>(chain.stages[0]).gain_db, -2);
  const auto& bands = std::get<EqStage>(chain.stages[1]).bands;
  ASSERT_EQ(bands.size(), 2u);
  EXPECT_EQ(bands[0].type, BandType::high_pass);
  EXPECT_EQ(bands[0].slope_db_oct, 48);
  EXPECT_EQ(bands[1].type, BandType::tilt);
  EXPECT_EQ(bands[1].channel, BandChannel::side);
  EXPECT_EQ(chain.goal.target_lufs, -16);
  EXPECT_EQ(chain.goal.on_conflict, OnConflict::exceed_limit);
  ASSERT_TRUE(chain.goal.limit.has_value());
  EXPECT_EQ(chain.goal.limit->ceiling_dbtp, -2);
  EXPECT_EQ(chain.goal.limit->release_ms, 80);
  EXPECT_EQ(chain.goal.limit->max_gain_reduction_db, 4);
  EXPECT_TRUE(chain.scrub);
}

TEST(RecipeChain, StereoAndMinimumPhaseComeOver) {
  const Chain chain =
      chain_of(recipe_of("chain:\n  - stereo: {bands: [{up_to_hz: 200, width: 0}, {width: 1.5}], mono_below_hz: 100, "
                         "min_correlation: 0.1, max_mono_loss_db: 2, balance_db: -1}\n"
                         "  - eq: {phase: minimum, bands: [{type: high-pass, freq_hz: 30}]}\n"
                         "  - stereo: {}\n"));
  ASSERT_EQ(chain.stages.size(), 3u);
  const StereoSettings& settings = std::get<StereoStage>(chain.stages[0]).settings;
  ASSERT_EQ(settings.bands.size(), 2u);
  EXPECT_EQ(settings.bands[0].up_to_hz, 200);
  EXPECT_EQ(settings.bands[0].width, 0);
  EXPECT_EQ(settings.bands[1].up_to_hz, std::nullopt);
  EXPECT_EQ(settings.bands[1].width, 1.5);
  EXPECT_EQ(settings.mono_below_hz, 100);
  EXPECT_EQ(settings.min_correlation, 0.1);
  EXPECT_EQ(settings.max_mono_loss_db, 2);
  EXPECT_EQ(settings.balance_db, -1);
  EXPECT_EQ(std::get<EqStage>(chain.stages[1]).phase, EqPhase::minimum);
  EXPECT_TRUE(changes_nothing(chain.stages[2]));
}

TEST(RecipeChain, AutoReleaseIsZeroAndNoLimitOnReductionIsNone) {
  const Chain chain = chain_of(recipe_of("chain:\n  - limit: {}\n"));
  EXPECT_EQ(chain.goal.limit->release_ms, 0);
  EXPECT_FALSE(chain.goal.limit->max_gain_reduction_db.has_value());
}

TEST(RecipeChain, RestorationStagesTakeTheRecipesWords) {
  const Chain chain =
      chain_of(recipe_of("chain:\n"
                         "  - declick: {strength: 0.25, tier: fast, max_repair_ms: 2}\n"
                         "  - declip: {mode: always}\n"
                         "  - dehum: {freq_hz: 60, harmonics: 3, depth_db: 20, keep_removed: true}\n"
                         "  - denoise: {profile: {from_s: 0.5, to_s: 1.5}, reduce_db: 9}\n"
                         "  - denoise: {profile: /noise.wav}\n"
                         "  - rumble: {freq_hz: 18, mode: always, strength: 0.75}\n"
                         "  - rumble: {freq_hz: auto}\n"));
  ASSERT_EQ(chain.stages.size(), 7u);
  const auto stage = [&](std::size_t i) { return std::get<RestorationStage>(chain.stages[i]); };
  EXPECT_EQ(stage(0).name(), "declick");
  EXPECT_EQ(stage(0).common().strength, 0.25);
  EXPECT_EQ(stage(0).common().tier, Tier::fast);
  EXPECT_FALSE(stage(0).common().always);
  EXPECT_EQ(std::get<DeclickSettings>(stage(0).settings).max_repair_ms, 2);
  EXPECT_TRUE(stage(1).common().always);
  EXPECT_EQ(stage(1).common().tier, Tier::best);
  const auto dehum = std::get<DehumSettings>(stage(2).settings);
  EXPECT_EQ(dehum.freq_hz, 60);
  EXPECT_EQ(dehum.harmonics, 3);
  EXPECT_EQ(dehum.depth_db, 20);
  EXPECT_TRUE(stage(2).keep_removed);
  const auto denoise = std::get<DenoiseSettings>(stage(3).settings);
  EXPECT_EQ(denoise.reduce_db, 9);
  EXPECT_EQ(denoise.noise.span_s, std::pair(0.5, 1.5));
  EXPECT_EQ(stage(4).noise_file, "/noise.wav");
  EXPECT_EQ(stage(5).name(), "rumble");
  EXPECT_EQ(std::get<RumbleSettings>(stage(5).settings).freq_hz, 18);
  EXPECT_TRUE(stage(5).common().always);
  EXPECT_EQ(stage(5).common().strength, 0.75);
  EXPECT_EQ(std::get<RumbleSettings>(stage(6).settings).freq_hz, 0);
  EXPECT_TRUE(chain.restores());
  EXPECT_TRUE(chain.only_restores());
  EXPECT_FALSE(chain.is_neutral());
}

TEST(RecipeChain, WhatAStageRemovedIsAFloatFileBesideTheMaster) {
  AudioFormat input;
  const auto outputs = outputs_of(recipe_of("chain:\n"
                                            "  - declick: {keep_removed: true}\n"
                                            "  - dehum: {}\n"
                                            "  - declick: {keep_removed: true}\n"
                                            "outputs: [{format: flac}]\n"),
                                  input, {}, "/out", "Album/Song");
  ASSERT_EQ(outputs.size(), 3u);
  EXPECT_EQ(outputs[0].path, "/out/Album/Song.flac");
  EXPECT_FALSE(outputs[0].removed_by.has_value());
  EXPECT_EQ(outputs[1].path, "/out/Album/Song.declick-removed.wav");
  EXPECT_EQ(outputs[1].encoding, Encoding::float32);
  EXPECT_EQ(outputs[1].removed_by, 0u);
  EXPECT_EQ(outputs[2].path, "/out/Album/Song.declick-2-removed.wav");
  EXPECT_EQ(outputs[2].removed_by, 2u);
}

TEST(RecipeOutputs, WithoutWordsAFileIsLikeItsInput) {
  for (const auto& [container, extension] : {std::pair{Container::wav, ".wav"},
                                             {Container::rf64, ".wav"},
                                             {Container::w64, ".w64"},
                                             {Container::aiff, ".aiff"},
                                             {Container::caf, ".caf"}}) {
    for (const Encoding encoding : {Encoding::pcm16, Encoding::pcm24, Encoding::pcm32, Encoding::float32}) {
      const OutputSpec spec = only_output("", format_of(container, encoding));
      EXPECT_EQ(spec.encoding, encoding);
      EXPECT_EQ(spec.path, std::string("/out/Album/01 Song") + extension);
    }
  }
  EXPECT_EQ(only_output("", format_of(Container::wav, Encoding::pcm_u8)).encoding, Encoding::pcm16);
  EXPECT_EQ(only_output("", format_of(Container::wav, Encoding::float64)).encoding, Encoding::float32);
  EXPECT_EQ(only_output("", format_of(Container::flac, Encoding::pcm32)).encoding, Encoding::pcm24);
  EXPECT_EQ(only_output("outputs: [{format: flac}]", format_of(Container::wav, Encoding::float32)).encoding,
            Encoding::pcm24);
}

TEST(RecipeOutputs, ADotInANameIsNotAnExtension) {
  EXPECT_EQ(only_output("", format_of(Container::wav, Encoding::pcm16), {}, "Vol. 1/No. 5").path,
            "/out/Vol. 1/No. 5.wav");
}

TEST(RecipeOutputs, TemplatesTakeTagsAndKeepThemOutOfThePath) {
  Tags tags;
  tags.fields = {{"TRACKNUMBER", "7/12"},
                 {"DISCNUMBER", "2"},
                 {"TITLE", "../../etc/passwd"},
                 {"ARTIST", " .. "},
                 {"ALBUM", "A/B\\C"}};
  const AudioFormat wav = format_of(Container::wav, Encoding::pcm16);
  EXPECT_EQ(only_output("outputs: [{path: \"{disc}-{track:03}.{ext}\"}]", wav, tags).path, "/out/2-007.wav");
  EXPECT_EQ(only_output("outputs: [{path: \"{album}/{stem}.{ext}\"}]", wav, tags).path, "/out/A_B_C/01 Song.wav");
  EXPECT_EQ(only_output("outputs: [{path: \"{title}.{ext}\"}]", wav, tags).path, "/out/_.._etc_passwd.wav");
  EXPECT_EQ(only_output("outputs: [{path: \"{artist}/{isrc}.{ext}\"}]", wav, tags).path, "/out/_/_.wav");
  EXPECT_EQ(only_output("outputs: [{path: \"{folder}/x/{stem}.{ext}\"}]", wav, tags, "Song").path, "/out/x/Song.wav");
}

TEST(RecipeOutputs, APathOutOfTheOutputFolderIsRefused) {
  const AudioFormat wav = format_of(Container::wav, Encoding::pcm16);
  EXPECT_THROW(outputs_of(recipe_of(""), wav, {}, "/out", "../Song"), std::invalid_argument);
  EXPECT_THROW(outputs_of(recipe_of(""), wav, {}, "/out", "a/../../Song"), std::invalid_argument);
}

std::vector<OutputSpec> outputs_of_mix(const std::string& yaml, const std::vector<StemFile>& stems,
                                       const std::filesystem::path& relative = "Album/Song") {
  Tags tags;
  tags.fields = {{"TITLE", "A Song"}, {"ALBUM", "An Album"}};
  return outputs_of(recipe_of(yaml), format_of(Container::wav, Encoding::pcm24), tags, "/out", relative, {}, stems);
}

std::vector<std::string> paths_of(const std::vector<OutputSpec>& outputs) {
  std::vector<std::string> paths;
  for (const OutputSpec& output : outputs) paths.push_back(output.path.string());
  return paths;
}

TEST(RecipeOutputs, OfStemsThereIsOneForEachStem) {
  const std::vector<StemFile> files{{"/in/Song/Bass.wav"}, {"/in/Song/Drum kit.wav"}, {"/in/Song/Vox.flac"}};
  const std::string stems = "stems: [{match: 'drum*', role: drums}, {match: vox, role: 'lead/vocals'}]\n";
  using Paths = std::vector<std::string>;
  const auto all =
      outputs_of_mix(stems + "outputs: [{id: master, bits: 24}, {id: parts, of: stems, bits: 32f}]", files);
  EXPECT_EQ(paths_of(all), (Paths{"/out/Album/Song.master.wav", "/out/Album/Song/Bass.wav",
                                  "/out/Album/Song/Drum kit.wav", "/out/Album/Song/Vox.wav"}));
  EXPECT_FALSE(all[0].stem.has_value());
  ASSERT_TRUE(all[3].stem.has_value());
  EXPECT_EQ(all[3].stem->index, 2u);
  EXPECT_EQ(all[3].stem->role, "lead/vocals");
  EXPECT_EQ(all[3].encoding, Encoding::float32);
  EXPECT_EQ(paths_of(outputs_of_mix("outputs: [{of: stems}]", files, "Song"))[0], "/out/Song/Bass.wav");
  EXPECT_EQ(paths_of(outputs_of_mix(stems + "outputs: [{of: stems, format: flac, path: '{album}/{title} - {stem}'}]",
                                    files))[1],
            "/out/An Album/A Song - Drum kit.flac");
  EXPECT_EQ(paths_of(outputs_of_mix(stems + "outputs: [{of: stems, path: '{mix}_{role}.{ext}'}]", files)),
            (Paths{"/out/Song_Bass.wav", "/out/Song_drums.wav", "/out/Song_lead_vocals.wav"}));
  EXPECT_EQ(paths_of(outputs_of_mix("outputs: [{id: a, of: stems}, {id: b, of: stems, bits: 32f}]", {files[0]})),
            (Paths{"/out/Album/Song/Bass.a.wav", "/out/Album/Song/Bass.b.wav"}));
}

TEST(RecipeOutputs, OfStemsThoseThatItGoesWithoutHaveNone) {
  const auto some = outputs_of_mix("stems: [{match: vox, role: vocals}]\noutputs: [{of: stems, without: [vocals]}]",
                                   {{"/in/Song/Bass.wav"}, {"/in/Song/Vox.wav"}});
  ASSERT_EQ(some.size(), 1u);
  EXPECT_EQ(some[0].stem->index, 0u);
  EXPECT_TRUE(some[0].without.empty());
}

// A role from elsewhere finds its rule by it, and no rule that gives another role.
TEST(RecipeOutputs, OfStemsAManifestsRolesStandBeforeNames) {
  const std::string stems = "stems: [{match: 'vox*', role: vocals}, {match: '*', gain_db: 1}]\n";
  const std::vector<StemFile> files{{"/in/vox choir.wav", "choir"}, {"/in/take 7.wav", "vocals"}, {"/in/vox.wav"}};
  EXPECT_EQ(paths_of(outputs_of_mix(stems + "outputs: [{of: stems, path: '{role}.{ext}'}]", files)),
            (std::vector<std::string>{"/out/choir.wav", "/out/vocals.wav", "/out/vocals.wav"}));
  const StemPlan plan = stems_of(recipe_of(stems), files);
  EXPECT_EQ(plan.stems[0].gain_db, 1);
  EXPECT_EQ(plan.stems[1].gain_db, 0);
}

TEST(RecipeOutputs, OfStemsTheirNamesTellFilesOfOneStemApart) {
  EXPECT_EQ(paths_of(outputs_of_mix("outputs: [{of: stems}]", {{"/in/Song/Bass.flac"}, {"/in/Song/Bass.wav"}})),
            (std::vector<std::string>{"/out/Album/Song/Bass.flac.wav", "/out/Album/Song/Bass.wav.wav"}));
}

TEST(RecipeOutputs, OfStemsOneIsLeftAtLeast) {
  EXPECT_THROW(outputs_of_mix("stems: [{match: '*', role: all}]\noutputs: [{of: stems, without: [all]}]",
                              {{"/in/Song/Bass.wav"}}),
               std::invalid_argument);
}

TEST(RecipeOutputs, OfStemsATrackOfItsOwnHasNone) {
  EXPECT_THROW(outputs_of_mix("outputs: [{of: stems}]", {}), std::invalid_argument);
}

}  // namespace
}  // namespace lathe::test
