// Memory and spool file must not be told apart by what they give back.
#include "host/mastering/frame_store.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <system_error>

#include "tests/support/random.h"
#include "tests/support/track.h"

namespace lathe::test {
namespace {

const std::filesystem::path kSpool = std::filesystem::temp_directory_path();

FloatTrack noise_track(Random& random, int channels, std::int64_t frames) {
  FloatTrack track(channels, frames);
  for (int c = 0; c < channels; ++c) {
    for (float& x : track.channel(c)) x = static_cast<float>(random.uniform(-1, 1));
  }
  return track;
}

void append(FrameStore& store, const FloatTrack& track, const std::vector<std::int64_t>& cuts) {
  std::int64_t at = 0;
  for (const std::int64_t count : cuts) {
    store.append(track.view().slice(at, count));
    at += count;
  }
}

// Frames around the track are silent, those in it are the track's.
void expect_reads(FrameStore& store, const FloatTrack& track, std::int64_t first, std::int64_t count) {
  const AudioView view = store.read(first, count);
  ASSERT_EQ(view.channels, track.channels());
  ASSERT_EQ(view.frames, count);
  for (int c = 0; c < view.channels; ++c) {
    for (std::int64_t n = 0; n < count; ++n) {
      const std::int64_t at = first + n;
      const bool is_inside = at >= 0 && at < track.frames();
      ASSERT_EQ(view.channel(c)[n], is_inside ? track.view().channel(c)[at] : 0.0f)
          << "frame " << at << " of channel " << c;
    }
  }
}

TEST(FrameStore, MemoryAndFileGiveTheSameReads) {
  Random random = seeded(1);
  for (const int channels : {1, 2, 6}) {
    for (const std::int64_t frames : {1, 31, 32, 33, 1000, 5003}) {
      const FloatTrack track = noise_track(random, channels, frames);
      FrameArena arena;
      FrameStore memory(arena, channels, frames), file(kSpool, channels, frames);
      append(memory, track, random_cuts(random, frames));
      append(file, track, random_cuts(random, frames));
      for (FrameStore* store : {&memory, &file}) {
        expect_reads(*store, track, 0, frames);
        expect_reads(*store, track, -40, frames + 80);
        expect_reads(*store, track, -40, 10);
        expect_reads(*store, track, frames + 5, 20);
        expect_reads(*store, track, 0, 0);
        for (int i = 0; i < 20; ++i)
          expect_reads(*store, track, random.integer(-50, frames + 50), random.integer(0, 200));
      }
    }
  }
}

TEST(FrameStore, MoreFramesThanPromisedAreRefused) {
  Random random = seeded(2);
  const FloatTrack track = noise_track(random, 2, 10), mono = noise_track(random, 1, 1);
  FrameArena arena;
  FrameStore memory(arena, 2, 9), file(kSpool, 2, 9);
  for (FrameStore* store : {&memory, &file}) {
    EXPECT_THROW(store->append(track.view()), std::invalid_argument);
    EXPECT_THROW(store->append(mono.view()), std::invalid_argument);
    store->append(track.view().slice(0, 9));
    EXPECT_THROW(store->append(track.view().slice(9, 1)), std::invalid_argument);
    expect_reads(
        *store,
        [&] {
          FloatTrack part(2, 9);
          for (int c = 0; c < 2; ++c) std::copy_n(track.view().channel(c), 9, part.view().channel(c));
          return part;
        }(),
        -2, 13);
  }
}

TEST(FrameStore, OneArenaServesTrackAfterTrack) {
  Random random = seeded(3);
  FrameArena arena;
  for (const std::int64_t frames : {5000, 100, 70000, 1}) {
    const FloatTrack track = noise_track(random, 2, frames);
    FrameStore store(arena, 2, frames);
    store.append(track.view());
    expect_reads(store, track, -1, frames + 2);
    if (frames == 100) arena.release();
  }
}

TEST(FrameStore, ASpoolFolderThatIsNotThereIsASystemError) {
  EXPECT_THROW(FrameStore(kSpool / "no such folder of lathe", 1, 10), std::system_error);
}

TEST(FrameStore, TheSpoolLeavesNoNameBehind) {
  const std::filesystem::path folder = kSpool / ("lathe-spool-" + std::to_string(::getpid()));
  std::filesystem::create_directories(folder);
  {
    FrameStore store(folder, 1, 4);
    const FloatTrack track(1, 4);
    store.append(track.view());
    EXPECT_TRUE(std::filesystem::is_empty(folder));
  }
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace lathe::test
