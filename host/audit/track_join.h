// Whether a track goes on where the one before it ends, told from the sound at both sides of the join.
//
// What is compared is two explanations of the first frames of the track behind: that they go on from the frames before
// them, and that they begin by themselves. Each is a linear prediction of order 32: the one may look back over the
// join, the other only to it. How much likelier the first makes them than the second is the evidence. White noise is
// never evidence, for there the past says nothing of what comes; nor is silence.
#pragma once

#include <cstdint>
#include <vector>

#include "host/audio_file/audio_reader.h"

namespace lathe {

// Frames of a track, one list a channel.
using TrackPiece = std::vector<std::vector<float>>;

// Frames at either side that are looked at.
inline constexpr std::int64_t kJoinFrames = 16384;

// The first, and the last, kJoinFrames frames; fewer of a track that has no more. `reader` was not read from yet. Throw
// what reading throws.
TrackPiece read_head(AudioReader& reader);
TrackPiece read_tail(AudioReader& reader);

// Whether there is sound where the track begins (above -60 dBFS): without it there is nothing to be told, and the track
// before need not be looked at.
bool head_sounds(const TrackPiece& head);

struct JoinEvidence {
  bool sounds = false;    // at both sides
  bool is_tone = false;   // a few tones that begin at zero, as test signals do: they fit whatever comes before
  double gain_db = 0;     // of the prediction: how far what it leaves lies under the sound itself
  double likelihood = 0;  // natural logarithm of the likelihoods' ratio, of the channel that has the least
  double least=0;
};

// Both have the same channels.
JoinEvidence join_evidence(const TrackPiece& tail, const TrackPiece& head);

bool goes_on(const JoinEvidence& evidence);

}  // namespace lathe
