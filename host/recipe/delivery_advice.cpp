#include <algorithm>
#include <cctype>
#include <optional>

#include "host/recipe/advice.h"
#include "host/recipe/field_rules.h"
#include "host/recipe/numbers.h"
#include "host/recipe/path_template.h"

namespace lathe {
namespace {

// How far music's true peak lies above its integrated loudness: 7.6 to 19.8 LU on ten tracks from metal to orchestra,
// the loudest metal master having the least.
constexpr double kDensestMusicLu = 8;
// Limiting itself makes music denser; where it would have to be denser than this, the limiter distorts.
constexpr double kDensestLimitedLu = 5;
// Without a limiter, a target below this leaves room for nearly all music's peaks.
constexpr double kSafeWithoutLimitLufs = -18;
// A ceiling above this leaves nothing for what follows.
constexpr double kHighCeilingDbtp = -0.1;
// Above this rate plain noise lies, for the most part, where nobody hears it already.
constexpr int kShapedAtMostHz = 96000;

constexpr char kMusicsPeaks[] = "music's true peaks lie 8 to 20 dB above its loudness";

class DeliveryAdvice {
 public:
  explicit DeliveryAdvice(Advice& advice) : advice_(advice), recipe_(advice.recipe()) {
    const int last = recipe_.chain_size() - 1;
    if (last >= 0 && recipe_.chain(last).has_limit()) {
      limit_ = recipe_.chain(last).limit();
      limit_path_ = item("chain", last) + ".limit";
    }
  }

  void run() {
    if (limit_ && limit_->ceiling_dbtp() > kHighCeilingDbtp) {
      advice_.warn(limit_path_ + ".ceiling_dbtp",
                   "this leaves nothing for what follows: lossy encoders raise peaks by up to 1 dB. Write -1 for "
                   "streaming, -0.5 for CDs");
    }
    if (recipe_.has_loudness()) look_at(recipe_.loudness(), "loudness", limit_);
    for (int i = 0; i < recipe_.outputs_size(); ++i) look_at(recipe_.outputs(i), item("outputs", i));
  }

 private:
  void look_at(const v1::Loudness& loudness, const std::string& path, const std::optional<v1::Limit>& limit) {
    if (loudness.reference()) {  // as loud as a finished master, most likely
      if (!limit) {
        advice_.warn(path + ".target_lufs", std::string("nothing limits here, and ") + kMusicsPeaks +
                                                ": add `- limit: {}` as the last stage, for a reference that is "
                                                "louder than " +
                                                shortest(kSafeWithoutLimitLufs) + " LUFS");
      }
    } else if (limit) {
      look_at_reach(loudness, path + ".target_lufs", *limit);
    } else if (loudness.target_lufs() > kSafeWithoutLimitLufs) {
      const bool exceeds = loudness.on_conflict() == v1::ON_CONFLICT_EXCEED_LIMIT;
      const bool fails = loudness.on_conflict() == v1::ON_CONFLICT_FAIL;
      advice_.warn(path + ".target_lufs", std::string("nothing limits here, and ") + kMusicsPeaks + ": at " +
                                              shortest(loudness.target_lufs()) + " LUFS many tracks would " +
                                              (exceeds ? "pass 0 dBTP and clip"
                                               : fails ? "fail"
                                                       : "stop at 0 dBTP before they are that loud") +
                                              ". Add `- limit: {}` as the last stage, or lower the target");
    }
  }

  void look_at_reach(const v1::Loudness& loudness, const std::string& path, const v1::Limit& limit) {
    const double over_lu = limit.ceiling_dbtp() - loudness.target_lufs();
    const std::string goal =
        shortest(loudness.target_lufs()) + " LUFS under " + shortest(limit.ceiling_dbtp()) + " dBTP";
    if (over_lu < kDensestLimitedLu) {
      advice_.warn(path, goal + " leaves peaks " + shortest(over_lu) +
                             " dB above the loudness; what is denser than 5 dB is distortion, not music. Lower the "
                             "target");
      return;
    }
    if (!limit.has_max_gain_reduction_db()) return;
    const double room_lu = over_lu + limit.max_gain_reduction_db();
    if (room_lu >= kDensestMusicLu) return;
    const std::string outcome = loudness.on_conflict() == v1::ON_CONFLICT_EXCEED_LIMIT
                                    ? "nearly every track will take more gain reduction than that"
                                : loudness.on_conflict() == v1::ON_CONFLICT_FAIL ? "nearly every track will fail"
                                                                                 : "hardly any track will get there";
    advice_.warn(path, goal + " with max_gain_reduction_db " + shortest(limit.max_gain_reduction_db()) +
                           " has room for peaks " + shortest(room_lu) + " dB above the loudness, and " + kMusicsPeaks +
                           ": " + outcome + ". Lower the target to " +
                           shortest(loudness.target_lufs() - (kDensestMusicLu - room_lu)) +
                           " LUFS or less, or allow more gain reduction");
  }

  void look_at(const v1::Output& output, const std::string& path) {
    look_at_dither(output, path);
    look_at_path(output, path + ".path");
    const int chain_hz = recipe_.input().sample_rate().rate_hz();
    if (chain_hz > 0 && output.sample_rate() > chain_hz) {
      advice_.warn(path + ".sample_rate", "the chain runs at " + std::to_string(chain_hz) +
                                              " Hz (input.sample_rate): a higher rate adds nothing but bytes");
    }
    for (int i = 0; i < output.skip_size(); ++i) {
      const std::string name = yaml_name(*v1::StageKind_descriptor()->FindValueByNumber(output.skip(i)));
      const bool is_there = std::any_of(recipe_.chain().begin(), recipe_.chain().end(),
                                        [&](const v1::Stage& stage) { return kind_name(stage) == name; });
      if (!is_there) advice_.warn(item(path + ".skip", i), "the chain has no " + name);
    }
    const bool skips_limit =
        std::find(output.skip().begin(), output.skip().end(), v1::STAGE_KIND_LIMIT) != output.skip().end();
    if (output.has_loudness()) {
      look_at(output.loudness(), path + ".loudness", skips_limit ? std::nullopt : limit_);
    } else if (skips_limit && limit_ && recipe_.has_loudness()) {
      look_at(recipe_.loudness(), path + ".loudness", std::nullopt);
    }
  }

  void look_at_dither(const v1::Output& output, const std::string& path) {
    const int chain_hz = recipe_.input().sample_rate().rate_hz();
    const int rate_hz = output.has_sample_rate() ? output.sample_rate() : chain_hz;
    if (output.dither() == v1::DITHER_SHAPED || output.dither() == v1::DITHER_SHAPED_STRONG) {
      if (output.bits() == v1::OUTPUT_BITS_24 || output.bits() == v1::OUTPUT_BITS_32) {
        advice_.warn(path + ".dither", "at " +
                                           yaml_name(*v1::OutputBits_descriptor()->FindValueByNumber(output.bits())) +
                                           " bits plain noise already lies below what converters and ears resolve; "
                                           "write tpdf, and keep shaped for 16 bits");
      } else if (rate_hz > kShapedAtMostHz) {
        advice_.warn(path + ".dither", "at " + std::to_string(rate_hz) +
                                           " Hz most of plain noise lies where nobody hears it already; write tpdf");
      }
    }
    if (output.dither() == v1::DITHER_NONE && output.bits() == v1::OUTPUT_BITS_16 && makes_finer_samples()) {
      advice_.warn(path + ".dither", "rounding to 16 bits without dither distorts what is quiet; write tpdf or shaped");
    }
  }

  // Whether samples come out finer than they went in, so that the output has to round them.
  bool makes_finer_samples() const {
    return recipe_.has_loudness() || std::any_of(recipe_.chain().begin(), recipe_.chain().end(), [](const auto& stage) {
             return stage.has_eq() || stage.has_match_eq() || stage.has_stereo() || stage.has_compress() ||
                    stage.has_level() || stage.has_gain() || stage.has_limit();
           });
  }

  void look_at_path(const v1::Output& output, const std::string& path) {
    if (!output.has_path()) return;
    const std::vector<std::string> fields = fields_in_path(output.path());
    if (output.of() == v1::OUTPUT_OF_STEMS) {
      if (std::none_of(fields.begin(), fields.end(), tells_mixes_apart))
        advice_.warn(path,
                     "the stems of every mix would get these names, and all but the first mix would fail: add "
                     "{mix} or {title}");
      if (!has_extension(output.path())) return;  // it gets one
    } else if (output.per() == v1::OUTPUT_PER_SIDE) {
      const auto tells_albums_apart = [](const std::string& f) { return f == "folder" || f == "album" || f == "upc"; };
      if (std::ranges::none_of(fields, tells_albums_apart))
        advice_.warn(path,
                     "the sides of every album would get these names, and all but the first album would fail: add "
                     "{folder} or {album}");
    } else if (std::none_of(fields.begin(), fields.end(), tells_tracks_apart)) {
      advice_.warn(path,
                   "every track would get this name, and all but the first would fail: add {stem}, {track} or "
                   "{title}");
    }
    const std::size_t dot = output.path().find_last_of("./");
    const bool has_ending = dot != std::string::npos && output.path()[dot] == '.' && dot + 1 < output.path().size();
    if (!has_ending) {
      advice_.warn(path, "the file's name has no extension: end it with .{ext}");
      return;
    }
    std::string ending = output.path().substr(dot + 1);
    std::transform(ending.begin(), ending.end(), ending.begin(), [](unsigned char c) { return std::tolower(c); });
    if (ending == "aif") ending = "aiff";
    const std::vector<std::string> formats = yaml_names(*v1::OutputFormat_descriptor());
    const std::string format =
        output.has_format() ? yaml_name(*v1::OutputFormat_descriptor()->FindValueByNumber(output.format())) : "";
    const bool is_a_format = std::find(formats.begin(), formats.end(), ending) != formats.end();
    if (ending.ends_with("{ext}") || ending == format) return;
    if (format.empty() && is_a_format) {
      advice_.warn(path, "ends with ." + ending +
                             ", but the format is the input's, and inputs of other formats fail: " + "write format: " +
                             ending + ", or end it with .{ext}");
      return;
    }
    advice_.warn(path, "ends with ." + output.path().substr(dot + 1) + ", but the format is " +
                           (format.empty() ? "the input's" : format) + ": end it with .{ext}");
  }

  Advice& advice_;
  const v1::Recipe& recipe_;
  std::optional<v1::Limit> limit_;
  std::string limit_path_;
};

}  // namespace

void advise_on_delivery(Advice& advice) { DeliveryAdvice(advice).run(); }

}  // namespace lathe
