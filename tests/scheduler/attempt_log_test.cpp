#include "scheduler/worker/attempt_log.h"

#include <gtest/gtest.h>

#include "scheduler/store/utf8.h"

namespace lathe::scheduler {
namespace {

std::size_t bytes_of(const AttemptLog& log) {
  std::size_t bytes = 0;
  for (const AttemptLog::Line& line : log.lines()) bytes += line.text.size();
  return bytes;
}

TEST(AttemptLog, LinesComeOutAsTheyWentIn) {
  AttemptLog log;
  log.add("began", 5);
  log.add_end("ended", 7);
  ASSERT_EQ(log.lines().size(), 2u);
  EXPECT_EQ(log.lines()[0].text, "began");
  EXPECT_EQ(log.lines()[0].at_ms, 5);
  EXPECT_EQ(log.lines()[1].at_ms, 7);
}

TEST(AttemptLog, AThousandLinesBecome200WithTheEndAmongThem) {
  AttemptLog log;
  for (int i = 0; i < 1000; ++i) log.add("note");
  log.add_end("mastered");
  log.add_end("failed");
  EXPECT_LE(log.lines().size(), AttemptLog::kMostLines);
  const std::size_t n = log.lines().size();
  EXPECT_EQ(log.lines()[n - 1].text, "failed");
  EXPECT_EQ(log.lines()[n - 2].text, "mastered");
  EXPECT_EQ(log.lines()[n - 3].text, "(" + std::to_string(1000 - (n - 3)) + " lines left out)");
  for (int i = 0; i < 1000; ++i) log.add_end("x");
  EXPECT_EQ(log.lines().size(), AttemptLog::kMostLines);
}

TEST(AttemptLog, LongLinesNeverAddUpTo64KiBAndTheEndStillFits) {
  for (const char* piece : {"a", "\xff", "\xc3\xa9"}) {
    AttemptLog log;
    std::string line;
    while (line.size() < 10'000) line += piece;
    for (int i = 0; i < 150; ++i) log.add(line);
    for (int i = 0; i < 3; ++i) log.add_end(line);
    log.add_end("failed");
    EXPECT_LE(bytes_of(log), AttemptLog::kMostBytes);
    EXPECT_EQ(log.lines().back().text, "failed");
    for (const AttemptLog::Line& kept : log.lines()) EXPECT_TRUE(is_storable_text(kept.text));
  }
}

}  // namespace
}  // namespace lathe::scheduler
