// What is said during one attempt, for `lathe logs`: kept small, whatever a file makes Lathe say.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace lathe::scheduler {

class AttemptLog {
 public:
  static constexpr std::size_t kMostLines = 200, kMostBytes = 64 << 10;

  struct Line {
    std::string text;  // UTF-8; control characters as they came
    std::int64_t at_ms = 0;
  };

  // Lines beyond what is kept are counted.
  void add(std::string_view text, std::int64_t at_ms = 0);
  // Of how the attempt ended: for a few of these there is room in any case.
  void add_end(std::string_view text, std::int64_t at_ms = 0);

  const std::vector<Line>& lines() const { return lines_; }

 private:
  void keep(std::string text, std::int64_t at_ms);

  std::vector<Line> lines_;
  std::size_t bytes_ = 0, left_out_ = 0;
};

}  // namespace lathe::scheduler
