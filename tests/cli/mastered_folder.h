// A folder of masters for tests of what comes after mastering: made once, copied for each test.
#pragma once

#include <gtest/gtest.h>
#include <sndfile.h>

#include <memory>

#include "tests/cli/music.h"
#include "tests/cli/workspace.h"

namespace lathe::test {

constexpr const char* kTwoOutputs =
    "recipe: v1\nname: two\nchain: [{limit: {}}]\nloudness: {target_lufs: -14}\n"
    "outputs: [{id: hd, format: flac, bits: 24}, {id: cd, format: wav, bits: 16, dither: tpdf}]\n";

class MasteredFolder : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    made_ = std::make_unique<Workspace>();
    Random random = seeded(510);
    for (const char* name : {"a", "b", "side/c"})
      write_sound(made_->in() / (std::string(name) + ".wav"), wandering(random, 44100, 2, 3, 0.4),
                  {SF_FORMAT_WAV, SF_FORMAT_PCM_24}, {{SF_STR_TITLE, std::string("Title of ") + name}});
    const ProgramResult run = made_->master({"--recipe", made_->recipe(kTwoOutputs), "-q"});
    ASSERT_EQ(run.exit_code, 0) << run.err;
  }
  static void TearDownTestSuite() { made_.reset(); }

  void SetUp() override {
    fs::copy(made_->in(), work_.in(), fs::copy_options::recursive | fs::copy_options::overwrite_existing);
    fs::copy(made_->out(), work_.out(), fs::copy_options::recursive);
  }

  fs::path manifest_path() const { return work_.out() / "lathe-manifest.json"; }
  nlohmann::json manifest() const { return nlohmann::json::parse(slurp(manifest_path())); }

  static inline std::unique_ptr<Workspace> made_;
  Workspace work_;
};

}  // namespace lathe::test
