// `lathe profile list | show NAME`.
#include <cmath>
#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "host/audit/delivery_profile.h"
#include "host/recipe/recipe_problem.h"
#include "scheduler/cli/verbs.h"

namespace lathe::cli {
namespace {

using Json = nlohmann::ordered_json;

Json optional(const std::optional<double>& value) { return value ? Json(*value) : Json(nullptr); }
Json finite(double value) { return std::isfinite(value) ? Json(value) : Json(nullptr); }

Json limits_json(const DeliveryLimits& limits) {
  Json windows = Json::array();
  for (const LoudnessWindow& window : limits.integrated) {
    windows.push_back({{"target_lufs", optional(window.target_lufs)},
                       {"min_lufs", finite(window.min_lufs)},
                       {"max_lufs", finite(window.max_lufs)}});
  }
  Json when_louder = nullptr;
  if (limits.when_louder) {
    when_louder = {{"than_lufs", limits.when_louder->than_lufs},
                   {"max_true_peak_dbtp", limits.when_louder->max_true_peak_dbtp}};
  }
  return {{"measure", word_of(limits.measure)},
          {"integrated", std::move(windows)},
          {"max_true_peak_dbtp", optional(limits.max_true_peak_dbtp)},
          {"true_peak_below_dbtp", optional(limits.true_peak_below_dbtp)},
          {"when_louder", std::move(when_louder)},
          {"max_sample_peak_dbfs", optional(limits.max_sample_peak_dbfs)},
          {"max_short_term_lufs", optional(limits.max_short_term_lufs)},
          {"max_loudness_range_lu", optional(limits.max_loudness_range_lu)},
          {"sample_rates_hz", limits.sample_rates_hz},
          {"bits", limits.bits},
          {"channels", limits.channels},
          {"album", word_of(limits.album)}};
}

Json profile_json(const DeliveryProfile& profile) {
  Json playback = nullptr;
  if (profile.playback) {
    playback = {{"target_lufs", profile.playback->target_lufs},
                {"mode", word_of(profile.playback->mode)},
                {"album", word_of(profile.playback->album)},
                {"peak_ceiling_dbtp", optional(profile.playback->peak_ceiling_dbtp)}};
  }
  return {{"name", profile.name},
          {"title", profile.title},
          {"version", profile.version},
          {"date", profile.date},
          {"date_of", profile.is_date_of_reading ? "reading" : "source"},
          {"status", word_of(profile.status)},
          {"source", profile.source},
          {"note", profile.note},
          {"not_judged", profile.not_judged},
          {"limits", limits_json(profile.limits)},
          {"playback", std::move(playback)}};
}

int list_profiles(bool as_json) {
  if (as_json) {
    Json profiles = Json::array();
    for (const DeliveryProfile& profile : shipped_profiles()) profiles.push_back(profile_json(profile));
    std::printf("%s\n", Json{{"schema", "lathe.profiles.v1"}, {"profiles", std::move(profiles)}}.dump(2).c_str());
    return kOk;
  }
  for (const DeliveryProfile& profile : shipped_profiles()) {
    const std::string status(word_of(profile.status));
    const std::string limits = limits_in_words(profile), playback = playback_in_words(profile);
    std::printf("%-22s %-11s %-10s %s: %s\n", profile.name.c_str(), status.c_str(), profile.date.c_str(),
                profile.title.c_str(),
                (playback.empty()   ? limits
                 : limits == "none" ? playback
                                    : limits + "; " + playback)
                    .c_str());
  }
  return kOk;
}

int show_profile(const std::string& name) {
  try {
    if (find_shipped_profile(name)) {
      std::fputs(shipped_profile_text(name).c_str(), stdout);
    } else {
      std::printf("%s\n", profile_json(load_profile(name)).dump(2).c_str());
    }
    return kOk;
  } catch (const RecipeErrors& errors) {
    std::fprintf(stderr, "%s\n", errors.what());
    return kUsage;
  }
}

}  // namespace

void add_profile(CLI::App& app, Run& run) {
  CLI::App* profile = app.add_subcommand("profile", "Lists and shows delivery profiles, for audits");
  profile->require_subcommand(1);

  struct Options {
    std::string name;
    bool as_json = false;
  };
  const auto options = std::make_shared<Options>();
  CLI::App* list_app =
      profile->add_subcommand("list", "Names the profiles that come with Lathe, with status, date and limits");
  list_app->add_flag("--json", options->as_json, "Everything about them as one JSON document");
  list_app->callback([&run, options] { run = [options] { return list_profiles(options->as_json); }; });
  CLI::App* show_app = profile->add_subcommand("show", "Prints a shipped profile; a file is checked, and read as JSON");
  show_app->add_option("NAME", options->name, "A shipped profile or a file")->required();
  show_app->callback([&run, options] { run = [options] { return show_profile(options->name); }; });
}

}  // namespace lathe::cli
