#include "host/audit/profile_reader.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <initializer_list>

#include "host/recipe/field_reader.h"
#include "host/recipe/numbers.h"
#include "host/recipe/recipe_node.h"
#include "host/recipe/suggestion.h"

namespace lathe {
namespace {

using Kind = RecipeNode::Kind;
using Keys = std::vector<std::string>;

// No level, gain or tolerance that means anything lies outside.
constexpr double kLargestLevel = 200;

// Reads values out of maps and collects what is wrong with them.
class ValueReader {
 public:
  explicit ValueReader(std::vector<RecipeProblem>& problems) : problems_(problems) {}

  void report(const RecipePosition& position, std::string message) {
    problems_.push_back(problem_at(position, std::move(message)));
  }

  // Whether `node` is a map, of no other keys than these.
  bool check_map(const RecipeNode& node, const std::string& what, const Keys& keys) {
    if (node.kind != Kind::map) {
      report(node.position, what + " is a map of " + joined(keys, " | "));
      return false;
    }
    for (const RecipeEntry& entry : node.entries) {
      if (std::ranges::find(keys, entry.key) != keys.end()) continue;
      report(entry.position, "unknown key " + in_quotes(entry.key) + " in " + what + suggestion(entry.key, keys));
    }
    return true;
  }

  void need(const RecipeNode& map, const std::string& what, std::initializer_list<const char*> keys) {
    for (const char* key : keys) {
      if (!map.find(key)) report(map.position, what + " needs the key '" + key + "'");
    }
  }

  std::string text(const RecipeNode& map, const std::string& key) {
    const RecipeNode* node = map.find(key);
    if (!node) return "";
    if (node->kind == Kind::scalar && !node->text.empty()) return node->text;
    report(node->position, key + ": expected text");
    return "";
  }

  std::optional<double> number(const RecipeNode& map, const std::string& key) {
    const RecipeNode* node = map.find(key);
    if (!node) return std::nullopt;
    const auto value = node->kind == Kind::scalar && !node->is_quoted ? parse_number(node->text) : std::nullopt;
    if (!value) {
      const std::string unit = key.substr(key.rfind('_') + 1);
      report(node->position, key + ": expected a number" + (unit == key ? "" : " (in " + unit + ", without the unit)"));
    } else if (std::abs(*value) > kLargestLevel) {
      report(node->position, key + ": " + node->text + " is out of range, -200 to 200");
      return std::nullopt;
    }
    return value;
  }

  std::vector<int> integers(const RecipeNode& map, const std::string& key, std::int64_t largest) {
    const RecipeNode* node = map.find(key);
    if (!node) return {};
    std::vector<int> values;
    if (node->kind != Kind::list || node->items.empty()) report(node->position, key + ": expected a list of numbers");
    for (const RecipeNode& item : node->items) {
      const auto value = item.kind == Kind::scalar && !item.is_quoted ? parse_integer(item.text) : std::nullopt;
      if (value && *value >= 1 && *value <= largest) {
        values.push_back(static_cast<int>(*value));
      } else {
        report(item.position, key + ": expected a whole number from 1 to " + std::to_string(largest));
      }
    }
    return values;
  }

  std::vector<std::string> texts(const RecipeNode& map, const std::string& key) {
    const RecipeNode* node = map.find(key);
    if (!node) return {};
    std::vector<std::string> values;
    if (node->kind != Kind::list) report(node->position, key + ": expected a list of text");
    for (const RecipeNode& item : node->items) {
      if (item.kind != Kind::scalar) report(item.position, key + ": expected text");
      values.push_back(item.text);
    }
    return values;
  }

  // The value whose word stands at `key`; the first of `values` where none does.
  template <typename Choice>
  Choice choice(const RecipeNode& map, const std::string& key, std::initializer_list<Choice> values) {
    const RecipeNode* node = map.find(key);
    if (!node) return *values.begin();
    Keys words;
    for (const Choice value : values) {
      words.emplace_back(word_of(value));
      if (node->kind == Kind::scalar && node->text == words.back()) return value;
    }
    report(node->position, key + ": expected one of " + joined(words, " | "));
    return *values.begin();
  }

 private:
  std::vector<RecipeProblem>& problems_;
};

bool is_name(std::string_view text) {
  const auto is_letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
  return !text.empty() && text.size() <= 64 && is_letter(text.front()) && is_letter(text.back()) &&
         std::ranges::all_of(text, [&](char c) { return is_letter(c) || c == '-'; });
}

// 2023, 2023-11 or 2023-11-25.
bool is_date(std::string_view text) {
  constexpr std::string_view kShape = "dddd-dd-dd";
  if (text.size() != 4 && text.size() != 7 && text.size() != 10) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool is_digit = text[i] >= '0' && text[i] <= '9';
    if (kShape[i] == 'd' ? !is_digit : text[i] != '-') return false;
  }
  const auto part = [&](std::size_t at) { return (text[at] - '0') * 10 + (text[at + 1] - '0'); };
  if (text.size() >= 7 && (part(5) < 1 || part(5) > 12)) return false;
  return text.size() < 10 || (part(8) >= 1 && part(8) <= 31);
}

LoudnessWindow read_window(ValueReader& in, const RecipeNode& node) {
  LoudnessWindow window;
  if (!in.check_map(node, "integrated", {"target_lufs", "tolerance_lu", "min_lufs", "max_lufs"})) return window;
  window.target_lufs = in.number(node, "target_lufs");
  const auto tolerance = in.number(node, "tolerance_lu");
  const auto min = in.number(node, "min_lufs");
  const auto max = in.number(node, "max_lufs");
  const bool has_target = node.find("target_lufs") || node.find("tolerance_lu");
  const bool has_range = node.find("min_lufs") || node.find("max_lufs");
  if (has_target == has_range) {
    in.report(node.position,
              "integrated is a target_lufs, with a tolerance_lu where one is known, or min_lufs, max_lufs");
  } else if (has_target && !node.find("target_lufs")) {
    in.report(node.position, "integrated: a tolerance_lu needs a target_lufs");
  }
  if (tolerance && *tolerance < 0) in.report(node.find("tolerance_lu")->position, "tolerance_lu: below 0");
  if (min && max && *min > *max) in.report(node.find("min_lufs")->position, "min_lufs: above max_lufs");
  if (window.target_lufs && tolerance) {
    window.min_lufs = *window.target_lufs - *tolerance;
    window.max_lufs = *window.target_lufs + *tolerance;
  }
  if (min) window.min_lufs = *min;
  if (max) window.max_lufs = *max;
  return window;
}

DeliveryLimits read_limits(ValueReader& in, const RecipeNode& node) {
  DeliveryLimits limits;
  if (!in.check_map(
          node, "limits",
          {"measure", "integrated", "max_true_peak_dbtp", "true_peak_below_dbtp", "when_louder", "max_sample_peak_dbfs",
           "max_short_term_lufs", "max_loudness_range_lu", "sample_rates_hz", "bits", "channels", "album"})) {
    return limits;
  }
  limits.measure =
      in.choice(node, "measure",
                {LoudnessMeasure::programme, LoudnessMeasure::dialogue, LoudnessMeasure::rms, LoudnessMeasure::leq_m});
  if (const RecipeNode* integrated = node.find("integrated")) {
    if (integrated->kind != Kind::list) limits.integrated.push_back(read_window(in, *integrated));
    for (const RecipeNode& item : integrated->items) limits.integrated.push_back(read_window(in, item));
  }
  limits.max_true_peak_dbtp = in.number(node, "max_true_peak_dbtp");
  limits.true_peak_below_dbtp = in.number(node, "true_peak_below_dbtp");
  if (limits.max_true_peak_dbtp && limits.true_peak_below_dbtp) {
    in.report(node.find("true_peak_below_dbtp")->position, "true_peak_below_dbtp: beside max_true_peak_dbtp");
  }
  if (const RecipeNode* louder = node.find("when_louder");
      louder && in.check_map(*louder, "when_louder", {"than_lufs", "max_true_peak_dbtp"})) {
    in.need(*louder, "when_louder", {"than_lufs", "max_true_peak_dbtp"});
    limits.when_louder = {in.number(*louder, "than_lufs").value_or(0),
                          in.number(*louder, "max_true_peak_dbtp").value_or(0)};
  }
  limits.max_sample_peak_dbfs = in.number(node, "max_sample_peak_dbfs");
  limits.max_short_term_lufs = in.number(node, "max_short_term_lufs");
  limits.max_loudness_range_lu = in.number(node, "max_loudness_range_lu");
  limits.sample_rates_hz = in.integers(node, "sample_rates_hz", 384000);
  limits.bits = in.integers(node, "bits", 32);
  limits.channels = in.integers(node, "channels", 24);
  limits.album = in.choice(node, "album", {AlbumRule::each_track, AlbumRule::loudest_track});
  return limits;
}

PlaybackFormula read_playback(ValueReader& in, const RecipeNode& node) {
  PlaybackFormula playback;
  if (!in.check_map(node, "playback", {"target_lufs", "mode", "album", "peak_ceiling_dbtp"})) return playback;
  in.need(node, "playback", {"target_lufs", "mode", "album"});
  playback.target_lufs = in.number(node, "target_lufs").value_or(0);
  playback.mode = in.choice(node, "mode", {PlaybackMode::both, PlaybackMode::down_only, PlaybackMode::spotify});
  playback.album =
      in.choice(node, "album", {PlaybackAlbum::none, PlaybackAlbum::album_integrated, PlaybackAlbum::loudest_track});
  playback.peak_ceiling_dbtp = in.number(node, "peak_ceiling_dbtp");
  const RecipeNode* ceiling = node.find("peak_ceiling_dbtp");
  if (playback.mode == PlaybackMode::spotify && !ceiling) {
    in.report(node.position, "playback: mode spotify needs the key 'peak_ceiling_dbtp'");
  } else if (playback.mode != PlaybackMode::spotify && ceiling) {
    in.report(ceiling->position, "peak_ceiling_dbtp: only mode spotify has one");
  }
  return playback;
}

void check_words(ValueReader& in, const RecipeNode& root, const DeliveryProfile& profile) {
  if (const RecipeNode* node = root.find("name"); node && !profile.name.empty() && !is_name(profile.name)) {
    in.report(node->position, "name: " + in_quotes(profile.name) + ": small letters, digits and '-', at most 64");
  }
  if (const RecipeNode* node = root.find("date"); node && !profile.date.empty() && !is_date(profile.date)) {
    in.report(node->position, "date: " + in_quotes(profile.date) + " is not YYYY, YYYY-MM or YYYY-MM-DD");
  }
}

}  // namespace

DeliveryProfile read_profile(std::string_view text, const std::string& file_name) {
  std::vector<RecipeProblem> problems;
  const std::optional<RecipeNode> root = parse_yaml(text, file_name, false, problems);
  if (!root) throw RecipeErrors(std::move(problems));
  DeliveryProfile profile;
  ValueReader in(problems);
  if (in.check_map(*root, "the profile",
                   {"profile", "name", "title", "version", "date", "date_of", "status", "source", "note", "not_judged",
                    "limits", "playback"})) {
    in.need(*root, "the profile", {"profile", "name", "title", "version", "date", "date_of", "status", "source"});
    if (const RecipeNode* format = root->find("profile");
        format && (format->kind != Kind::scalar || format->text != "v1")) {
      in.report(format->position, "profile: expected v1");
    }
    profile.name = in.text(*root, "name");
    profile.title = in.text(*root, "title");
    profile.version = in.text(*root, "version");
    profile.date = in.text(*root, "date");
    if (const RecipeNode* of = root->find("date_of")) {
      profile.is_date_of_reading = of->text == "reading";
      if (of->text != "reading" && of->text != "source") in.report(of->position, "date_of: expected source | reading");
    }
    profile.status =
        in.choice(*root, "status", {ProfileStatus::official, ProfileStatus::vendor_told, ProfileStatus::folklore});
    profile.source = in.text(*root, "source");
    profile.note = in.text(*root, "note");
    profile.not_judged = in.texts(*root, "not_judged");
    if (const RecipeNode* limits = root->find("limits")) profile.limits = read_limits(in, *limits);
    if (const RecipeNode* playback = root->find("playback")) profile.playback = read_playback(in, *playback);
    check_words(in, *root, profile);
  }
  if (!problems.empty()) throw RecipeErrors(std::move(problems));
  return profile;
}

}  // namespace lathe
