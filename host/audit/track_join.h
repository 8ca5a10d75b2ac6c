// Whether a track goes on where the one before it ends, told from the sound at both sides of the join.
//
// What is compared is two explanations of the first frames of the track behind: that they go on from the frames before
// them, and that they begin by themselves. Each is a linear prediction of order 32; the one may look back over the
// join, the other only to it. How much likelier the first makes them than the second is the evidence. The same is asked
// of means of 4 and of 12 frames, for what goes on in noisy music is its bass. White noise is never evidence, for there
// the past says nothing of what comes; nor is silence.
#pragma once

#include <cstdint>
#include <vector>

#include "host/audio_file/audio_reader.h"

namespace lathe {

// Frames of a track, one list a channel.
using TrackPiece = std::vector<std::vector<float>>;

// Frames at either side that are looked at, and those that say whether there is anything to look at.
inline constexpr std::int64_t kJoinFrames = 24'576;
inline constexpr std::int64_t kHeadFrames = 256;

// The first, and the last, so many frames; fewer of a track that has no more. Nothing was read from the reader yet.
// Throw what reading throws.
TrackPiece read_head(AudioReader& reader, std::int64_t frames = kJoinFrames);
TrackPiece read_tail(AudioReader& reader);

// Whether there is sound where the track begins (a sample of the first 64 above -60 dBFS): without it there is nothing
// to be told, and the track before need not be opened.
bool head_sounds(const TrackPiece& head);

struct JoinEvidence {
  bool sounds = false;    // at both sides
  bool is_tone = false;   // tones that begin at zero, as test signals do: they would fit what comes before by chance
  double gain_db = 0;     // of the prediction: how far what it leaves lies under the sound itself
  double likelihood = 0;  // natural logarithm of the likelihoods' ratio, summed over the widths of means and channels
  double least = 0;       // of one width: far below 0 where something breaks off
};

// Both have the same channels.
JoinEvidence join_evidence(const TrackPiece& tail, const TrackPiece& head);

// `others_do`: other tracks of the album go on in this way, which makes it likelier before anything is heard.
bool goes_on(const JoinEvidence& evidence, bool others_do);

}  // namespace lathe
