#include "host/compare/verify_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <ostream>

#include "host/report/audit_text.h"
#include "host/report/track_json.h"

namespace lathe {
namespace {

using Json = nlohmann::ordered_json;

constexpr MasterState kStates[] = {MasterState::ok, MasterState::changed, MasterState::missing, MasterState::unreadable,
                                   MasterState::different};

const char* audio_word(AudioState state) {
  return state == AudioState::same ? "SAME" : state == AudioState::changed ? "CHANGED" : "UNKNOWN";
}

Json master_json(const NamedMaster& master, const MasterCheck& check) {
  Json findings = Json::array();
  for (const MasterFinding& finding : check.findings)
    findings.push_back({{"code", finding.code}, {"message", finding.message}});
  return {{"path", master.path ? json_text(*master.path) : master.entry->path},
          {"id", master.entry->id},
          {"input", master.track->input},
          {"state", word(check.state)},
          {"reason_code", check.findings.empty() ? "" : check.findings.front().code},
          {"reason", check.reason()},
          {"findings", std::move(findings)},
          {"audio", audio_word(check.audio)},
          {"sha256", check.sha256 ? Json(*check.sha256) : Json(nullptr)},
          {"integrated_lufs", json_number(check.integrated_lufs)},
          {"true_peak_dbtp", json_number(check.true_peak_dbtp)}};
}

Json bag_json(const BagCheck& bag) {
  Json problems = Json::array();
  for (const BagProblem& problem : bag.problems)
    problems.push_back({{"path", json_text(problem.path)}, {"code", problem.code}, {"message", problem.message}});
  Json not_checked = Json::array();
  for (const std::string& manifest : bag.not_checked) not_checked.push_back(json_text(manifest));
  return {{"state", bag.is_valid() ? "VALID" : "INVALID"},
          {"files", bag.files},
          {"problems", std::move(problems)},
          {"not_checked", std::move(not_checked)}};
}

std::string lower(std::string_view text) {
  std::string result(text);
  for (char& c : result) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
  return result;
}

}  // namespace

std::size_t FolderCheck::count(MasterState state) const {
  return static_cast<std::size_t>(
      std::ranges::count_if(checks, [state](const MasterCheck& check) { return check.state == state; }));
}

bool FolderCheck::is_well() const {
  const bool is_bag_well = !bag || bag->is_valid();
  const bool is_all_named = folder->unnamed.empty() && folder->unlisted.empty();
  return count(MasterState::ok) == checks.size() && is_bag_well && (is_all_named || !is_strict);
}

Json verify_json(const FolderCheck& check) {
  Json doc{{"schema", "lathe.verify.v1"},
           {"engine", check.engine},
           {"path", json_text(check.manifest->folder)},
           {"files", Json::array()},
           {"unnamed", Json::array()}};
  for (std::size_t i = 0; i < check.checks.size(); ++i)
    doc["files"].push_back(master_json(check.folder->masters[i], check.checks[i]));
  for (const std::filesystem::path& path : check.folder->unnamed)
    doc["unnamed"].push_back(json_text(check.manifest->folder / path));
  for (const UnlistedFolder& folder : check.folder->unlisted)
    doc["unlisted"].push_back({{"path", json_text(folder.path)}, {"reason", folder.reason}});
  if (check.bag) doc["bag"] = bag_json(*check.bag);
  Json summary{{"files", check.checks.size()}};
  for (const MasterState state : kStates) summary[lower(word(state))] = check.count(state);
  summary["unnamed"] = check.folder->unnamed.size();
  doc["summary"] = std::move(summary);
  return doc;
}

void write_verify_text(std::ostream& out, const FolderCheck& check) {
  for (std::size_t i = 0; i < check.checks.size(); ++i) {
    const MasterCheck& one = check.checks[i];
    if (one.state == MasterState::ok) continue;
    out << fmt::format("{:<10}  {}: {}\n", word(one.state), visible_text(check.folder->masters[i].entry->path),
                       visible_text(one.reason()));
  }
  for (const std::filesystem::path& path : check.folder->unnamed)
    out << fmt::format("{:<10}  {}: the manifest does not name it\n", "UNNAMED", visible_text(path.native()));
  for (const UnlistedFolder& folder : check.folder->unlisted)
    out << fmt::format("{:<10}  {}: {}\n", "UNLISTED", visible_text(folder.path.native()), visible_text(folder.reason));
  if (check.bag) {
    for (const BagProblem& problem : check.bag->problems)
      out << fmt::format("{:<10}  {}: {}\n", problem.code, visible_text(problem.path), visible_text(problem.message));
    for (const std::string& manifest : check.bag->not_checked)
      out << fmt::format("{}: not checked, Lathe does not know its algorithm\n", visible_text(manifest));
    out << fmt::format("the bag is {}: {} files named\n", check.bag->is_valid() ? "valid" : "not valid",
                       check.bag->files);
  }
  out << fmt::format("{} files: {} as the manifest has them", check.checks.size(), check.count(MasterState::ok));
  for (const MasterState state : kStates) {
    if (state != MasterState::ok && check.count(state) > 0)
      out << fmt::format(", {} {}", check.count(state), lower(word(state)));
  }
  if (!check.folder->unnamed.empty()) out << fmt::format("; {} unnamed", check.folder->unnamed.size());
  out << '\n';
}

}  // namespace lathe
