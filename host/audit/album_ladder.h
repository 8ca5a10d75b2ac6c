// An album's ladder: what each track measures beside the others, and which of them stand out.
//
// The album's middle is the median of its tracks, figure by figure, so that the track that stands out does not move it.
// A track stands out by a figure when it lies further from the middle than the figure's own limit (album_ladder.cpp,
// each with its reason), and more than three times as far as half of the tracks do (four times in an octave): among
// movements that differ by 6 LU one more is nothing, among songs within 1 LU it is. Observations, no verdicts: a quiet
// interlude is meant to be quiet. They change no state, verdict or exit code.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "kernels/loudness/loudness_reading.h"
#include "kernels/tonal_balance/octave_meter.h"

namespace lathe {

struct FileAudit;

// Fewer tracks have no middle to fall out of: of two, which is the odd one?
constexpr std::size_t kFewestToCompare = 3;
// More files in a folder are a collection, and no album.
constexpr std::size_t kMostToCompare = 500;

// Figures of a track or of the album's middle. NaN for what there is none of; a level of silence counts as none.
struct LadderFigures {
  // LUFS, LU, LUFS, dBTP, and the true peak above the integrated loudness in dB.
  float integrated_lufs, loudness_range_lu, max_short_term_lufs, true_peak_dbtp, peak_to_loudness_db;
  OctaveFigures octaves;

  LadderFigures();  // none
};

struct LadderTrack {
  std::string path;
  bool is_measured = false;
  std::string reason;  // why nothing of it is compared; empty when measured
  int channels = 0;
  LadderFigures figures;
};

// A figure by which a track stands out.
struct LadderOutlier {
  std::size_t track = 0;  // its place among the tracks, from 0
  std::string figure;     // stable: "integrated_lufs", "loudness_range_lu", "peak_to_loudness_db", "spectrum",
                          // "width_db", "octave_width_db", "balance_db"
  double distance = 0;    // from the middle, in the figure's unit; over several octaves their mean
  std::optional<double> from_hz, to_hz;  // of "spectrum" and "octave_width_db"
  std::string message;  // "track 7 (07 Song.wav) is 4.1 LU louder than the album's middle (-14.2 LUFS)"
};

enum class LadderState { compared, too_few, too_many };

struct AlbumLadder {
  LadderState state = LadderState::too_few;
  std::string reason;               // why nothing is compared, or not all tracks are; empty when all are
  std::vector<LadderTrack> tracks;  // in the album's order; none for `too_many`
  LadderFigures middle;             // of what three tracks and more have
  std::vector<LadderOutlier> outliers;
};

LadderFigures ladder_figures(const LoudnessFigures& loudness, const std::optional<OctaveFigures>& octaves);

// What a track's audit knows of it.
LadderTrack ladder_track(const FileAudit& file);

// `tracks`, or `files`, in the album's order.
AlbumLadder ladder_of(std::vector<LadderTrack> tracks);
AlbumLadder ladder_of(const std::vector<const FileAudit*>& files);

// Every figure of `figures` less that of `middle`; octaves also less what half of them share, for one that falls raises
// all others against the track's own level.
LadderFigures distance_of(const LadderFigures& figures, const LadderFigures& middle);

// One sentence on the album, whatever its state: "12 tracks compared, 1 stands out".
std::string ladder_summary(const AlbumLadder& ladder);

}  // namespace lathe
