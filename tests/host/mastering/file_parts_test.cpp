// Tracks that are parts of one file: what is read of it, and what becomes of it.
#include <gtest/gtest.h>

#include <atomic>

#include "host/mastering/programme_reader.h"
#include "host/mastering/track_master.h"
#include "tests/host/audio_file/scratch.h"

namespace lathe::test {
namespace {

using testing::Bytes;

class FileParts : public ::testing::TestWithParam<Container> {
 protected:
  FileParts() {
    format_.container = GetParam();
    format_.encoding = Encoding::pcm24;
    format_.frames = 100'003;
    pcm_ = testing::music(format_);
    testing::write_audio(file(), format_, pcm_);
  }
  std::filesystem::path file() const { return folder_ / "album"; }
  Bytes piece(std::int64_t first, std::int64_t end) const { return {pcm_.begin() + first * 6, pcm_.begin() + end * 6}; }
  std::unique_ptr<ProgrammeReader> reader(const std::vector<FilePart>& parts) const {
    std::vector<ProgrammeFile> files;
    for (const FilePart& part : parts) files.push_back({AudioReader(file()), part});
    return std::make_unique<ProgrammeReader>(std::move(files));
  }
  // In blocks of an odd size.
  static Bytes all_of(ProgrammeReader& reader) {
    Bytes all, block(777 * 6 + 64);
    while (const std::int64_t n = reader.read(block.data(), 777))
      all.insert(all.end(), block.begin(), block.begin() + n * 6);
    return all;
  }

  testing::ScratchFolder folder_;
  AudioFormat format_;
  Bytes pcm_;
};

TEST_P(FileParts, OneIsReadAsIfItWereAFileOfItsOwnAndAgainAfterARewind) {
  for (const FilePart part : {FilePart{0, 1}, FilePart{1, 50'000}, FilePart{40'001, 100'003}, FilePart{40'001, 0}}) {
    const auto programme = reader({part});
    const std::int64_t end = part.end_frame == 0 ? format_.frames : part.end_frame;
    EXPECT_EQ(programme->format().frames, end - part.first_frame);
    EXPECT_EQ(programme->tracks()[0].format.frames, end - part.first_frame);
    for (int again = 0; again < 2; ++again) {
      EXPECT_TRUE(all_of(*programme) == piece(part.first_frame, end)) << part.first_frame;
      programme->rewind();
    }
  }
}

TEST_P(FileParts, ThoseThatFollowEachOtherAreOneStreamAndOthersLeaveOutWhatIsBetween) {
  const auto whole = reader({{0, 777}, {777, 60'000}, {60'000, 0}});
  EXPECT_EQ(whole->ends(), (std::vector<std::int64_t>{777, 60'000, 100'003}));
  EXPECT_TRUE(all_of(*whole) == pcm_);
  const auto gap = reader({{5, 10}, {20, 30}});
  Bytes both = piece(5, 10);
  const Bytes second = piece(20, 30);
  both.insert(both.end(), second.begin(), second.end());
  EXPECT_TRUE(all_of(*gap) == both);
}

TEST_P(FileParts, OneThatTheFileDoesNotHoldIsRefused) {
  for (const FilePart part : {FilePart{100'003, 0}, FilePart{5, 5}, FilePart{0, 100'004}, FilePart{-1, 7}})
    EXPECT_THROW(reader({part}), AudioFileError) << part.first_frame;
}

TEST_P(FileParts, AMasterThatChangesNothingHoldsThePartsSamples) {
  TrackJob job;
  job.input = file();
  job.out_dir = folder_.path();
  job.part = {12'345, 50'001};
  job.outputs = {{"", folder_ / "one.wav", Container::wav, Encoding::pcm24, Dither::tpdf}};
  JoinedTrack next;
  next.input = file();
  next.part = {50'001, 0};
  next.outputs = {{"", folder_ / "two.wav", Container::wav, Encoding::pcm24, Dither::tpdf}};
  next.tags = Tags{{{"TITLE", "Two"}}, {}};
  job.joined = {next};
  EqDesigns designs;
  MasteredTrack first = TrackMaster(designs).master(job, nullptr, std::atomic<bool>(false));
  ASSERT_EQ(first.joined.size(), 1u);
  AudioReader one(first.files[0].path()), two(first.joined[0].files[0].path());
  EXPECT_TRUE(testing::read_audio(one) == piece(12'345, 50'001));
  EXPECT_TRUE(testing::read_audio(two) == piece(50'001, 100'003));
  EXPECT_EQ(two.tags().first("TITLE"), "Two");
  EXPECT_EQ(first.report.frames, 50'001 - 12'345);
}

INSTANTIATE_TEST_SUITE_P(Containers, FileParts, ::testing::Values(Container::wav, Container::flac),
                         [](const auto& container) { return std::string(container_name(container.param)); });

}  // namespace
}  // namespace lathe::test
