// Rows under heads, for people: columns as wide as they must be.
#pragma once

#include <string>
#include <vector>

namespace lathe::cli {

class TextTable {
 public:
  // A head that begins with '>' has its column set to the right.
  explicit TextTable(std::vector<std::string> heads);

  // As many cells as heads. What would move the cursor is made visible.
  void add(std::vector<std::string> cells);
  // To stdout; nothing where there are no rows.
  void print() const;

 private:
  std::vector<std::vector<std::string>> rows_;  // the heads first
  std::vector<bool> is_right_;
};

// "3:07" or "1:02:03"; "-" for what is not known (below 0).
std::string span_text(double seconds);

}  // namespace lathe::cli
