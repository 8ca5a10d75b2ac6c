#include "scheduler/cli/plan_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "host/report/audit_text.h"
#include "host/report/track_json.h"
#include "scheduler/cli/failure_text.h"
#include "scheduler/cli/text_table.h"

namespace lathe::cli {
namespace {

using Json = nlohmann::ordered_json;
using scheduler::ScanProblem;
using scheduler::TrackPlan;

bool lies_there(const std::filesystem::path& path) {
  std::error_code error;
  return std::filesystem::exists(path, error);
}

Json expected_json(const std::optional<GainForecast>& forecast) {
  if (!forecast) return nullptr;
  return {{"gain_db", json_number(forecast->gain_db)},
          {"max_gain_reduction_db", json_number(forecast->max_gain_reduction_db)},
          {"limited_share", json_number(forecast->limited_share)},
          {"integrated_lufs", json_number(forecast->expected_lufs)},
          {"true_peak_dbtp", forecast->expected_dbtp ? json_number(*forecast->expected_dbtp) : Json(nullptr)}};
}

Json failed_json(const std::filesystem::path& input, const std::string& code, const std::string& reason) {
  return {{"input", json_text(input)}, {"state", "FAILED"}, {"reason_code", code},
          {"reason", reason},          {"error", reason},   {"outputs", Json::array()}};
}

Json planned_json(const TrackPlan& plan) {
  Json made = track_json(plan.planned->report);
  const auto& forecasts = plan.planned->forecasts;
  Json track{{"input", made["input"]}, {"state", "PLANNED"}};
  for (std::size_t i = 0; i < made["outputs"].size(); ++i) {
    Json& output = made["outputs"][i];
    output["bytes_at_most"] = output["bytes"];
    for (const char* key : {"bytes", "sha256", "after"}) output.erase(key);
    output["exists"] = lies_there(plan.planned->report.outputs[i].path);
    output["expected"] = expected_json(forecasts[i]);
  }
  for (auto& [key, value] : made.items()) {
    if (key != "input" && key != "after" && key != "reached") track[key] = value;
  }
  const std::vector<OutputReport>& outputs = plan.planned->report.outputs;
  const OutputReport* leading = leading_output(plan.planned->report);
  track["expected"] =
      leading == nullptr ? Json(nullptr) : expected_json(forecasts[static_cast<std::size_t>(leading - outputs.data())]);
  track["estimated_s"] = plan.mastering_s > 0 ? json_number(plan.mastering_s) : Json(nullptr);
  return track;
}

std::string level(double value) { return std::isfinite(value) ? fmt::format("{:.1f}", value) : "-"; }

std::string bytes_text(std::int64_t bytes) { return fmt::format("{:.1f} MB", static_cast<double>(bytes) / 1e6); }

std::vector<std::string> row_of(const std::string& name, const TrackReport& report, const OutputReport& output,
                                const std::optional<GainForecast>& forecast) {
  const bool is_measured = report.before.is_measurable;
  std::vector<std::string> row{name, is_measured ? level(report.before.figures.integrated_lufs) : "-",
                               is_measured ? level(report.before.figures.true_peak_dbtp) : "-"};
  if (forecast) {
    row.push_back(fmt::format("{:+.1f}", forecast->gain_db));
    row.push_back(forecast->max_gain_reduction_db > 0 ? level(forecast->max_gain_reduction_db) : "-");
    row.push_back(forecast->limited_share > 0 ? fmt::format("{:.1f} %", 100 * forecast->limited_share) : "-");
    row.push_back(level(forecast->expected_lufs));
  } else {
    row.insert(row.end(), 4, "-");
  }
  row.push_back(fmt::format("{} Hz, {} bit", output.sample_rate_hz, output.bits));
  row.push_back(bytes_text(output.bytes));
  row.push_back(output.path.string() + (lies_there(output.path) ? " (exists)" : ""));
  return row;
}

void print_reasons(const std::vector<TrackPlan>& plans, const std::vector<ScanProblem>& problems) {
  const auto line = [](const char* word, const TrackPlan& plan, const std::string& text) {
    std::printf("%s  %s: %s\n", word, visible_text(track_name(plan.input, plan.part)).c_str(),
                visible_text(text).c_str());
  };
  for (const TrackPlan& plan : plans) {
    if (!plan.planned) continue;
    if (!plan.planned->report.reason.empty()) line("short", plan, plan.planned->report.reason);
    for (const std::string& note : plan.planned->report.notes) line("note ", plan, note);
  }
  for (const TrackPlan& plan : plans) {
    if (!plan.planned)
      std::printf("fails  %s\n", visible_text(failure_text(plan.input, plan.part, plan.failure.message)).c_str());
  }
  for (const ScanProblem& problem : problems)
    std::printf("fails  %s: %s\n", visible_text(problem.path.native()).c_str(), visible_text(problem.reason).c_str());
}

}  // namespace

PlanTotals totals_of(const std::vector<TrackPlan>& plans, const std::vector<ScanProblem>& problems, int jobs) {
  PlanTotals totals;
  totals.tracks = plans.size() + problems.size();
  totals.failed = static_cast<int>(problems.size());
  totals.jobs = std::max(1, std::min(jobs, static_cast<int>(plans.size())));
  double longest_s = 0;
  for (const TrackPlan& plan : plans) {
    totals.audio_s += plan.audio_s;
    totals.failed += !plan.planned;
    totals.estimated_s += plan.mastering_s / totals.jobs;
    longest_s = std::max(longest_s, plan.mastering_s);
    if (!plan.planned) continue;
    for (const OutputReport& output : plan.planned->report.outputs) totals.bytes += output.bytes;
  }
  totals.estimated_s = std::max(totals.estimated_s, longest_s);
  return totals;
}

Json plan_report(const std::vector<TrackPlan>& plans, const std::vector<ScanProblem>& problems,
                 const PlanTotals& totals, const std::string& recipe_sha256, const BatchEngine& engine) {
  Json doc{{"schema", "lathe.plan.v1"},
           {"engine", engine.engine},
           {"backend", engine.backend},
           {"backend_reason", engine.backend_reason},
           {"recipe_sha256", recipe_sha256}};
  doc["tracks"] = Json::array();
  for (const TrackPlan& plan : plans) {
    doc["tracks"].push_back(plan.planned ? planned_json(plan)
                                         : failed_json(plan.input, plan.failure.code, plan.failure.message));
  }
  for (const ScanProblem& problem : problems) {
    doc["tracks"].push_back(failed_json(problem.path, "UNREADABLE", json_text(problem.path) + ": " + problem.reason));
  }
  doc["summary"] = {{"tracks", totals.tracks},
                    {"planned", totals.tracks - static_cast<std::size_t>(totals.failed)},
                    {"failed", totals.failed},
                    {"audio_s", json_number(totals.audio_s)},
                    {"bytes_at_most", totals.bytes},
                    {"jobs", totals.jobs},
                    {"estimated_s", totals.estimated_s > 0 ? json_number(totals.estimated_s) : Json(nullptr)}};
  return doc;
}

void print_plan(const std::vector<TrackPlan>& plans, const std::vector<ScanProblem>& problems,
                const PlanTotals& totals) {
  TextTable table({"track", ">LUFS", ">dBTP", ">gain dB", ">limiter dB", ">limited", ">then LUFS", "written as",
                   ">at most", "output"});
  for (const TrackPlan& plan : plans) {
    if (!plan.planned) continue;
    const TrackReport& report = plan.planned->report;
    for (std::size_t i = 0; i < report.outputs.size(); ++i)
      table.add(row_of(track_name(plan.input, plan.part), report, report.outputs[i], plan.planned->forecasts[i]));
  }
  table.print();
  print_reasons(plans, problems);
  const std::string failed = totals.failed > 0 ? fmt::format(", {} of them would fail", totals.failed) : "";
  std::printf("%zu track(s)%s, %s of audio, at most %s to write; nothing was written\n", totals.tracks, failed.c_str(),
              duration_text(totals.audio_s).c_str(), bytes_text(totals.bytes).c_str());
  if (totals.estimated_s > 0) {
    std::printf("mastering would take about %s, %d at once (estimated from this run)\n",
                duration_text(std::max(1.0, totals.estimated_s)).c_str(), totals.jobs);
  }
}

std::vector<scheduler::TrackOutcome> outcomes_of(const std::vector<TrackPlan>& plans) {
  std::vector<scheduler::TrackOutcome> outcomes;
  for (const TrackPlan& plan : plans) {
    scheduler::TrackOutcome outcome;
    outcome.state = plan.planned ? scheduler::TaskState::kDone : scheduler::TaskState::kFailed;
    outcome.input = plan.input;
    outcome.reason_code = plan.failure.code;
    outcome.is_with_others = plan.is_with_others;
    outcomes.push_back(std::move(outcome));
  }
  return outcomes;
}

}  // namespace lathe::cli
