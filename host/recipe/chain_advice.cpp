#include <algorithm>
#include <map>

#include "host/recipe/advice.h"
#include "host/recipe/chain_frequencies.h"
#include "host/recipe/field_rules.h"
#include "host/recipe/numbers.h"
#include "host/recipe/stage_groups.h"

namespace lathe {
namespace {

using Chain = google::protobuf::RepeatedPtrField<v1::Stage>;

// Half of 44.1 kHz, the lowest rate that music is delivered at.
constexpr double kHalfOfCdRateHz = 22050;

bool mends_samples(const v1::Stage& stage) {
  return stage.has_declick() || stage.has_decrackle() || stage.has_declip();
}

// Whether the stage's effect depends on how loud its input is.
bool hears_level(const v1::Stage& stage) {
  return restores(stage) || stage.has_compress() || stage.has_level() || stage.has_limit();
}

bool changes_tone_or_dynamics(const v1::Stage& stage) {
  return stage.has_eq() || stage.has_match_eq() || stage.has_stereo() || stage.has_compress() || stage.has_level();
}

class ChainAdvice {
 public:
  ChainAdvice(Advice& advice, const Chain& chain, std::string path)
      : advice_(advice), chain_(chain), path_(std::move(path)) {}

  // A stem's own gain is its place in the mix, whatever becomes of the whole.
  void run(bool is_stem) {
    look_at_order();
    for (int i = 0; i < chain_.size(); ++i) {
      if (chain_[i].has_eq()) look_at(chain_[i].eq(), at(i));
      if (chain_[i].has_stereo()) look_at(chain_[i].stereo(), at(i));
      if (chain_[i].has_compress()) look_at(chain_[i].compress(), at(i));
      if (!is_stem && chain_[i].has_gain() && chain_[i].gain().gain_db() != 0) look_at_gain(i);
    }
  }

 private:
  std::string at(int i) const { return item(path_, i) + "." + kind_name(chain_[i]); }

  // Restoration tells damage from music by how it was recorded; an equaliser or a compressor before it hides that.
  void look_at_order() {
    int tonal = -1, denoise = -1;
    for (int i = 0; i < chain_.size(); ++i) {
      const std::string name = kind_name(chain_[i]);
      if (restores(chain_[i]) && tonal >= 0) {
        advice_.warn(at(i), name + " belongs before " + at(tonal) +
                                ": it finds damage by how the music was recorded; move it up");
      } else if (mends_samples(chain_[i]) && denoise >= 0) {
        advice_.warn(at(i),
                     name + " belongs before " + at(denoise) + ", which smears what this stage looks for; move it up");
      }
      if (changes_tone_or_dynamics(chain_[i]) && tonal < 0) tonal = i;
      if (chain_[i].has_denoise() && denoise < 0) denoise = i;
    }
  }

  void look_at(const v1::Eq& eq, const std::string& path) {
    for (const char* limit : {"max_cuts", "max_cut_db", "from_hz", "to_hz", "min_prominence_db"}) {
      const bool is_idle = eq.resonances() == v1::RESONANCES_OFF && !advice_.is_overridden("resonances");
      if (is_idle && advice_.is_written(path + "." + limit))
        advice_.warn(path + "." + limit,
                     "no resonances are looked for: write resonances: propose or apply, or take it "
                     "away");
    }
    std::map<std::string, int> seen;
    for (int i = 0; i < eq.bands_size(); ++i) {
      const v1::EqBand& band = eq.bands(i);
      const std::string here = item(path + ".bands", i);
      const auto [first, is_new] = seen.try_emplace(band.SerializeAsString(), i);
      if (!is_new) {
        advice_.warn(here, "the same band as " + item(path + ".bands", first->second) +
                               ": it acts twice; take one away, or write one with the sum");
      }
      look_at_unused(band, here);
    }
  }

  void look_at_unused(const v1::EqBand& band, const std::string& path) {
    const v1::BandType type = band.type();
    const bool is_pass = type == v1::BAND_TYPE_HIGH_PASS || type == v1::BAND_TYPE_LOW_PASS;
    const bool has_gain = !is_pass && type != v1::BAND_TYPE_NOTCH && type != v1::BAND_TYPE_BAND_PASS;
    const std::string name = yaml_name(*v1::BandType_descriptor()->FindValueByNumber(type));
    const auto unused = [&](const std::string& key, bool acts, const std::string& instead) {
      if (acts || !advice_.is_written(path + "." + key)) return;
      advice_.warn(path + "." + key, "a " + name + " has no " + key + "; " + instead);
    };
    unused("gain_db", has_gain, "take it away");
    unused("q", !is_pass && type != v1::BAND_TYPE_TILT, is_pass ? "its key is slope_db_oct" : "take it away");
    unused("slope_db_oct", is_pass, "take it away");
  }

  void look_at(const v1::Stereo& stereo, const std::string& path) {
    v1::Stereo untouched;
    fill_defaults(untouched);
    const bool is_idle = stereo.SerializeAsString() == untouched.SerializeAsString();
    if (is_idle && !advice_.is_overridden("stereo"))
      advice_.warn(path, "does nothing: write width, mono_below_hz, min_correlation or bands, or take it away");
    if (stereo.bands_size() > 0 && advice_.is_written(path + ".width"))
      advice_.warn(path + ".width", "bands replace it: take one of them away");
    for (int i = 0; i < stereo.bands_size(); ++i) {
      const v1::StereoBand& band = stereo.bands(i);
      const bool is_mono = stereo.has_mono_below_hz() && band.has_up_to_hz() &&
                           band.up_to_hz() <= stereo.mono_below_hz() && band.width() > 0;
      if (!is_mono) continue;
      advice_.warn(item(path + ".bands", i), "all of it lies below mono_below_hz (" + shortest(stereo.mono_below_hz()) +
                                                 "), where nothing is left of its width: take one of them away");
    }
  }

  template <class Settings>
  static bool is_idle(const Settings& compress) {
    const bool never_acts = compress.ratio() == 1 || compress.threshold_db() >= 0 ||
                            (compress.has_max_gain_reduction_db() && compress.max_gain_reduction_db() == 0);
    return never_acts && compress.makeup_db() == 0;
  }

  void look_at(const v1::Compress& compress, const std::string& path) {
    const auto& bands = compress.bands();
    const bool all_idle = bands.empty()
                              ? is_idle(compress)
                              : std::all_of(bands.begin(), bands.end(), [](const auto& b) { return is_idle(b); });
    if ((all_idle || compress.mix() == 0) && !advice_.is_overridden("compress")) {
      advice_.warn(
          path,
          "does nothing: a ratio of 1, a threshold of 0, a max_gain_reduction_db of 0 or a mix of 0 leaves the "
          "sound as it is; change it or take the stage away");
    }
  }

  void look_at_gain(int i) {
    const bool has_loudness = advice_.recipe().has_loudness();
    const bool is_undone = has_loudness && std::none_of(chain_.begin() + i + 1, chain_.end(), [](const v1::Stage& s) {
                             return hears_level(s) && !s.has_limit();
                           });
    if (is_undone) {
      advice_.warn(at(i),
                   "the loudness gain undoes it, for no stage between them minds the level: take it away, or "
                   "change loudness.target_lufs");
    } else if (!has_loudness && chain_[i].gain().gain_db() > 0 && !chain_[chain_.size() - 1].has_limit()) {
      advice_.warn(at(i), "without a limiter, peaks above -" + shortest(chain_[i].gain().gain_db()) +
                              " dBFS may clip: add `- limit: {}` as the last stage");
    }
  }

  Advice& advice_;
  const Chain& chain_;
  std::string path_;
};

}  // namespace

void advise_on_chains(Advice& advice) {
  const v1::Recipe& recipe = advice.recipe();
  ChainAdvice(advice, recipe.chain(), "chain").run(false);
  for (int i = 0; i < recipe.stems_size(); ++i)
    ChainAdvice(advice, recipe.stems(i).chain(), item("stems", i) + ".chain").run(true);
  if (recipe.input().sample_rate().has_rate_hz()) return;  // then it is an error
  for (const ChainFrequency& frequency : chain_frequencies(recipe)) {
    if (frequency.hz < kHalfOfCdRateHz) continue;
    const bool fails = frequency.path.find(".eq.") != std::string::npos;
    advice.warn(frequency.path, "for 44.1 kHz input " + shortest(frequency.hz) +
                                    " Hz lies at or above half the rate, and its " +
                                    (fails ? "tracks would fail" : "band would be empty") +
                                    ": stay below 22050, or write input.sample_rate");
  }
}

}  // namespace lathe
