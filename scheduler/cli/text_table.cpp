#include "scheduler/cli/text_table.h"

#include <algorithm>
#include <cstdio>

#include "host/report/audit_text.h"

namespace lathe::cli {

TextTable::TextTable(std::vector<std::string> heads) {
  for (std::string& head : heads) {
    is_right_.push_back(head.starts_with('>'));
    if (is_right_.back()) head.erase(0, 1);
  }
  rows_.push_back(std::move(heads));
}

void TextTable::add(std::vector<std::string> cells) {
  for (std::string& cell : cells) cell = visible_text(cell);
  rows_.push_back(std::move(cells));
}

void TextTable::print() const {
  if (rows_.size() < 2) return;
  std::vector<std::size_t> widths(is_right_.size());
  for (const auto& row : rows_) {
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], code_points(row[i]).size());
  }
  for (const auto& row : rows_) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) {
      const std::string pad(widths[i] - code_points(row[i]).size(), ' ');
      line += i > 0 ? "  " : "";
      line += is_right_[i] ? pad + row[i] : row[i] + pad;
    }
    line.erase(line.find_last_not_of(' ') + 1);
    std::printf("%s\n", line.c_str());
  }
}

std::string span_text(double seconds) { return seconds < 0 ? "-" : duration_text(seconds); }

}  // namespace lathe::cli
