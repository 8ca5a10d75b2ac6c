// `lathe ab`: what is in the page is decoded by libsndfile and measured by libebur128.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <sndfile.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "tests/cli/music.h"
#include "tests/cli/workspace.h"

namespace lathe::test {
namespace {

using ::testing::HasSubstr;

std::string from_base64(const std::string& text) {
  std::string bytes(text.size() / 4 * 3, '\0');
  const int size = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(bytes.data()),
                                   reinterpret_cast<const unsigned char*>(text.data()), static_cast<int>(text.size()));
  const auto padding = static_cast<std::size_t>(std::ranges::count(text.substr(text.size() - 2), '='));
  bytes.resize(static_cast<std::size_t>(size) - padding);
  return bytes;
}

std::vector<std::string> between(const std::string& text, const std::string& open, const std::string& close) {
  std::vector<std::string> found;
  for (std::size_t at = 0; (at = text.find(open, at)) != std::string::npos;) {
    const std::size_t end = text.find(close, at += open.size());
    found.push_back(text.substr(at, end - at));
  }
  return found;
}

struct Version {
  std::string name;
  Sound sound;
};

class Ab : public ::testing::Test {
 protected:
  // Loud from 4 to 6 s, clicks from 14 to 16 s.
  void make_track(const std::string& name, const SoundTags& tags = {}) const {
    Random random = seeded(530);
    Sound sound = wandering(random, kRate, 2, 20, 0.2);
    for (Signal& channel : sound.channels) {
      for (std::size_t n = 4 * kRate; n < 6 * kRate; ++n) channel[n] *= 3;
    }
    for (std::size_t n = 14 * kRate; n < 16 * kRate; n += 4000) {
      for (std::size_t i = 0; i < 5; ++i) sound.channels[0][n + i] += i % 2 == 0 ? 0.7 : -0.7;
    }
    write_sound(work_.in() / name, sound, kWav24, tags);
  }
  void master(const std::vector<std::string>& more = {}) const {
    std::vector<std::string> arguments = {
        "--recipe", "clean-up", "--set", "chain.declick.keep_removed=true", "--set", "chain.declick.mode=always", "-q"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    const ProgramResult run = work_.master(arguments);
    ASSERT_EQ(run.exit_code, 0) << run.err;
  }
  fs::path page_path() const { return work_.root() / "page.html"; }
  ProgramResult ab(std::vector<std::string> more = {}) const {
    std::vector<std::string> arguments = {"ab", work_.out().string(), "--out", page_path().string(), "--seconds", "2"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run_program(arguments);
  }
  // Of each excerpt in the page its versions.
  std::vector<std::vector<Version>> excerpts(const std::string& page) const {
    std::vector<std::vector<Version>> found;
    for (const std::string& box : between(page, "<div class=\"excerpt\"", "</div>\n")) {
      const auto names = between(box, "data-name=\"", "\""), audio = between(box, "<template>", "</template>");
      EXPECT_EQ(names.size(), audio.size());
      found.emplace_back();
      for (std::size_t i = 0; i < std::min(names.size(), audio.size()); ++i) {
        spill(work_.root() / "excerpt", from_base64(audio[i]));
        found.back().push_back({names[i], read_sound(work_.root() / "excerpt")});
      }
    }
    return found;
  }

  Workspace work_;
};

TEST_F(Ab, ExcerptsAreTheLoudestAndWhereTheyDifferMostAtOneLoudness) {
  make_track("track.wav");
  master();
  const Untouched masters(work_.out());
  const ProgramResult run = ab({"--excerpts", "2"});
  ASSERT_EQ(run.exit_code, 0) << run.err;
  EXPECT_THAT(run.out, HasSubstr("page.html: 1 tracks, "));
  const std::string page = slurp(page_path());
  EXPECT_THAT(page, HasSubstr("at 0:04, 2.0 s: the loudest"));
  EXPECT_THAT(page, HasSubstr("2.0 s: where master and input differ most"));
  const auto found = excerpts(page);
  ASSERT_EQ(found.size(), 2U);
  for (const auto& versions : found) {
    ASSERT_GE(versions.size(), 2U);
    EXPECT_EQ(versions[0].name, "before");
    EXPECT_EQ(versions[1].name, "after");
    const double before = integrated_lufs(versions[0].sound), after = integrated_lufs(versions[1].sound);
    EXPECT_NEAR(before, after, 0.1);
    EXPECT_LE(before, -15.9);
    for (const Version& version : versions) {
      EXPECT_EQ(version.sound.frames(), 2 * kRate);
      EXPECT_LE(true_peak_dbtp(version.sound), -0.8) << version.name;
    }
  }
  ASSERT_EQ(found[1].size(), 4U);
  EXPECT_EQ(found[1][2].name, "difference");
  EXPECT_EQ(found[1][3].name, "declick-removed");
}

TEST_F(Ab, TheDifferenceIsThatOfWhatIsHeard) {
  make_track("track.wav");
  master();
  ASSERT_EQ(ab({"--excerpts", "2"}).exit_code, 0);
  const std::vector<Version> versions = excerpts(slurp(page_path())).at(1);
  // Its gain is free: by least squares.
  double dd = 0, dx = 0, xx = 0;
  for (std::size_t c = 0; c < 2; ++c) {
    for (std::size_t n = 1000; n + 1000 < 2 * kRate; ++n) {
      const double x = versions[1].sound.channels[c][n] - versions[0].sound.channels[c][n];
      const double d = versions[2].sound.channels[c][n];
      dd += d * d;
      dx += d * x;
      xx += x * x;
    }
  }
  // Two dithers of 16 bits lie in what this test takes the difference of.
  EXPECT_GT(dx / std::sqrt(dd * xx), 0.999);
}

TEST_F(Ab, ThePageRefersToNothingOutsideAndRunsNoScriptButItsOwn) {
  const std::string harm = "<script>alert(1)</script>\"><img src=x>";
  make_track("track.wav", {{SF_STR_TITLE, harm}, {SF_STR_ARTIST, harm}});
  make_track("<b onload=x>&.wav");
  master();
  ASSERT_EQ(ab({"--excerpts", "1"}).exit_code, 0);
  const std::string page = slurp(page_path());
  for (const char* word : {"http:", "https:", "url(", "<script>alert", "<script src", "<img", "<b onload"})
    EXPECT_EQ(page.find(word), std::string::npos) << word;
  EXPECT_NE(page.find("&lt;script&gt;alert(1)&lt;/script&gt;"), std::string::npos);
  const auto scripts = between(page, "<script>", "</script>");
  ASSERT_EQ(scripts.size(), 1U);
  std::array<unsigned char, 32> digest{};
  ASSERT_EQ(EVP_Digest(scripts[0].data(), scripts[0].size(), digest.data(), nullptr, EVP_sha256(), nullptr), 1);
  std::array<unsigned char, 45> text{};
  EVP_EncodeBlock(text.data(), digest.data(), static_cast<int>(digest.size()));
  EXPECT_NE(page.find(std::string("script-src 'sha256-") + reinterpret_cast<const char*>(text.data()) + "'"),
            std::string::npos);
  EXPECT_NE(page.find("default-src 'none'"), std::string::npos);
}

TEST_F(Ab, InputsThatAreGoneAreSaidAndLeftOut) {
  make_track("gone.wav");
  make_track("here.wav");
  master();
  fs::remove(work_.in() / "gone.wav");
  const ProgramResult run = ab({"--excerpts", "1"});
  EXPECT_EQ(run.exit_code, 1);
  EXPECT_THAT(run.err, HasSubstr("gone.wav"));
  EXPECT_EQ(excerpts(slurp(page_path())).size(), 1U);
  EXPECT_THAT(slurp(page_path()), HasSubstr("Not in this page"));
  fs::remove(work_.in() / "here.wav");
  fs::remove(page_path());
  EXPECT_EQ(ab().exit_code, 3);
  EXPECT_FALSE(fs::exists(page_path()));
}

TEST_F(Ab, ThePageGrowsNoLargerThanIsSaid) {
  for (const char* name : {"1.wav", "2.wav", "3.wav"}) make_track(name);
  master();
  const ProgramResult run = ab({"--excerpts", "2", "--codec", "wav", "--max-size", "4"});
  EXPECT_EQ(run.exit_code, 0);
  EXPECT_THAT(run.err, HasSubstr("larger than 4 MiB"));
  EXPECT_LE(fs::file_size(page_path()), (4U << 20) + 60000);
  EXPECT_EQ(excerpts(slurp(page_path())).size(), 2U);
  EXPECT_THAT(slurp(page_path()), HasSubstr("data-mime=\"audio/wav\""));
}

TEST_F(Ab, OpusIsMadeWhereAProgramForItIs) {
  make_track("track.wav");
  master();
  ProgramCall call;
  call.arguments = {"ab", work_.out().string(), "--out", page_path().string(), "--codec", "opus"};
  call.environment["PATH"] = work_.state().string();
  const ProgramResult without = run_program(call);
  EXPECT_EQ(without.exit_code, 2);
  EXPECT_THAT(without.err, HasSubstr("needs opusenc (opus-tools) or ffmpeg"));
  EXPECT_FALSE(fs::exists(page_path()));
  if (std::system("command -v opusenc > /dev/null || command -v ffmpeg > /dev/null") != 0)
    GTEST_SKIP() << "neither opusenc nor ffmpeg is here";
  ASSERT_EQ(ab({"--codec", "opus", "--excerpts", "1"}).exit_code, 0);
  const auto audio = between(slurp(page_path()), "<template>", "</template>");
  ASSERT_FALSE(audio.empty());
  EXPECT_TRUE(from_base64(audio[0]).starts_with("OggS"));
}

TEST_F(Ab, ShortTracksAndSilenceHaveOneExcerptOrNone) {
  Random random = seeded(531);
  write_sound(work_.in() / "short.wav", wandering(random, kRate, 1, 1, 0.3), kWav24);
  write_sound(work_.in() / "silence.wav", silence(kRate, 2, 3), kWav24);
  master();
  const ProgramResult run = ab();
  EXPECT_EQ(run.exit_code, 1);
  EXPECT_THAT(run.err, HasSubstr("silence.wav: nothing to hear"));
  const auto found = excerpts(slurp(page_path()));
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0][0].sound.frames(), kRate);
}

TEST_F(Ab, OfAMixOfStemsItsMixdownIsWhatWasBefore) {
  Random random = seeded(532);
  const Sound drums = strokes(random, kRate, 2, 6, 20);
  Sound both = wandering(random, kRate, 2, 6, 0.2);
  write_sound(work_.in() / "song/drums.wav", drums, kWavFloat);
  write_sound(work_.in() / "song/keys.wav", both, kWavFloat);
  for (std::size_t c = 0; c < 2; ++c)
    for (std::size_t n = 0; n < both.channels[c].size(); ++n) both.channels[c][n] += drums.channels[c][n];
  write_sound(work_.in() / "song mix.wav", both, kWavFloat);
  const std::vector<std::string> stems{"--stems", "--recipe", work_.recipe("recipe: v1\noutputs: [{bits: 32f}]\n")};
  const auto master_mix = [&](const std::vector<std::string>& more) {
    std::vector<std::string> arguments{(work_.in() / "song").string()};
    arguments.insert(arguments.end(), stems.begin(), stems.end());
    arguments.insert(arguments.end(), more.begin(), more.end());
    return work_.master(arguments).exit_code;
  };
  ASSERT_EQ(master_mix({}), 0);
  const ProgramResult without = ab();
  EXPECT_EQ(without.exit_code, 3);
  EXPECT_THAT(without.err, HasSubstr("song: is made of stems, and no file holds their sum: master it with --mixdown"));
  ASSERT_EQ(master_mix({"--mixdown", (work_.in() / "song mix.wav").string()}), 0);
  const ProgramResult run = ab({"--excerpts", "1"});
  ASSERT_EQ(run.exit_code, 0) << run.err;
  const std::string page = slurp(page_path());
  EXPECT_THAT(page, HasSubstr("before is the mixdown, " + (work_.in() / "song mix.wav").string()));
  EXPECT_EQ(excerpts(page).at(0).at(0).name, "before");
}

TEST_F(Ab, TracksThatLieInASidesFileAloneAreNamedWithWhatToDo) {
  for (const char* name : {"A1 One.wav", "A2 Two.wav"}) make_track(name);
  const std::string recipe =
      "recipe: v1\nname: sides\nloudness: {target_lufs: -18, scope: side}\noutputs: [{bits: 24, per: side}]\n";
  ASSERT_EQ(work_.master({"--recipe", work_.recipe(recipe), "-q"}).exit_code, 0);
  const ProgramResult run = ab();
  EXPECT_EQ(run.exit_code, 3);
  EXPECT_THAT(run.err, HasSubstr("A1 One.wav: its master lies in its side's file, Side A.wav, and nowhere by itself"));
  EXPECT_THAT(run.err, HasSubstr("without `per: side`"));
  EXPECT_THAT(run.err, HasSubstr("A2 Two.wav: its master lies in its side's file"));
}

TEST_F(Ab, APageThatCannotBeWrittenIsSaid) {
  make_track("track.wav");
  master();
  fs::create_symlink("loop.html", work_.root() / "loop.html");
  const ProgramResult run = run_program({"ab", work_.out().string(), "--out", (work_.root() / "loop.html").string()});
  EXPECT_EQ(run.exit_code, 2);
  EXPECT_THAT(run.err, HasSubstr("loop.html: Too many levels of symbolic links"));
}

TEST_F(Ab, MistakesOfUseEndWith2AndNoManifestWith3) {
  EXPECT_EQ(run_program({"ab"}).exit_code, 2);
  EXPECT_EQ(run_program({"ab", work_.in().string()}).exit_code, 3);
  make_track("track.wav");
  master();
  for (const char* name : {"page.wav", "lathe-manifest.json"})
    EXPECT_EQ(run_program({"ab", work_.out().string(), "--out", (work_.out() / name).string()}).exit_code, 2);
  EXPECT_EQ(ab({"--codec", "mp3"}).exit_code, 2);
  EXPECT_EQ(ab({"--seconds", "0"}).exit_code, 2);
}

}  // namespace
}  // namespace lathe::test
