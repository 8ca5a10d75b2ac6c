#include "host/audit/album_ladder.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <limits>

#include "host/audit/file_audit.h"

namespace lathe {
namespace {

constexpr float kNoFigure = std::numeric_limits<float>::quiet_NaN();
// Of tracks that scatter by chance, one in twenty lies three times as far out as half of them do. An octave is one of
// nine, so there it takes four times as far: one in a hundred and fifty.
constexpr double kTimesTheUsual = 3, kTimesTheUsualOctave = 4;

// More than the 2 LU that AES77 leaves between a track's target and that of an album's loudest track.
constexpr double kOddLoudness_lu = 2.5;
// What lies between a pop song (5) and a rock ballad or a movement with a pianissimo (10 and more).
constexpr double kOddRange_lu = 5;
// Half of what lies between a squashed master (8 dB) and an open one (16 dB).
constexpr double kOddPeakToLoudness_db = 4;
// In 29 pieces of three albums (docs/albums.md) songs differed by 3 dB in single octaves without anyone having turned
// a knob; a shelf of 6 dB, seen through its own slope, still leaves 4.
constexpr double kOddOctave_db = 4;
// An octave so far below the loudness is hidden by the others.
constexpr float kHiddenOctave_db = -50;
// The side doubled, or halved.
constexpr double kOddWidth_db = 6;
// An octave's width rests on few instruments: a panned guitar makes more of it than of the whole.
constexpr double kOddOctaveWidth_db = 9;
// A side so weak is heard as none.
constexpr float kNearlyMono_db = -25;
// The image moves visibly on a meter, and audibly on headphones.
constexpr double kOddBalance_db = 1.5;

// All figures in a row, so that what is done to each is written once.
constexpr std::size_t kSingleFigures = 7, kAllFigures = kSingleFigures + 2 * kOctaves;
using Row = std::array<float, kAllFigures>;
enum Figure : std::size_t { kLoudness, kRange, kShortTerm, kTruePeak, kPeakToLoudness, kWidth, kBalance };
constexpr std::size_t kOctaveLevels = kSingleFigures, kOctaveWidths = kSingleFigures + kOctaves;

Row row_of(const LadderFigures& f) {
  Row row{f.integrated_lufs,     f.loudness_range_lu, f.max_short_term_lufs, f.true_peak_dbtp,
          f.peak_to_loudness_db, f.octaves.width_db,  f.octaves.balance_db};
  std::ranges::copy(f.octaves.level_db, row.begin() + kOctaveLevels);
  std::ranges::copy(f.octaves.octave_width_db, row.begin() + kOctaveWidths);
  return row;
}

LadderFigures figures_of(const Row& row) {
  LadderFigures f;
  f.integrated_lufs = row[kLoudness];
  f.loudness_range_lu = row[kRange];
  f.max_short_term_lufs = row[kShortTerm];
  f.true_peak_dbtp = row[kTruePeak];
  f.peak_to_loudness_db = row[kPeakToLoudness];
  f.octaves.width_db = row[kWidth];
  f.octaves.balance_db = row[kBalance];
  std::copy_n(row.begin() + kOctaveLevels, kOctaves, f.octaves.level_db.begin());
  std::copy_n(row.begin() + kOctaveWidths, kOctaves, f.octaves.octave_width_db.begin());
  return f;
}

float median(std::vector<float> values) {
  std::ranges::sort(values);
  const std::size_t half = values.size() / 2;
  return values.size() % 2 == 1 ? values[half] : (values[half - 1] + values[half]) / 2;
}

// Each figure less the middle's. Of the octaves also less what half of them share: a track that lacks its heights is no
// track with more of everything else, though its own level, to which all octaves are held, has fallen with them.
Row distances_of(const Row& row, const Row& middle) {
  Row distances;
  std::vector<float> octaves;
  for (std::size_t i = 0; i < row.size(); ++i) {
    distances[i] = row[i] - middle[i];
    const bool is_level = i >= kOctaveLevels && i < kOctaveWidths;
    if (is_level && std::isfinite(distances[i]) && std::max(row[i], middle[i]) >= kHiddenOctave_db)
      octaves.push_back(distances[i]);
  }
  if (octaves.empty()) return distances;
  const float shared = median(std::move(octaves));
  for (std::size_t i = kOctaveLevels; i < kOctaveWidths; ++i) distances[i] -= shared;
  return distances;
}

// Of the tracks that have the figure; none when too few do.
float middle_of(const std::vector<Row>& rows, std::size_t figure) {
  std::vector<float> values;
  for (const Row& row : rows) {
    if (std::isfinite(row[figure])) values.push_back(row[figure]);
  }
  return values.size() < kFewestToCompare ? kNoFigure : median(std::move(values));
}

std::string hz_text(double hz) { return hz < 1000 ? fmt::format("{:g} Hz", hz) : fmt::format("{:g} kHz", hz / 1000); }

// What stands out of an album, track by track.
class Comparison {
 public:
  explicit Comparison(AlbumLadder& ladder) : ladder_(ladder) {
    for (const LadderTrack& track : ladder.tracks) rows_.push_back(row_of(track.figures));
    for (std::size_t i = 0; i < kAllFigures; ++i) middle_[i] = middle_of(rows_, i);
    for (const Row& row : rows_) distances_.push_back(distances_of(row, middle_));
    std::vector<Row> away = distances_;
    for (Row& row : away) std::ranges::transform(row, row.begin(), [](float distance) { return std::abs(distance); });
    for (std::size_t i = 0; i < kAllFigures; ++i) usual_[i] = middle_of(away, i);
    ladder.middle = figures_of(middle_);
  }

  void run() {
    for (track_ = 0; track_ < rows_.size(); ++track_) {
      look_at_levels();
      look_at_octaves(kOctaveLevels, kOddOctave_db, "spectrum");
      if (!look_at_width()) look_at_octaves(kOctaveWidths, kOddOctaveWidth_db, "octave_width_db");
      look_at_balance();
    }
  }

 private:
  double value(std::size_t figure) const { return static_cast<double>(rows_[track_][figure]); }
  double middle(std::size_t figure) const { return static_cast<double>(middle_[figure]); }
  double distance(std::size_t figure) const { return static_cast<double>(distances_[track_][figure]); }

  // False where the track or the album has no such figure.
  bool is_odd(std::size_t figure, double limit) const {
    const double away = std::abs(distance(figure));
    const double times = figure < kSingleFigures ? kTimesTheUsual : kTimesTheUsualOctave;
    return away >= limit && away > times * static_cast<double>(usual_[figure]);
  }

  LadderOutlier& add(const char* figure, double distance, const std::string& what) {
    const LadderTrack& track = ladder_.tracks[track_];
    const std::string name = std::filesystem::path(track.path).filename().string();
    return ladder_.outliers.emplace_back(LadderOutlier{track_, figure, distance, std::nullopt, std::nullopt,
                                                       fmt::format("track {} ({}) {}", track_ + 1, name, what)});
  }

  void look_at_levels() {
    if (is_odd(kLoudness, kOddLoudness_lu)) {
      const double d = distance(kLoudness);
      add("integrated_lufs", d,
          fmt::format("is {:.1f} LU {} than the album's middle ({:.1f} LUFS)", std::abs(d),
                      d > 0 ? "louder" : "quieter", middle(kLoudness)));
    }
    if (is_odd(kRange, kOddRange_lu))
      add("loudness_range_lu", distance(kRange),
          fmt::format("has a loudness range of {:.1f} LU, the album's middle {:.1f}", value(kRange), middle(kRange)));
    if (is_odd(kPeakToLoudness, kOddPeakToLoudness_db))
      add("peak_to_loudness_db", distance(kPeakToLoudness),
          fmt::format("has its true peak {:.1f} dB above its loudness, the album's middle {:.1f}: it is {}",
                      value(kPeakToLoudness), middle(kPeakToLoudness),
                      distance(kPeakToLoudness) < 0 ? "denser" : "more open"));
  }

  // Neither the track nor the album is heard there.
  bool is_unheard(std::size_t first, std::size_t octave) const {
    const float limit = first == kOctaveLevels ? kHiddenOctave_db : kNearlyMono_db;
    return rows_[track_][first + octave] < limit && middle_[first + octave] < limit;
  }

  // Neighbours that lie out on the same side are said as one.
  void look_at_octaves(std::size_t first, double limit, const char* figure) {
    const auto side = [&](std::size_t octave) {
      if (octave >= kOctaves || !is_odd(first + octave, limit) || is_unheard(first, octave)) return 0;
      return distance(first + octave) > 0 ? 1 : -1;
    };
    for (std::size_t begin = 0, end = 0; begin < kOctaves; begin = end) {
      end = begin + 1;
      if (side(begin) == 0) continue;
      while (side(end) == side(begin)) ++end;
      add_octaves(first, begin, end, figure);
    }
  }

  void add_octaves(std::size_t first, std::size_t begin, std::size_t end, const char* figure) {
    double mean = 0;
    for (std::size_t octave = begin; octave < end; ++octave) mean += distance(first + octave);
    mean /= static_cast<double>(end - begin);
    const double from_hz = octave_edge_hz(static_cast<int>(begin)), to_hz = octave_edge_hz(static_cast<int>(end));
    const bool is_lowest = begin == 0, is_highest = end == kOctaves || !std::isfinite(middle_[first + end]);
    const std::string where = is_highest  ? "above " + hz_text(from_hz)
                              : is_lowest ? "below " + hz_text(to_hz)
                                          : fmt::format("between {} and {}", hz_text(from_hz), hz_text(to_hz));
    const std::string what = first == kOctaveLevels
                                 ? fmt::format("has {:.1f} dB {} {} than the album's middle", std::abs(mean),
                                               mean > 0 ? "more" : "less", where)
                                 : fmt::format("is {:.1f} dB {} {} than the album's middle", std::abs(mean),
                                               mean > 0 ? "wider" : "narrower", where);
    LadderOutlier& outlier = add(figure, mean, what);
    outlier.from_hz = from_hz;
    outlier.to_hz = to_hz;
  }

  // Whether the track stands out as a whole.
  bool look_at_width() {
    const auto width = static_cast<float>(value(kWidth)), usual = static_cast<float>(middle(kWidth));
    const bool is_narrow = width < kNearlyMono_db, are_narrow = usual < kNearlyMono_db;
    if (!is_odd(kWidth, kOddWidth_db) || (is_narrow && are_narrow)) return false;
    const bool is_mono = ladder_.tracks[track_].channels == 1;
    const double d = distance(kWidth);
    add("width_db", d,
        is_narrow    ? fmt::format("is {} where the others are wide (side against mid: the album's middle {:.1f} dB)",
                                is_mono ? "mono" : "nearly mono", usual)
        : are_narrow ? fmt::format("is wide where the others are nearly mono (side against mid: {:.1f} dB)", width)
                     : fmt::format("is {:.1f} dB {} than the album's middle (side against mid)", std::abs(d),
                                   d > 0 ? "wider" : "narrower"));
    return true;
  }

  void look_at_balance() {
    if (!is_odd(kBalance, kOddBalance_db)) return;
    const double d = distance(kBalance);
    add("balance_db", d,
        fmt::format("leans {:.1f} dB further to the {} than the album's middle", std::abs(d),
                    d > 0 ? "left" : "right"));
  }

  AlbumLadder& ladder_;
  std::vector<Row> rows_, distances_;
  Row middle_{}, usual_{};  // the latter: how far from the middle half of the tracks lie
  std::size_t track_ = 0;
};

AlbumLadder collection(std::size_t files) {
  AlbumLadder ladder;
  ladder.state = LadderState::too_many;
  ladder.reason =
      fmt::format("{} files are a collection and no album: albums of up to {} are compared", files, kMostToCompare);
  return ladder;
}

float finite(double value) { return std::isfinite(value) ? static_cast<float>(value) : kNoFigure; }

}  // namespace

LadderFigures::LadderFigures()
    : integrated_lufs(kNoFigure),
      loudness_range_lu(kNoFigure),
      max_short_term_lufs(kNoFigure),
      true_peak_dbtp(kNoFigure),
      peak_to_loudness_db(kNoFigure) {
  octaves.level_db.fill(kNoFigure);
  octaves.octave_width_db.fill(kNoFigure);
  octaves.width_db = octaves.balance_db = kNoFigure;
}

LadderFigures ladder_figures(const LoudnessFigures& loudness, const std::optional<OctaveFigures>& octaves) {
  LadderFigures figures;
  figures.integrated_lufs = finite(loudness.integrated_lufs);
  figures.loudness_range_lu = finite(loudness.loudness_range_lu);
  figures.max_short_term_lufs = finite(loudness.max_short_term_lufs);
  figures.true_peak_dbtp = finite(loudness.true_peak_dbtp);
  figures.peak_to_loudness_db = finite(loudness.true_peak_dbtp - loudness.integrated_lufs);
  if (octaves) figures.octaves = *octaves;
  return figures;
}

LadderTrack ladder_track(const FileAudit& file) {
  LadderTrack track{file.path.string(), file.state == AuditState::measured, file.reason, file.channels, {}};
  if (file.state == AuditState::measured) track.figures = ladder_figures(file.figures, file.octaves);
  return track;
}

// Nothing is made of a folder of 100,000.
AlbumLadder ladder_of(const std::vector<const FileAudit*>& files) {
  if (files.size() > kMostToCompare) return collection(files.size());
  std::vector<LadderTrack> tracks;
  for (const FileAudit* file : files) tracks.push_back(ladder_track(*file));
  return ladder_of(std::move(tracks));
}

LadderFigures distance_of(const LadderFigures& figures, const LadderFigures& middle) {
  return figures_of(distances_of(row_of(figures), row_of(middle)));
}

AlbumLadder ladder_of(std::vector<LadderTrack> tracks) {
  if (tracks.size() > kMostToCompare) return collection(tracks.size());
  AlbumLadder ladder;
  const auto measured = static_cast<std::size_t>(std::ranges::count_if(tracks, &LadderTrack::is_measured));
  const std::size_t left_out = tracks.size() - measured;
  ladder.tracks = std::move(tracks);
  if (measured < kFewestToCompare) {
    ladder.reason = measured == 0 ? "no track of it has a loudness"
                                  : fmt::format("{} track{} with a loudness: too few to say which stands out", measured,
                                                measured == 1 ? "" : "s");
    return ladder;
  }
  ladder.state = LadderState::compared;
  if (left_out > 0)
    ladder.reason = fmt::format("{} track{} without a loudness {} left out", left_out, left_out == 1 ? "" : "s",
                                left_out == 1 ? "is" : "are");
  Comparison(ladder).run();
  return ladder;
}

std::string ladder_summary(const AlbumLadder& ladder) {
  if (ladder.state != LadderState::compared) return ladder.reason;
  const auto compared = std::ranges::count_if(ladder.tracks, &LadderTrack::is_measured);
  std::vector<std::size_t> odd;
  for (const LadderOutlier& outlier : ladder.outliers) {
    if (odd.empty() || odd.back() != outlier.track) odd.push_back(outlier.track);
  }
  std::string text = fmt::format("{} tracks compared, ", compared);
  text += odd.empty() ? "none stands out" : fmt::format("{} stand{} out", odd.size(), odd.size() == 1 ? "s" : "");
  return ladder.reason.empty() ? text : text + "; " + ladder.reason;
}

}  // namespace lathe
