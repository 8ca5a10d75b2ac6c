#include "host/mastering/accepted_formats.h"

#include <algorithm>
#include <string>

namespace lathe {
namespace {

v1::InputFormat format_of(Container container) {
  switch (container) {
    case Container::wav:
      return v1::INPUT_FORMAT_WAV;
    case Container::rf64:
      return v1::INPUT_FORMAT_RF64;
    case Container::w64:
      return v1::INPUT_FORMAT_W64;
    case Container::aiff:
      return v1::INPUT_FORMAT_AIFF;
    case Container::caf:
      return v1::INPUT_FORMAT_CAF;
    case Container::flac:
      break;
  }
  return v1::INPUT_FORMAT_FLAC;
}

constexpr Container kContainers[] = {Container::wav,  Container::rf64, Container::w64,
                                     Container::aiff, Container::caf,  Container::flac};

}  // namespace

void check_accepted(const v1::Recipe& recipe, const std::filesystem::path& file, Container container) {
  const auto& accepted = recipe.input().accept();
  if (accepted.empty()) return;
  std::string names;
  for (const Container known : kContainers) {
    const bool is_accepted = std::find(accepted.begin(), accepted.end(), format_of(known)) != accepted.end();
    if (!is_accepted) continue;
    if (known == container) return;
    names += (names.empty() ? "" : ", ") + std::string(container_name(known));
  }
  throw AudioFileError(
      AudioFileError::Fault::unsupported, file,
      "is " + std::string(container_name(container)) + ", and the recipe takes only " + names + " (input.accept)");
}

}  // namespace lathe
