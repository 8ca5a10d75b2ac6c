#include "scheduler/cli/report_file.h"

#include <fmt/format.h>
#include <unistd.h>

#include <stdexcept>

namespace lathe::cli {

namespace fs = std::filesystem;

ReportFile::ReportFile(const fs::path& path) : path_(fs::exists(path) ? fs::canonical(path) : path) {
  // A device or a pipe would be replaced by a file of its name.
  if (fs::exists(path_) && !fs::is_regular_file(path_)) {
    throw std::runtime_error("--out " + path_.string() + ": is no regular file; without --out the report is printed");
  }
  partial_ = fmt::format("{}.{}.partial", path_.string(), ::getpid());  // two audits may write one report
  stream_.rdbuf()->pubsetbuf(buffer_.data(), static_cast<std::streamsize>(buffer_.size()));
  stream_.open(partial_, std::ios::binary | std::ios::trunc);
  if (!stream_) throw std::runtime_error("--out " + path_.string() + ": cannot be written");
}

ReportFile::~ReportFile() {
  std::error_code ignored;
  if (!is_published_) fs::remove(partial_, ignored);
}

void ReportFile::publish() {
  stream_.close();
  if (!stream_) throw std::runtime_error("--out " + path_.string() + ": could not be written to its end");
  fs::rename(partial_, path_);
  is_published_ = true;
}

}  // namespace lathe::cli
