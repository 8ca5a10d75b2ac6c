// No space left: a clear fault with numbers, for every container, at any moment of writing.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <unistd.h>

#include "host/audio_file/staged_file.h"
#include "tests/host/audio_file/scratch.h"

namespace lathe::testing {
namespace {

using ::testing::HasSubstr;

constexpr Container kContainers[] = {Container::wav,  Container::rf64, Container::w64,
                                     Container::aiff, Container::caf,  Container::flac};

// Writes a file of noise (which FLAC cannot make smaller) under `out`, staged, without publishing it.
void write_staged(const std::filesystem::path& out, Container container, std::int64_t frames) {
  const AudioFormat format{container, Encoding::pcm16, 44100, 2, frames, 0, 0};
  const Bytes pcm = noise(format);
  StagedFile file(out, out / "x");
  AudioWriter writer(file.fd(), file.final_path(), format, {});
  writer.write(pcm.data(), frames);
  writer.finish();
}

// The process's file size limit, put back at the end; SIGXFSZ is ignored meanwhile so that write() returns EFBIG.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t bytes) : handler_(::signal(SIGXFSZ, SIG_IGN)) {
    ::getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit limit{bytes, before_.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~FileSizeLimit() {
    ::setrlimit(RLIMIT_FSIZE, &before_);
    ::signal(SIGXFSZ, handler_);
  }
  FileSizeLimit(const FileSizeLimit&) = delete;
  FileSizeLimit& operator=(const FileSizeLimit&) = delete;

 private:
  void (*handler_)(int);
  rlimit before_{};
};

TEST(DiskFull, TheFileSizeLimitIsToldAndNothingIsLeft) {
  for (const Container container : kContainers) {
    for (const rlim_t limit : {0, 30, 100, 5000, 100'000}) {
      const ScratchFolder folder;
      std::string message;
      {
        const FileSizeLimit limited(limit);
        EXPECT_EQ(fault_of([&] { write_staged(folder.path(), container, 50'000); }, &message),
                  AudioFileError::Fault::disk_full)
            << container_name(container) << " " << limit;
      }
      EXPECT_THAT(message, HasSubstr("200000 bytes are needed")) << container_name(container);
      EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
    }
  }
}

TEST(DiskFull, AFullDiskIsToldWithWhatIsNeededAndLeft) {
  const ScratchFolder folder;
  if (::mount("lathe-test", folder.path().c_str(), "tmpfs", 0, "size=256k") != 0) {
    GTEST_SKIP() << "SKIPPED: a small tmpfs can only be mounted by root";
  }
  for (const Container container : kContainers) {
    std::string message;
    EXPECT_EQ(fault_of([&] { write_staged(folder.path(), container, 100'000); }, &message),
              AudioFileError::Fault::disk_full)
        << container_name(container);
    EXPECT_THAT(message, HasSubstr("the disk is full: about 400000 bytes are needed"));
    EXPECT_THAT(message, HasSubstr("are left"));
    EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
    EXPECT_NO_THROW(write_staged(folder.path(), container, 10'000)) << "there is room again";
  }
  ::umount(folder.path().c_str());
}

}  // namespace
}  // namespace lathe::testing
