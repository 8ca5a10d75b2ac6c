// Reports that are written into files.
#pragma once

#include <filesystem>
#include <fstream>
#include <ostream>
#include <vector>

namespace lathe::cli {

// A report beside its final name, which it gets when it is whole: a report that was there before is never half of one.
class ReportFile {
 public:
  // Throws std::runtime_error: no regular file, or it cannot be written.
  explicit ReportFile(const std::filesystem::path& path);
  ~ReportFile();
  ReportFile(const ReportFile&) = delete;
  ReportFile& operator=(const ReportFile&) = delete;

  std::ostream& stream() { return stream_; }
  // Throws std::runtime_error when not all could be written.
  void publish();

 private:
  std::filesystem::path path_, partial_;
  std::vector<char> buffer_ = std::vector<char>(1 << 18);
  std::ofstream stream_;
  bool is_published_ = false;
};

}  // namespace lathe::cli
