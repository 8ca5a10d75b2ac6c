// Reports of a whole catalogue: what a writer holds does not grow with the files.
#include <gtest/gtest.h>
#include <malloc.h>

#include <streambuf>

#include "tests/host/report/sample_audit.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define LATHE_COUNTS_ALLOCATIONS 0
#else
#define LATHE_COUNTS_ALLOCATIONS 1
#endif

namespace lathe::testing {
namespace {

constexpr int kFiles = 50000;
constexpr int kWarmUp = 1000;
constexpr std::size_t kMostGrowth = 64 * 1024;  // 1.3 bytes a file: not even a pointer each

class CountingSink : public std::streambuf {
 public:
  std::size_t bytes = 0;

 protected:
  int_type overflow(int_type c) override { return ++bytes, traits_type::not_eof(c); }
  std::streamsize xsputn(const char*, std::streamsize count) override {
    bytes += static_cast<std::size_t>(count);
    return count;
  }
};

std::size_t bytes_in_use() {
  const auto info = mallinfo2();
  return info.uordblks + info.hblkhd;
}

TEST(AuditWriters, HoldNoMoreAfter50000FilesThanAfter1000) {
#if !LATHE_COUNTS_ALLOCATIONS
  GTEST_SKIP() << "a sanitizer's allocator keeps no count";
#endif
  SampleAudit audit = sample_audit();
  for (const auto& [name, make] : all_writers()) {
    CountingSink sink;
    std::ostream out(&sink);
    const auto writer = make(out, audit.head);
    std::size_t before = 0;
    for (int i = 0; i < kFiles; ++i) {
      if (i == kWarmUp) before = bytes_in_use();
      FileAudit& file = audit.files[i % 50 == 0 ? 1 : 0];  // one in fifty with findings and a series
      file.path = "/music/album " + std::to_string(i / 12) + "/track " + std::to_string(i) + ".wav";
      writer->file(file);
    }
    EXPECT_LE(bytes_in_use(), before + kMostGrowth) << name;
    writer->album(audit.albums[0]);
    writer->finish(audit.summary);
    EXPECT_GT(sink.bytes, kFiles * std::size_t{60}) << name;
    RecordProperty(name + "_bytes", std::to_string(sink.bytes));
  }
}

// What 50,000 rows of a page weigh decides whether a browser opens them.
TEST(AuditHtml, ARowWithoutASeriesTakesLessThanAKilobyteAndAHalf) {
  SampleAudit audit = sample_audit();
  CountingSink sink;
  std::ostream out(&sink);
  const auto writer = all_writers().back().second(out, audit.head);
  const std::size_t head = sink.bytes;
  for (int i = 0; i < 100; ++i) writer->file(audit.files[0]);
  EXPECT_LT((sink.bytes - head) / 100, 1500U);
}

}  // namespace
}  // namespace lathe::testing
