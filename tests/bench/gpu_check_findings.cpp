#include "tests/bench/gpu_check_findings.h"

#include <algorithm>

namespace lathe::bench {
namespace {

std::vector<std::string> behind(std::vector<std::string> first, const std::vector<std::string>& cells) {
  first.insert(first.end(), cells.begin(), cells.end());
  return first;
}

}  // namespace

void Findings::device(const std::vector<std::string>& cells) { line(behind({"device"}, cells)); }

void Findings::check(const std::string& name, bool is_ok, const std::string& measured, const std::string& limit) {
  has_failed_ = has_failed_ || !is_ok;
  line({"check", name, is_ok ? "ok" : "FAILED", measured, limit});
}

void Findings::head(const std::string& table, const std::vector<std::string>& cells) {
  line(behind({"head", table}, cells));
}

void Findings::row(const std::string& table, const std::vector<std::string>& cells) {
  line(behind({"row", table}, cells));
}

// Tabs and line ends would break the lines, bars the Markdown that is made of them: file names and messages may hold
// them. Written at once, so that a crash later on takes nothing back.
void Findings::line(std::vector<std::string> cells) {
  for (std::size_t i = 0; i < cells.size(); ++i) {
    std::replace_if(
        cells[i].begin(), cells[i].end(), [](char c) { return static_cast<unsigned char>(c) < ' ' || c == '|'; }, ' ');
    out_ << (i > 0 ? "\t" : "") << cells[i];
  }
  out_ << std::endl;
}

}  // namespace lathe::bench
