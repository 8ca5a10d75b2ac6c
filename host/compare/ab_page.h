// A player of excerpts as one web page that refers to nothing outside itself: audio in base64, played by Web Audio.
#pragma once

#include <cstddef>
#include <iosfwd>
#include <string>
#include <string_view>

#include "host/compare/ab_track.h"

namespace lathe {

struct AbPageHead {
  std::string subject;  // the folder; any bytes
  std::string engine;
  AbCodec codec = AbCodec::flac;
};

// Written a track at a time: no more than one is in memory.
class AbPage {
 public:
  // `out` must outlive it.
  AbPage(std::ostream& out, const AbPageHead& head);

  void track(const AbTrack& track);
  // `left_out`: what is not in the page and why, in lines; any bytes.
  void finish(const std::vector<std::string>& left_out);

  // What the track adds to the page, but for some kilobytes of text.
  static std::size_t bytes_of(const AbTrack& track) { return (track.bytes() + 2) / 3 * 4; }

 private:
  std::ostream& out_;
  std::string mime_;
  int tracks_ = 0;
};

std::string base64(const void* data, std::size_t bytes);

extern const std::string_view kAbStyle, kAbScript;

}  // namespace lathe
