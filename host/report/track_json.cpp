#include "host/report/track_json.h"

#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include "host/report/check_json.h"
#include "host/report/ladder_json.h"

namespace lathe {
namespace {

using Json = nlohmann::ordered_json;

// As a recipe writes it: 24 is a number, 32f is none.
Json bits_json(const std::string& bits) {
  return bits.find_first_not_of("0123456789") == std::string::npos ? Json(std::stoi(bits)) : Json(bits);
}

// Where nothing at all is left of the sum, there are no decibels: null, and exact.
void add_stem_json(const StemOutput& stem, Json& json) {
  json["stem"] = {{"input", json_text(stem.input)}, {"role", stem.role}};
  if (stem.sum_error_db) {
    json["stem"]["sum_error_db"] = json_number(*stem.sum_error_db);
    json["stem"]["sum_is_exact"] = std::isinf(*stem.sum_error_db);
  }
  if (stem.limited_error_db) json["stem"]["sum_to_limited_master_db"] = json_number(*stem.limited_error_db);
}

Json output_json(const OutputReport& output) {
  Json json{{"id", output.id},
            {"path", json_text(output.path)},
            {"format", output.container},
            {"frames", output.frames},
            {"sample_rate_hz", output.sample_rate_hz},
            {"channels", output.channels},
            {"bits", bits_json(output.bits)},
            {"bytes", output.bytes},
            {"sha256", output.sha256}};
  if (!output.pcm_md5.empty()) json["pcm_md5"] = output.pcm_md5;
  if (!output.dropped_tags.empty()) json["tags_not_representable"] = output.dropped_tags;
  if (!output.without.empty()) json["without"] = output.without;
  if (output.stem) add_stem_json(*output.stem, json);
  if (output.preview_at_s) json["preview"] = {{"at_s", json_number(*output.preview_at_s)}};
  if (!output.side.empty()) {
    json["per"] = "side";
    json["side"] = output.side;
    json["tracks"] = Json::array();
    for (const SidePlace& place : output.side_tracks) {
      json["tracks"].push_back({{"input", json_text(place.input)},
                                {"title", place.title},
                                {"first_frame", place.first_frame},
                                {"frames", place.frames}});
    }
  }
  json["after"] = measurement_json(output.after);
  json["asked"] = {{"integrated_lufs", json_number(output.asked_lufs)},
                   {"true_peak_dbtp", json_number(output.asked_dbtp)}};
  json["reason"] = output.reason;
  add_checks_json(output, json);
  return json;
}

Json finding_json(const Finding& finding) {
  Json json{{"found", finding.is_found}, {"confidence", json_number(finding.confidence)}};
  for (const auto& [key, value] : finding.figures) json[key] = json_number(value);
  return json;
}

// Channels count from 1, as people do.
Json repairs_json(const std::vector<Repair>& repairs, int sample_rate_hz) {
  Json json = Json::array();
  for (const Repair& repair : repairs) {
    json.push_back({{"at_s", json_number(static_cast<double>(repair.first_frame) / sample_rate_hz)},
                    {"frames", repair.frames},
                    {"channel", repair.channel + 1}});
  }
  return json;
}

Json stage_json(const StageReport& stage, int sample_rate_hz) {
  Json json{{"name", stage.name}, {"backend", stage.backend}};
  if (const auto& r = stage.restoration) {
    json["tier"] = r->tier;
    json["mode"] = r->is_always ? "always" : "auto";
    json["acted"] = r->acted;
    json.update(finding_json(r->finding));
    json["asked_strength"] = json_number(r->asked_strength);
    json["strength"] = json_number(r->strength);
    if (!r->backed_off.empty()) json["backed_off"] = r->backed_off;
    json["cost_s_per_audio_s"] = json_number(r->cost);
  }
  for (const auto& [key, value] : stage.figures) json[key] = json_number(value);
  for (const StageCurve& curve : stage.curves) {
    Json values = Json::array();
    for (const float value : curve.values) values.push_back(json_number(std::round(value * 100.0) / 100.0));
    json[curve.name + "_curve"] = {{"step_s", json_number(curve.step_s)}, {"values", std::move(values)}};
  }
  for (const StageList& list : stage.lists) {
    Json& rows = json[list.name] = Json::array();
    for (const auto& row : list.rows) {
      Json item = Json::object();
      for (const auto& [key, value] : row) item[key] = json_number(value);
      rows.push_back(std::move(item));
    }
  }
  if (!stage.outputs.empty()) json["outputs"] = stage.outputs;
  if (const auto& r = stage.restoration; r && !r->repairs.empty()) {
    json["repairs_at"] = repairs_json(r->repairs, sample_rate_hz);
    if (r->repairs_not_listed > 0) json["repairs_not_listed"] = r->repairs_not_listed;
  }
  return json;
}

Json stem_json(const StemReport& stem) {
  Json json{{"input", json_text(stem.input)},          {"role", stem.role},
            {"input_format", stem.input_format},       {"frames", stem.frames},
            {"before", measurement_json(stem.before)}, {"gain_db", json_number(stem.gain_db)}};
  if (!std::isnan(stem.share_before_lu)) {
    json["share"] = {{"before_lu", json_number(stem.share_before_lu)},
                     {"after_lu", json_number(stem.share_after_lu)},
                     {"held_gain_db", json_number(stem.held_gain_db)}};
  }
  json["stages"] = Json::array();
  for (const StageReport& stage : stem.stages) json["stages"].push_back(stage_json(stage, stem.sample_rate_hz));
  json["notes"] = stem.notes;
  return json;
}

Json null_test_json(const NullTest& test) {
  return {{"mixdown", json_text(test.mixdown)},
          {"is_exact", test.is_exact},
          {"residual_db", json_number(test.residual_db)},
          {"gain_db", json_number(test.gain_db)},
          {"findings", test.findings}};
}

// Of the track's first whole master.
Measurement after_of(const TrackReport& report) {
  const OutputReport* leading = leading_output(report);
  if (leading != nullptr && leading->stem) {
    Measurement none;
    none.reason = "all outputs are stems: none holds the mix";
    return none;
  }
  const bool is_in_a_side = leading == nullptr || !leading->side.empty();
  return is_in_a_side ? report.after_in_side : leading->after;
}

}  // namespace

// Beyond a hundred-thousandth, figures only show how many bits a double has.
Json json_number(const std::optional<double>& value) { return value ? json_number(*value) : Json(nullptr); }

Json json_number(double value) {
  if (!std::isfinite(value)) return nullptr;
  const double rounded = std::round(value * 1e5) / 1e5;
  return rounded == 0 ? 0.0 : rounded;
}

std::string json_text(const std::filesystem::path& path) {
  const std::string dumped = Json(path.string()).dump(-1, ' ', false, Json::error_handler_t::replace);
  return Json::parse(dumped).get<std::string>();
}

Json measurement_json(const Measurement& m) {
  Json json{{"state", m.is_measurable ? "MEASURED" : "UNMEASURABLE"},
            {"reason", m.reason},
            {"integrated_lufs", json_number(m.figures.integrated_lufs)},
            {"loudness_range_lu", m.is_measurable ? json_number(m.figures.loudness_range_lu) : Json(nullptr)},
            {"max_momentary_lufs", json_number(m.figures.max_momentary_lufs)},
            {"max_short_term_lufs", json_number(m.figures.max_short_term_lufs)},
            {"true_peak_dbtp", json_number(m.figures.true_peak_dbtp)},
            {"sample_peak_dbfs", json_number(m.figures.sample_peak_dbfs)}};
  if (m.octaves) json["octaves"] = octaves_json(*m.octaves);
  return json;
}

Json busy_json(const BusySeconds& busy) {
  return {{"decode", json_number(busy.decode)},
          {"kernels", json_number(busy.kernels)},
          {"limiter", json_number(busy.limiter)},
          {"encode", json_number(busy.encode)},
          {"io", json_number(busy.io)}};
}

Json track_json(const TrackReport& report) {
  Json json{
      {"input", json_text(report.input)},
      {"reason", report.reason},
      {"input_format", report.input_format},
      {"frames", report.frames},
      {"sample_rate_hz", report.sample_rate_hz},
      {"channels", report.channels},
      {"duration_s",
       json_number(report.sample_rate_hz == 0 ? 0.0 : static_cast<double>(report.frames) / report.sample_rate_hz)}};
  json["outputs"] = Json::array();
  for (const OutputReport& output : report.outputs) json["outputs"].push_back(output_json(output));
  json["before"] = measurement_json(report.before);
  json["after"] = measurement_json(after_of(report));
  json["asked"] = {{"integrated_lufs", json_number(report.asked_lufs)},
                   {"true_peak_dbtp", json_number(report.asked_dbtp)}};
  json["reached"] = {{"integrated_lufs", json["after"]["integrated_lufs"]},
                     {"true_peak_dbtp", json["after"]["true_peak_dbtp"]}};
  if (!report.faults.empty()) {
    json["faults"] = Json::object();
    for (const Fault& fault : report.faults) json["faults"][fault.kind] = finding_json(fault.finding);
  }
  if (!report.stems.empty()) {
    json["stems"] = Json::array();
    for (const StemReport& stem : report.stems) json["stems"].push_back(stem_json(stem));
  }
  if (report.null_test) json["null_test"] = null_test_json(*report.null_test);
  json["stages"] = Json::array();
  for (const StageReport& stage : report.stages) json["stages"].push_back(stage_json(stage, report.sample_rate_hz));
  json["notes"] = report.notes;
  return json;
}

}  // namespace lathe
