#include "scheduler/cli/report_file.h"

#include <fmt/format.h>
#include <unistd.h>

#include <stdexcept>
#include <system_error>

namespace lathe::cli {

namespace fs = std::filesystem;

namespace {

// Links are followed. A device or a pipe would be replaced by a file of its name.
fs::path place_of_report(const fs::path& path) {
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  if (status.type() == fs::file_type::not_found) return path;
  if (error) throw std::runtime_error("--out " + path.string() + ": " + error.message());
  if (!fs::is_regular_file(status))
    throw std::runtime_error("--out " + path.string() + ": is no regular file; without --out the report is printed");
  fs::path real = fs::canonical(path, error);
  if (error) throw std::runtime_error("--out " + path.string() + ": " + error.message());
  return real;
}

}  // namespace

ReportFile::ReportFile(const fs::path& path) : path_(place_of_report(path)) {
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
  std::error_code error;
  fs::rename(partial_, path_, error);
  if (error) throw std::runtime_error("--out " + path_.string() + ": cannot be written: " + error.message());
  is_published_ = true;
}

}  // namespace lathe::cli
