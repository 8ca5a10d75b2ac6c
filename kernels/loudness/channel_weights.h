// What each channel of a track counts for in its loudness (ITU-R BS.1770-5 Annex 1, table 3, and Annex 3, table 4).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace lathe {

// Where the loudspeakers of a track stand, and what they weigh: 1.41 between 60 and 120 degrees to the side, near the
// height of the ears; 0 for LFE; 1 elsewhere (front, rear at 135 degrees and beyond, height, bottom).
struct ChannelLayout {
  std::string name;             // "5.1", "L C R Ls Rs LFE", "12 channels"
  bool is_assumed = false;      // nothing in the file says it: taken from the number of channels
  std::vector<double> weights;  // one a channel
};

// `speakers`: names in the order of the channels, parted by blanks ("L C R Ls Rs LFE"; Core Audio's names), where the
// file has such; else `channel_mask`, that of WAVE_FORMAT_EXTENSIBLE, where it names as many loudspeakers as there are
// channels; else what so many channels usually are:
//   3  L R C      4  L R Ls Rs      5  L R C Ls Rs      6  L R C LFE Ls Rs      7  L R C LFE Cs Ls Rs
//   8  L R C LFE Lb Rb Ls Rs (the order of WAVE)        10  5.1 and four above (5.1.4)
//   12 L R C LFE Ls Rs Lb Rb and four above (7.1.4)     14, 16  7.1, L and R wide at 60 degrees, four or six above
//   24 22.2 in the order of BS.2051 system H, whose L and R stand at 60 degrees
// and otherwise weights of 1. In a mask the "back" pair stands at 110 degrees (5.1) unless there is a "side" pair too;
// then it stands at 135.
ChannelLayout channel_layout(int channels, std::uint32_t channel_mask, std::string_view speakers = {});

// channel_layout().weights
std::vector<double> channel_weights(int channels, std::uint32_t channel_mask, std::string_view speakers = {});

}  // namespace lathe
