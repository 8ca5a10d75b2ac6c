// Which tracks become one task, in which order, and what is said where they cannot.
#include "scheduler/worker/album_groups.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "host/manifest/manifest.h"
#include "scheduler/worker/master_tasks.h"
#include "scheduler/worker/track_source.h"
#include "tests/host/audio_file/scratch.h"

namespace lathe::scheduler {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class AlbumGroups : public ::testing::Test {
 protected:
  // A second of sound that rises and dies away, so that nothing is heard to go on.
  void track(const std::string& name, const Tags& tags = {}, int rate_hz = 44100) {
    AudioFormat format;
    format.encoding = Encoding::pcm16;
    format.sample_rate_hz = rate_hz;
    format.frames = rate_hz;
    lathe::testing::Bytes pcm(static_cast<std::size_t>(format.frames * 4));
    for (std::size_t i = pcm.size() / 4; i < pcm.size() / 2; ++i) pcm[i] = static_cast<std::byte>(i % 7);
    std::filesystem::create_directories((root_ / "in" / name).parent_path());
    lathe::testing::write_audio(root_ / "in" / name, format, pcm, tags);
  }
  Tags numbered(const std::string& track, const std::string& disc = "") {
    Tags tags{{{"TRACKNUMBER", track}}, {}};
    if (!disc.empty()) tags.fields.emplace_back("DISCNUMBER", disc);
    return tags;
  }
  // Of the folder, or of a manifest of this text in it.
  Grouping grouped(const std::string& recipe, const std::string& manifest = "") {
    const RecipeSource source = RecipeSource::parse("recipe: v1\nname: t\n" + recipe, "t.yaml");
    std::filesystem::path input = root_ / "in";
    if (!manifest.empty()) std::ofstream(input = root_ / "in/list.csv") << manifest;
    scan_ = scan_inputs({input}, root_ / "out", true, true);
    return group_tracks(scan_.tracks, source, problems_, 2, nullptr);
  }
  // "1+2 3": names, joined ones with a plus.
  std::string shape(const Grouping& grouping) {
    std::string text;
    for (const TrackGroup& group : grouping.groups) {
      text += text.empty() ? "" : " ";
      for (std::size_t i = 0; i < group.tracks.size(); ++i) {
        text += i == 0 ? "" : group.tracks[i].joins_previous ? "+" : ",";
        text += std::filesystem::path(scan_.tracks[group.tracks[i].track].input).stem().string();
      }
    }
    return text;
  }

  lathe::testing::ScratchFolder root_;
  Scan scan_;
  TrackProblems problems_;
};

constexpr const char* kAlways = "input: {contiguous: always}\n";
constexpr const char* kAlbumGain = "chain: [{limit: {}}]\nloudness: {scope: album, target_lufs: -14}\n";

TEST_F(AlbumGroups, TracksByThemselvesAreTasksOfTheirOwn) {
  track("1.wav");
  track("2.wav");
  EXPECT_EQ(shape(grouped("")), "1 2");
}

TEST_F(AlbumGroups, TheOrderIsThatOfDiscAndNumberWhereAllHaveTheirOwn) {
  track("a.wav", numbered("2", "1"));
  track("b.wav", numbered("1", "2"));
  track("c.wav", numbered("1", "1"));
  EXPECT_EQ(shape(grouped(kAlways)), "c+a+b");
  track("d.wav");  // one has none: names
  EXPECT_EQ(shape(grouped(kAlways)), "a+b+c+d");
}

TEST_F(AlbumGroups, ASideIsPlayedToItsEnd) {
  for (const char* name : {"A1.wav", "A2.wav", "B1.wav", "B2.wav"}) track(name);
  EXPECT_EQ(shape(grouped(kAlways)), "A1+A2 B1+B2");
}

TEST_F(AlbumGroups, AManifestsOrderStandsUnlessItsRowsHaveNumbers) {
  track("a.wav", numbered("2"));
  track("b.wav", numbered("1"));
  EXPECT_EQ(shape(grouped(kAlways, "path\na.wav\nb.wav\n")), "a+b");
  EXPECT_EQ(shape(grouped(kAlways, "path,track\na.wav,2\nb.wav,1\n")), "b+a");
  EXPECT_EQ(shape(grouped(kAlways, "path,track,disc\na.wav,1,2\nb.wav,9,1\n")), "b+a");
  EXPECT_EQ(shape(grouped(kAlways, "path,track\na.wav,1\nb.wav,1\n")), "a+b");  // twice: no order of their own
}

TEST_F(AlbumGroups, TheColumnContiguousDecidesWhatTheSoundWouldNot) {
  for (const char* name : {"1.wav", "2.wav", "3.wav"}) track(name);
  const Grouping grouping = grouped("", "path,contiguous\n1.wav,yes\n2.wav,no\n3.wav,yes\n");
  EXPECT_EQ(shape(grouping), "1+2 3");
  EXPECT_THAT(grouping.groups[0].tracks[1].note, HasSubstr("one stream with 1.wav: the manifest says that it goes on"));
  EXPECT_EQ(shape(grouped(kAlways, "path,contiguous\n1.wav,no\n2.wav,\n3.wav,\n")), "1 2+3");
  EXPECT_EQ(shape(grouped("input: {contiguous: never}\n", "path,contiguous_with_next\n1.wav,yes\n2.wav,yes\n3.wav,\n")),
            "1 2 3");
}

TEST_F(AlbumGroups, TracksThatDifferInRateCannotBeOneStream) {
  track("1.wav");
  track("2.wav", {}, 48000);
  const Grouping grouping = grouped(kAlways);
  EXPECT_EQ(shape(grouping), "1 2");
  EXPECT_THAT(grouping.warnings, ElementsAre(HasSubstr("mastered apart: they differ in rate")));
}

TEST_F(AlbumGroups, AColumnAlbumGroupsAcrossFolders) {
  track("x/1.wav");
  track("y/2.wav");
  track("y/3.wav");
  EXPECT_EQ(shape(grouped(kAlbumGain, "path,album\nx/1.wav,One\ny/2.wav,One\ny/3.wav,Two\n")), "1,2 3");
  EXPECT_EQ(shape(grouped(kAlbumGain)), "1 2,3");
}

TEST_F(AlbumGroups, OneThatCannotBeWorkedOnHoldsBackThoseThatShareAGain) {
  track("1.wav");
  track("2.wav");
  problems_[(root_ / "in/2.wav").string()] = {"NOT_FOUND", "2.wav: no such file"};
  const Grouping shared = grouped(kAlbumGain);
  ASSERT_EQ(shared.groups.size(), 1u);
  EXPECT_EQ(shared.groups[0].problem.code, "NOT_FOUND");
  EXPECT_THAT(shared.groups[0].problem.text, HasSubstr("none of these 2 tracks is mastered"));
  const Grouping apart = grouped("");
  ASSERT_EQ(apart.groups.size(), 2u);
  EXPECT_THAT(apart.groups[0].problem.code, IsEmpty());
  EXPECT_EQ(apart.groups[1].problem.code, "NOT_FOUND");
}

TEST_F(AlbumGroups, ATaskKeepsWhatItsRowsSay) {
  track("1.wav");
  track("2.wav");
  const Grouping grouping = grouped("", "path,title,contiguous\n1.wav,One,yes\n2.wav,Two,\n");
  const std::vector<v1::TaskSpec> tasks = master_tasks(scan_.tracks, grouping);
  ASSERT_EQ(tasks.size(), 1u);
  const std::vector<v1::TaskSpec::Member> members = members_of(tasks[0]);
  ASSERT_EQ(members.size(), 2u);
  const TrackSource second = source_of(members[1], AudioReader(members[1].input()));
  EXPECT_EQ(second.tags.first("TITLE"), "Two");
  EXPECT_THAT(second.row, HasSubstr("list.csv:3"));
  EXPECT_TRUE(second.part.is_whole());
}

TEST_F(AlbumGroups, PartsOfOneFileAreOneTaskWithoutALookAtTheSound) {
  track("album.wav");
  std::ofstream(root_ / "in/album.cue") << "FILE album.wav WAVE\nTRACK 01 AUDIO\nTITLE One\nINDEX 01 00:00:00\n"
                                           "TRACK 02 AUDIO\nINDEX 01 00:00:30\n";
  const Grouping grouping = grouped("");
  ASSERT_EQ(scan_.tracks.size(), 2u);  // and not the file by itself
  EXPECT_EQ(scan_.tracks[0].relative, "01 One");
  EXPECT_EQ(scan_.tracks[1].relative, "02 album");
  EXPECT_EQ(shape(grouping), "album+album");
  const std::vector<v1::TaskSpec> tasks = master_tasks(scan_.tracks, grouping);
  const std::vector<v1::TaskSpec::Member> members = members_of(tasks.at(0));
  ASSERT_EQ(members.size(), 2u);
  EXPECT_EQ(members[1].first_frame(), 30 * 588);
  EXPECT_EQ(members[1].end_frame(), 44100);
  EXPECT_NE(track_key(scan_.tracks[0]), track_key(scan_.tracks[1]));
  EXPECT_EQ(shape(grouped("input: {contiguous: never}\n")), "album album");
}

}  // namespace
}  // namespace lathe::scheduler
