// What somebody asks of a master and what a platform then does with it, as data that names its source.
#pragma once

#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace lathe {

enum class ProfileStatus {
  official,     // published by whoever asks for it
  vendor_told,  // told by them to somebody who published it
  folklore,     // repeated everywhere, published nowhere
};

// What the limits on loudness are limits of. Only the programme's can be judged here.
enum class LoudnessMeasure {
  programme,  // BS.1770 over everything
  dialogue,   // BS.1770 over speech alone, which this meter does not tell from the rest
  rms,        // unweighted
  leq_m,      // M-weighted, of cinemas
};

// Loudness that is asked for. One without a tolerance names an aim that nothing fails.
struct LoudnessWindow {
  std::optional<double> target_lufs;
  double min_lufs = -std::numeric_limits<double>::infinity();
  double max_lufs = std::numeric_limits<double>::infinity();

  bool is_judged() const;
};

struct PeakWhenLouder {
  double than_lufs = 0;
  double max_true_peak_dbtp = 0;
};

enum class AlbumRule {
  each_track,     // an album is right when each of its tracks is
  loudest_track,  // the loudest track has the loudness, the others may have less
};

struct DeliveryLimits {
  LoudnessMeasure measure = LoudnessMeasure::programme;
  std::vector<LoudnessWindow> integrated;      // one of them has to hold
  std::optional<double> max_true_peak_dbtp;    // at most
  std::optional<double> true_peak_below_dbtp;  // less than
  std::optional<PeakWhenLouder> when_louder;   // instead, for a master louder than that
  std::optional<double> max_sample_peak_dbfs;
  std::optional<double> max_short_term_lufs;
  std::optional<double> max_loudness_range_lu;
  std::vector<int> sample_rates_hz;  // one of these; empty: any
  std::vector<int> bits;             // integer ones
  std::vector<int> channels;
  AlbumRule album = AlbumRule::each_track;
};

enum class PlaybackMode {
  spotify,    // down freely, up no further than the peak ceiling lets it
  down_only,  // never up
  both,       // up and down, whatever the peaks (a limiter or the listener meets them)
};

enum class PlaybackAlbum {
  none,              // every track by itself
  album_integrated,  // one gain, by the album's integrated loudness
  loudest_track,     // one gain, by its loudest track
};

struct PlaybackFormula {
  double target_lufs = 0;
  PlaybackMode mode = PlaybackMode::both;
  PlaybackAlbum album = PlaybackAlbum::none;
  std::optional<double> peak_ceiling_dbtp;  // with `spotify`
};

struct DeliveryProfile {
  std::string name;                 // "ebu-r128"
  std::string title;                // "EBU R 128: broadcast programmes, quality control"
  std::string version;              // of this data: another one whenever a limit or a formula changes
  std::string date;                 // "2023", "2023-11" or "2023-11-25"
  bool is_date_of_reading = false;  // of ours, where the source has none; else of the source
  ProfileStatus status = ProfileStatus::folklore;
  std::string source;                   // document and section, or an address
  std::string note;                     // what a reader of the verdict should know; may be empty
  std::vector<std::string> not_judged;  // what the source asks for too, and no verdict here covers
  DeliveryLimits limits;
  std::optional<PlaybackFormula> playback;

  // Whether any verdict but "nothing is asked" can come of it.
  bool has_limits() const;
};

// Words as they stand in YAML: "vendor-told", "leq-m", "down-only", "album-integrated".
std::string_view word_of(ProfileStatus status);
std::string_view word_of(LoudnessMeasure measure);
std::string_view word_of(AlbumRule rule);
std::string_view word_of(PlaybackMode mode);
std::string_view word_of(PlaybackAlbum album);

// All of a profile's limits in a line: "-23 ±0.2 LUFS, true peak at most -1 dBTP"; "none" if there are none.
std::string limits_in_words(const DeliveryProfile& profile);

// "plays at -14 LUFS, raised as far as -1 dBTP lets it"; "" without a formula.
std::string playback_in_words(const DeliveryProfile& profile);

// The profiles that come with Lathe, by name. They are part of the program; no file is read.
const std::vector<DeliveryProfile>& shipped_profiles();
std::vector<std::string> shipped_profile_names();

// Null where none has this name.
const DeliveryProfile* find_shipped_profile(std::string_view name);

// Its YAML with the comments. Throws std::invalid_argument for a name that is not shipped, with the nearest.
std::string shipped_profile_text(std::string_view name);

// A shipped profile, or the one in a YAML file. Throws RecipeErrors with each mistake's place (file:line:column), and
// for a name that is neither, with the nearest shipped one.
DeliveryProfile load_profile(const std::string& name_or_path);

// What the build makes of profiles/*.yaml, by name.
struct EmbeddedProfile {
  std::string_view name;
  std::string_view text;
};
std::span<const EmbeddedProfile> embedded_profiles();

}  // namespace lathe
