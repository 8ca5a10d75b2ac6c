#include "host/report/track_json.h"

#include <cmath>
#include <nlohmann/json.hpp>

namespace lathe {
namespace {

using Json = nlohmann::ordered_json;

Json number(double value) { return json_number(value); }

Json optional_number(const std::optional<double>& value) { return value ? number(*value) : Json(nullptr); }

// As a recipe writes it: 24 is a number, 32f is none.
Json bits_json(const std::string& bits) {
  return bits.find_first_not_of("0123456789") == std::string::npos ? Json(std::stoi(bits)) : Json(bits);
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
  json["after"] = measurement_json(output.after);
  return json;
}

}  // namespace

// Beyond a hundred-thousandth, figures only show how many bits a double has.
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
  return {{"state", m.is_measurable ? "MEASURED" : "UNMEASURABLE"},
          {"reason", m.reason},
          {"integrated_lufs", number(m.figures.integrated_lufs)},
          {"loudness_range_lu", m.is_measurable ? number(m.figures.loudness_range_lu) : Json(nullptr)},
          {"max_momentary_lufs", number(m.figures.max_momentary_lufs)},
          {"max_short_term_lufs", number(m.figures.max_short_term_lufs)},
          {"true_peak_dbtp", number(m.figures.true_peak_dbtp)},
          {"sample_peak_dbfs", number(m.figures.sample_peak_dbfs)}};
}

Json busy_json(const BusySeconds& busy) {
  return {{"decode", number(busy.decode)},
          {"kernels", number(busy.kernels)},
          {"limiter", number(busy.limiter)},
          {"encode", number(busy.encode)},
          {"io", number(busy.io)}};
}

Json track_json(const TrackReport& report) {
  Json json{{"input", json_text(report.input)},
            {"reason", report.reason},
            {"input_format", report.input_format},
            {"frames", report.frames},
            {"sample_rate_hz", report.sample_rate_hz},
            {"channels", report.channels},
            {"duration_s",
             number(report.sample_rate_hz == 0 ? 0.0 : static_cast<double>(report.frames) / report.sample_rate_hz)}};
  json["outputs"] = Json::array();
  for (const OutputReport& output : report.outputs) json["outputs"].push_back(output_json(output));
  json["before"] = measurement_json(report.before);
  const Measurement none;
  const Measurement& after = report.outputs.empty() ? none : report.outputs.front().after;
  json["after"] = measurement_json(after);
  json["asked"] = {{"integrated_lufs", optional_number(report.asked_lufs)},
                   {"true_peak_dbtp", optional_number(report.asked_dbtp)}};
  json["reached"] = {{"integrated_lufs", json["after"]["integrated_lufs"]},
                     {"true_peak_dbtp", json["after"]["true_peak_dbtp"]}};
  json["stages"] = Json::array();
  for (const StageReport& stage : report.stages) {
    Json one{{"name", stage.name}, {"backend", stage.backend}};
    for (const auto& [key, value] : stage.figures) one[key] = number(value);
    json["stages"].push_back(std::move(one));
  }
  json["notes"] = report.notes;
  return json;
}

}  // namespace lathe
