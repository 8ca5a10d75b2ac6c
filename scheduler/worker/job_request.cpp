#include "scheduler/worker/job_request.h"

#include <google/protobuf/util/json_util.h>

#include <nlohmann/json.hpp>
#include <stdexcept>

#include "scheduler/worker/path_text.h"

namespace lathe::scheduler {
namespace {

constexpr double kMasteredBytesASecond = 250e6;
constexpr double kMeasuredBytesASecond = 500e6;
constexpr double kFlacExpansion = 1.6;
constexpr double kOverhead_s = 0.02;

// CPU seconds a second of stereo at 44.1 kHz, tier best, on a shared machine (docs/restoration.md); declip's is for a
// track with one sample in fifty clipped, which most do not have.
double restoration_cost(const v1::Stage& stage) {
  switch (stage.kind_case()) {
    case v1::Stage::kDeclick:
      return 0.005;
    case v1::Stage::kDecrackle:
    case v1::Stage::kDehum:
      return 0.003;
    case v1::Stage::kDeclip:
      return 0.01;
    case v1::Stage::kDenoise:
    case v1::Stage::kRumble:
      return 0.002;
    default:
      return 0;
  }
}
constexpr double kStereoBytesASecond = 44100 * 2 * 3;  // 24 bits

double audio_seconds_of(const nlohmann::json& result) {
  if (!result.is_object()) return 0;
  if (const auto duration = result.find("duration_s"); duration != result.end() && duration->is_number())
    return duration->get<double>();
  if (!result.contains("outputs") || result["outputs"].empty()) return 0;
  const auto& output = result["outputs"].front();
  const double rate = output.value("sample_rate_hz", 0.0);
  return rate > 0 ? output.value("frames", 0.0) / rate : 0;
}

}  // namespace

double restoration_s_a_byte(const v1::Recipe& recipe) {
  double cost = 0;
  for (const v1::Stage& stage : recipe.chain()) cost += restoration_cost(stage);
  return cost / kStereoBytesASecond;
}

double predicted_cost_s(const ScannedTrack& track, v1::JobKind kind, double more_s_a_byte) {
  const std::string extension = std::filesystem::path(track.input).extension().string();
  const bool is_flac = extension.size() == 5 && (extension[1] == 'f' || extension[1] == 'F');
  const double pcm_bytes = static_cast<double>(track.bytes) * (is_flac ? kFlacExpansion : 1.0);
  return kOverhead_s + pcm_bytes * more_s_a_byte +
         pcm_bytes / (kind == v1::JOB_KIND_AUDIT ? kMeasuredBytesASecond : kMasteredBytesASecond);
}

v1::TaskSpec task_message(const ScannedTrack& track) {
  v1::TaskSpec task;
  task.set_input(track.input);
  task.set_relative(track.relative);
  task.set_album(track.album);
  task.set_predicted_cost_s(predicted_cost_s(track, v1::JOB_KIND_MASTER));
  return task;
}

std::string payload_of(const v1::TaskSpec& spec) {
  nlohmann::ordered_json payload = nlohmann::ordered_json::object();
  if (!spec.relative().empty()) payload["relative"] = path_to_text(spec.relative());
  if (!spec.problem().empty()) payload["problem"] = spec.problem();
  if (!spec.problem_code().empty()) payload["problem_code"] = spec.problem_code();
  if (!spec.manifest_json().empty()) payload["manifest"] = spec.manifest_json();
  for (const v1::TaskSpec::Member& member : spec.members()) {
    nlohmann::ordered_json kept{{"input", path_to_text(member.input())}, {"relative", path_to_text(member.relative())}};
    if (member.joins_previous()) kept["joins"] = true;
    if (!member.side().empty()) kept["side"] = member.side();
    if (!member.note().empty()) kept["note"] = member.note();
    if (member.first_frame() != 0) kept["first_frame"] = member.first_frame();
    if (member.end_frame() != 0) kept["end_frame"] = member.end_frame();
    if (!member.row_json().empty()) kept["row"] = member.row_json();
    if (!member.role().empty()) kept["role"] = member.role();
    payload["members"].push_back(std::move(kept));
  }
  if (spec.stems()) payload["stems"] = true;
  if (!spec.mixdown().empty()) payload["mixdown"] = path_to_text(spec.mixdown());
  return payload.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

void take_payload(const std::string& payload_json, v1::TaskSpec& spec) {
  const auto payload = nlohmann::json::parse(payload_json, nullptr, false);
  if (!payload.is_object()) return;
  spec.set_relative(path_from_text(payload.value("relative", "")));
  spec.set_problem(payload.value("problem", ""));
  spec.set_problem_code(payload.value("problem_code", ""));
  spec.set_manifest_json(payload.value("manifest", ""));
  for (const auto& kept : payload.value("members", nlohmann::json::array())) {
    v1::TaskSpec::Member& member = *spec.add_members();
    member.set_input(path_from_text(kept.value("input", "")));
    member.set_relative(path_from_text(kept.value("relative", "")));
    member.set_joins_previous(kept.value("joins", false));
    member.set_side(kept.value("side", ""));
    member.set_note(kept.value("note", ""));
    member.set_first_frame(kept.value("first_frame", std::int64_t{0}));
    member.set_end_frame(kept.value("end_frame", std::int64_t{0}));
    member.set_row_json(kept.value("row", ""));
    member.set_role(kept.value("role", ""));
  }
  spec.set_stems(payload.value("stems", false));
  spec.set_mixdown(path_from_text(payload.value("mixdown", "")));
}

TaskSpec task_record(const v1::TaskSpec& spec) {
  return {spec.input(), spec.album(), spec.predicted_cost_s(), payload_of(spec), spec.plan_rank(), spec.memory_bytes()};
}

JobSpec master_job_spec(const v1::MasterSetting& setting, const EffectiveRecipe& recipe) {
  JobSpec spec;
  spec.header.kind = "master";
  spec.header.out_dir = setting.out_dir();
  spec.header.recipe_json = recipe.canonical_json;
  spec.header.recipe_sha256 = recipe.sha256;
  v1::JobSpec message;
  *message.mutable_master() = setting;
  message.mutable_master()->clear_recipe();
  spec.header.settings_json = to_json(message);
  return spec;
}

double audio_seconds(const std::string& result_json) {
  const auto result = nlohmann::json::parse(result_json, nullptr, false);
  if (result.is_object() && result.contains("tracks")) {
    double seconds = 0;
    for (const auto& track : result["tracks"]) seconds += audio_seconds_of(track);
    return seconds;
  }
  return audio_seconds_of(result);
}

std::string to_json(const google::protobuf::Message& message) {
  std::string json;
  const auto status = google::protobuf::util::MessageToJsonString(message, &json);
  if (!status.ok()) throw std::invalid_argument(std::string(status.message()));
  return json;
}

void from_json(const std::string& json, google::protobuf::Message& message) {
  google::protobuf::util::JsonParseOptions options;
  options.ignore_unknown_fields = true;
  const auto status = google::protobuf::util::JsonStringToMessage(json, &message, options);
  if (!status.ok()) throw std::invalid_argument(std::string(status.message()));
}

}  // namespace lathe::scheduler
