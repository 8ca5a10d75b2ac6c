// What the program gpu_check finds, in the lines that scripts/gpu_check reads: tab-separated, one finding a line.
#pragma once

#include <ostream>
#include <string>
#include <vector>

namespace lathe::bench {

class Findings {
 public:
  explicit Findings(std::ostream& out) : out_(out) {}

  // "device<TAB>cell…"
  void device(const std::vector<std::string>& cells);
  // "check<TAB>name<TAB>ok|FAILED<TAB>measured<TAB>limit"
  void check(const std::string& name, bool is_ok, const std::string& measured, const std::string& limit);
  // "head<TAB>table<TAB>cell…", then "row<TAB>table<TAB>cell…" for each row.
  void head(const std::string& table, const std::vector<std::string>& cells);
  void row(const std::string& table, const std::vector<std::string>& cells);

  bool has_failed() const { return has_failed_; }

 private:
  void line(std::vector<std::string> cells);

  std::ostream& out_;
  bool has_failed_ = false;
};

}  // namespace lathe::bench
