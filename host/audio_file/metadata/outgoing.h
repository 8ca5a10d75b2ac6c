// What of a file's metadata is still true of its master, and what has to be changed to be so.
#pragma once

#include <string>
#include <vector>

#include "host/audio_file/audio_file.h"
#include "host/audio_file/metadata/metadata.h"
#include "host/audio_file/tags.h"

namespace lathe {

struct OutgoingMetadata {
  Tags tags;
  Metadata metadata;
  std::vector<std::string> left_out;  // what is not true of the master, by name
};

// Left out are checksums and overviews of the samples, and, unless the samples are untouched, what tells their loudness
// or peak (REPLAYGAIN_*, R128_*, PEAK …). Positions are brought to the new rate; "bext" gets its line of coding history
// (broadcast.h). All else stays as it came.
OutgoingMetadata outgoing_metadata(const Tags& tags, const Metadata& metadata, const AudioFormat& from,
                                   const AudioFormat& to, bool is_untouched);

}  // namespace lathe
