// Names of containers, extensions and faults.
#include "host/audio_file/audio_file.h"

#include <algorithm>
#include <array>
#include <cctype>

namespace lathe {

std::string_view container_name(Container container) {
  switch (container) {
    case Container::wav:
      return "WAV";
    case Container::rf64:
      return "RF64";
    case Container::w64:
      return "W64";
    case Container::aiff:
      return "AIFF";
    case Container::caf:
      return "CAF";
    case Container::flac:
      return "FLAC";
  }
  return "";
}

std::string_view extension_for(Container container) {
  switch (container) {
    case Container::wav:
    case Container::rf64:
      return ".wav";
    case Container::w64:
      return ".w64";
    case Container::aiff:
      return ".aiff";
    case Container::caf:
      return ".caf";
    case Container::flac:
      return ".flac";
  }
  return "";
}

bool is_accepted_extension(std::string_view extension) {
  static constexpr std::array<std::string_view, 9> kAccepted = {".wav",  ".wave", ".rf64", ".w64", ".aif",
                                                                ".aiff", ".aifc", ".caf",  ".flac"};
  std::string lower(extension);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return std::find(kAccepted.begin(), kAccepted.end(), lower) != kAccepted.end();
}

std::string_view fault_name(AudioFileError::Fault fault) {
  switch (fault) {
    case AudioFileError::Fault::not_found:
      return "not_found";
    case AudioFileError::Fault::unreadable:
      return "unreadable";
    case AudioFileError::Fault::not_audio:
      return "not_audio";
    case AudioFileError::Fault::unsupported:
      return "unsupported";
    case AudioFileError::Fault::truncated:
      return "truncated";
    case AudioFileError::Fault::corrupt:
      return "corrupt";
    case AudioFileError::Fault::limits:
      return "limits";
    case AudioFileError::Fault::disk_full:
      return "disk_full";
    case AudioFileError::Fault::write_failed:
      return "write_failed";
    case AudioFileError::Fault::storage_failed:
      return "storage_failed";
  }
  return "";
}

}  // namespace lathe
