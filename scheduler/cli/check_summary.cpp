#include "scheduler/cli/check_summary.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

namespace lathe::cli {
namespace {

struct Tally {
  int masters = 0, bad = 0, unknown = 0;
  double most_over_db = 0;
  std::string why_unknown;
};

std::string of_masters(int some, int all) { return fmt::format("{} of {} master{}", some, all, all == 1 ? "" : "s"); }

void count_profile(const nlohmann::json& check, std::map<std::string, Tally>& tallies) {
  Tally& tally = tallies[check.value("profile", "")];
  ++tally.masters;
  const std::string verdict = check.value("verdict", "");
  tally.bad += verdict == "FAIL";
  if (verdict != "UNMEASURABLE") return;
  ++tally.unknown;
  if (tally.why_unknown.empty() && !check["reasons"].empty())
    tally.why_unknown = check["reasons"][0].get<std::string>();
}

void count_codec(const nlohmann::json& check, std::map<std::string, Tally>& tallies) {
  Tally& tally = tallies[check.value("codec", "")];
  ++tally.masters;
  const std::string state = check.value("state", "");
  if (state == "OVER") {
    ++tally.bad;
    if (check["over_db"].is_number()) tally.most_over_db = std::max(tally.most_over_db, check["over_db"].get<double>());
  }
  if (state != "UNAVAILABLE") return;
  ++tally.unknown;
  if (tally.why_unknown.empty()) tally.why_unknown = check.value("reason", "");
}

std::string profile_line(const std::string& name, const Tally& tally) {
  std::string line = fmt::format("profile {}: ", name);
  line += tally.bad > 0 ? of_masters(tally.bad, tally.masters) + (tally.bad == 1 ? " fails" : " fail")
                        : of_masters(tally.masters - tally.unknown, tally.masters) + " pass";
  if (tally.unknown > 0) line += fmt::format(", {} cannot be judged ({})", tally.unknown, tally.why_unknown);
  return line;
}

std::string codec_line(const std::string& name, const Tally& tally) {
  const int tried = tally.masters - tally.unknown;
  std::string line = fmt::format("codec {}: ", name);
  if (tally.bad > 0) {
    line += fmt::format("{} decode over the ceiling, by up to {:.2f} dB", of_masters(tally.bad, tally.masters),
                        tally.most_over_db);
  } else if (tried > 0) {
    line += of_masters(tried, tally.masters) + " decode at or under the ceiling";
  }
  if (tally.unknown > 0) {
    line += fmt::format("{}not tried on {}: {}", tried > 0 ? "; " : "", of_masters(tally.unknown, tally.masters),
                        tally.why_unknown);
  }
  return line;
}

}  // namespace

std::vector<std::string> check_summary(const std::vector<scheduler::TrackOutcome>& tracks) {
  std::map<std::string, Tally> profiles, codecs;
  for (const scheduler::TrackOutcome& track : tracks) {
    // Most recipes ask for no check, and a report of them need not be read for it.
    if (track.result_json.find("checks\"") == std::string::npos) continue;
    const nlohmann::json result = nlohmann::json::parse(track.result_json);
    for (const nlohmann::json& output : result.value("outputs", nlohmann::json::array())) {
      for (const nlohmann::json& check : output.value("checks", nlohmann::json::array()))
        count_profile(check, profiles);
      for (const nlohmann::json& check : output.value("codec_checks", nlohmann::json::array()))
        count_codec(check, codecs);
    }
  }
  std::vector<std::string> lines;
  for (const auto& [name, tally] : profiles) lines.push_back(profile_line(name, tally));
  for (const auto& [name, tally] : codecs) lines.push_back(codec_line(name, tally));
  return lines;
}

}  // namespace lathe::cli
