// What can happen to an isolated decoder that is not an error of the file's own.
#pragma once

#include <filesystem>
#include <stdexcept>
#include <string>
#include <string_view>

namespace lathe {

// The decoder of one file was ended. It concerns that file only; the batch goes on.
class DecoderDied : public std::runtime_error {
 public:
  enum class Code {
    crashed,    // by a fault of its memory, an abort, or answers that are none
    forbidden,  // for asking the system for what no decoder needs
    timeout,    // for taking too long
    killed      // by something outside
  };

  // what() is "PATH: REASON".
  DecoderDied(Code code, const std::filesystem::path& path, const std::string& reason)
      : std::runtime_error(path.string() + ": " + reason), code_(code), reason_(reason) {}

  Code code() const { return code_; }
  // Stable, for programs: "DECODER_CRASHED".
  std::string_view code_name() const;
  const std::string& reason() const { return reason_; }

 private:
  Code code_;
  std::string reason_;
};

// No decoder can be had: the process that starts them is gone. The machine's fault, not the file's.
class IsolationFailed : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

}  // namespace lathe
