#include "host/audit/delivery_profile.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <fstream>
#include <stdexcept>

#include "host/audit/profile_reader.h"
#include "host/recipe/numbers.h"
#include "host/recipe/recipe_node.h"
#include "host/recipe/suggestion.h"

namespace lathe {
namespace {

[[noreturn]] void fail(const std::string& file, std::string message) {
  throw RecipeErrors({{file, 0, 0, std::move(message)}});
}

std::string read_file(const std::string& path) {
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    const bool is_path = path.find('/') != path.npos || path.ends_with(".yaml") || path.ends_with(".yml");
    if (errno != ENOENT || is_path) fail(path, std::string("cannot be read: ") + std::strerror(errno));
    fail(path, "no file and no shipped profile" + suggestion(path, shipped_profile_names()));
  }
  std::string text(kMaxRecipeBytes + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (file.bad()) fail(path, std::string("cannot be read: ") + std::strerror(errno));
  text.resize(static_cast<std::size_t>(file.gcount()));
  return text;
}

std::vector<DeliveryProfile> read_embedded() {
  std::vector<DeliveryProfile> profiles;
  for (const EmbeddedProfile& embedded : embedded_profiles()) {
    profiles.push_back(read_profile(embedded.text, std::string(embedded.name) + ".yaml"));
  }
  return profiles;
}

std::string one_of(std::span<const int> values, std::string_view unit) {
  std::vector<std::string> words;
  for (const int value : values) words.push_back(std::to_string(value));
  return joined(words, " or ") + std::string(unit);
}

std::string in_words(const LoudnessWindow& window) {
  const bool has_min = std::isfinite(window.min_lufs);
  const bool has_max = std::isfinite(window.max_lufs);
  if (window.target_lufs && !window.is_judged()) return shortest(*window.target_lufs) + " LUFS (no tolerance known)";
  if (window.target_lufs) {
    return fmt::format("{} ±{} LUFS", shortest(*window.target_lufs),
                       shortest(std::round((window.max_lufs - *window.target_lufs) * 1e6) / 1e6));
  }
  if (has_min && has_max) return fmt::format("{} to {} LUFS", shortest(window.min_lufs), shortest(window.max_lufs));
  return has_max ? fmt::format("at most {} LUFS", shortest(window.max_lufs))
                 : fmt::format("at least {} LUFS", shortest(window.min_lufs));
}

std::string_view subject_of(LoudnessMeasure measure) {
  switch (measure) {
    case LoudnessMeasure::dialogue:
      return "dialogue ";
    case LoudnessMeasure::rms:
      return "RMS, not loudness";
    case LoudnessMeasure::leq_m:
      return "Leq(m), not loudness";
    case LoudnessMeasure::programme:
      break;
  }
  return "";
}

}  // namespace

std::string_view word_of(ProfileStatus status) {
  switch (status) {
    case ProfileStatus::official:
      return "official";
    case ProfileStatus::vendor_told:
      return "vendor-told";
    case ProfileStatus::folklore:
      break;
  }
  return "folklore";
}

std::string_view word_of(LoudnessMeasure measure) {
  switch (measure) {
    case LoudnessMeasure::programme:
      return "programme";
    case LoudnessMeasure::dialogue:
      return "dialogue";
    case LoudnessMeasure::rms:
      return "rms";
    case LoudnessMeasure::leq_m:
      break;
  }
  return "leq-m";
}

std::string_view word_of(AlbumRule rule) { return rule == AlbumRule::each_track ? "each-track" : "loudest-track"; }

std::string_view word_of(PlaybackMode mode) {
  switch (mode) {
    case PlaybackMode::spotify:
      return "spotify";
    case PlaybackMode::down_only:
      return "down-only";
    case PlaybackMode::both:
      break;
  }
  return "both";
}

std::string_view word_of(PlaybackAlbum album) {
  switch (album) {
    case PlaybackAlbum::none:
      return "none";
    case PlaybackAlbum::album_integrated:
      return "album-integrated";
    case PlaybackAlbum::loudest_track:
      break;
  }
  return "loudest-track";
}

bool LoudnessWindow::is_judged() const { return std::isfinite(min_lufs) || std::isfinite(max_lufs); }

bool DeliveryProfile::has_limits() const {
  const bool has_loudness =
      std::ranges::any_of(limits.integrated, [](const LoudnessWindow& window) { return window.is_judged(); });
  return has_loudness || limits.measure != LoudnessMeasure::programme || limits.max_true_peak_dbtp ||
         limits.true_peak_below_dbtp || limits.when_louder || limits.max_sample_peak_dbfs ||
         limits.max_short_term_lufs || limits.max_loudness_range_lu || !limits.sample_rates_hz.empty() ||
         !limits.bits.empty() || !limits.channels.empty();
}

std::string limits_in_words(const DeliveryProfile& profile) {
  const DeliveryLimits& limits = profile.limits;
  std::vector<std::string> windows;
  for (const LoudnessWindow& window : limits.integrated) windows.push_back(in_words(window));
  std::string loudness = std::string(subject_of(limits.measure)) + joined(windows, " or ");
  if (limits.album == AlbumRule::loudest_track) loudness += ", the loudest track of an album";
  std::vector<std::string> words;
  if (!loudness.empty()) words.push_back(loudness);
  const auto add = [&](const std::optional<double>& limit, std::string_view before, std::string_view unit) {
    if (limit) words.push_back(std::string(before) + shortest(*limit) + std::string(unit));
  };
  add(limits.max_true_peak_dbtp, "true peak at most ", " dBTP");
  add(limits.true_peak_below_dbtp, "true peak below ", " dBTP");
  if (limits.when_louder) {
    words.push_back(fmt::format("at most {} dBTP if louder than {} LUFS",
                                shortest(limits.when_louder->max_true_peak_dbtp),
                                shortest(limits.when_louder->than_lufs)));
  }
  add(limits.max_sample_peak_dbfs, "sample peak at most ", " dBFS");
  add(limits.max_short_term_lufs, "short-term at most ", " LUFS");
  add(limits.max_loudness_range_lu, "range at most ", " LU");
  if (!limits.sample_rates_hz.empty()) words.push_back(one_of(limits.sample_rates_hz, " Hz"));
  if (!limits.bits.empty()) words.push_back(one_of(limits.bits, " bits"));
  if (!limits.channels.empty()) words.push_back(one_of(limits.channels, " channels"));
  return words.empty() ? "none" : joined(words, ", ");
}

std::string playback_in_words(const DeliveryProfile& profile) {
  if (!profile.playback) return "";
  const std::string words = "plays at " + shortest(profile.playback->target_lufs) + " LUFS";
  switch (profile.playback->mode) {
    case PlaybackMode::down_only:
      return words + ", turns down only";
    case PlaybackMode::spotify:
      return words + ", raised as far as " + shortest(profile.playback->peak_ceiling_dbtp.value_or(0)) +
             " dBTP lets it";
    case PlaybackMode::both:
      break;
  }
  return words;
}

const std::vector<DeliveryProfile>& shipped_profiles() {
  static const std::vector<DeliveryProfile> profiles = read_embedded();
  return profiles;
}

std::vector<std::string> shipped_profile_names() {
  std::vector<std::string> names;
  for (const EmbeddedProfile& profile : embedded_profiles()) names.emplace_back(profile.name);
  return names;
}

const DeliveryProfile* find_shipped_profile(std::string_view name) {
  const auto& profiles = shipped_profiles();
  const auto found = std::ranges::find(profiles, name, &DeliveryProfile::name);
  return found == profiles.end() ? nullptr : &*found;
}

std::string shipped_profile_text(std::string_view name) {
  for (const EmbeddedProfile& profile : embedded_profiles()) {
    if (profile.name == name) return std::string(profile.text);
  }
  throw std::invalid_argument("no shipped profile is called '" + std::string(name) + "'" +
                              suggestion(name, shipped_profile_names()));
}

DeliveryProfile load_profile(const std::string& name_or_path) {
  if (const DeliveryProfile* shipped = find_shipped_profile(name_or_path)) return *shipped;
  return read_profile(read_file(name_or_path), name_or_path);
}

}  // namespace lathe
