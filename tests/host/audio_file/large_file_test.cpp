// WAV above 4 GB: RF64 with the right length, where libsndfile's plain WAV wraps its header without a word.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "host/audio_file/file_descriptor.h"
#include "host/audio_file/metadata/lost_metadata.h"
#include "host/audio_file/pcm_hash.h"
#include "tests/host/audio_file/scratch.h"

namespace lathe::testing {
namespace {

TEST(LargeFile, AWavAbove4GbBecomesRf64AndComesBackWhole) {
  const ScratchFolder folder;
  constexpr std::int64_t kBlock = 1 << 20;
  const AudioFormat block_format{Container::wav, Encoding::pcm24, 192000, 2, kBlock, 0, 0};
  AudioFormat format = block_format;
  format.frames = 720 * kBlock + 5;  // 4.2 GiB
  if (std::filesystem::space(folder.path()).available < 6'000'000'000) {
    GTEST_SKIP() << "SKIPPED: needs 6 GB in the temporary folder";
  }
  const Bytes block = noise(block_format);
  const FileDescriptor fd(::open((folder / "x.wav").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644));
  Tags tags;
  tags.fields = {{"TITLE", "Large"}, {"ISRC", "USRC17607839"}};
  AudioWriter writer(fd.get(), folder / "x.wav", format, tags, rich_metadata());
  for (int i = 0; i < 720; ++i) writer.write(block.data(), kBlock);
  writer.write(block.data(), 5);
  const WrittenAudio written = writer.finish();
  EXPECT_GT(written.bytes, 1LL << 32);

  AudioReader reader(folder / "x.wav");
  EXPECT_EQ(reader.format().container, Container::rf64);
  EXPECT_EQ(reader.format().frames, format.frames);
  EXPECT_THAT(lost_metadata(folder / "x.wav", tags, rich_metadata()), ::testing::IsEmpty());
  Bytes back(block.size());
  PcmHash meant, found;
  while (const std::int64_t got = reader.read(back.data(), kBlock)) {
    found.update(back.data(), static_cast<std::size_t>(got * frame_bytes(format)));
  }
  for (int i = 0; i < 720; ++i) meant.update(block.data(), block.size());
  meant.update(block.data(), static_cast<std::size_t>(5 * frame_bytes(format)));
  EXPECT_EQ(found.hex(), meant.hex());
}

}  // namespace
}  // namespace lathe::testing
