#include "host/report/check_json.h"

#include <nlohmann/json.hpp>

#include "host/report/track_json.h"

namespace lathe {
namespace {

using Json = nlohmann::ordered_json;

const char* state_name(CodecState state) {
  return state == CodecState::holds ? "HOLDS" : state == CodecState::over ? "OVER" : "UNAVAILABLE";
}

Json profile_json(const ProfileCheck& check) {
  Json json{
      {"profile", check.profile}, {"version", check.version}, {"verdict", check.verdict}, {"reasons", check.reasons}};
  if (!check.notes.empty()) json["notes"] = check.notes;
  return json;
}

Json codec_json(const CodecCheck& check) {
  const bool was_tried = check.state != CodecState::unavailable;
  const auto figure = [was_tried](double value) { return was_tried ? json_number(value) : Json(nullptr); };
  const auto word = [](const std::string& text) { return text.empty() ? Json(nullptr) : Json(text); };
  Json json{{"codec", check.codec},
            {"encoder", word(check.encoder)},
            {"decoder", word(check.decoder)},
            {"sample_rate_hz", check.sample_rate_hz},
            {"true_peak_dbtp", figure(check.true_peak_dbtp)},
            {"integrated_lufs", figure(check.integrated_lufs)},
            {"ceiling_dbtp", json_number(check.ceiling_dbtp)},
            {"over_db", figure(check.over_db())},
            {"state", state_name(check.state)}};
  if (!was_tried) json["reason"] = check.reason;
  return json;
}

Json cd_frames_json(const CdFrames& found) {
  Json json{
      {"frames", found.frames}, {"remainder_samples", found.remainder_samples}, {"is_aligned", found.is_aligned()}};
  if (found.joint) {
    json["joint"] = {{"at_sample", found.joint->at_sample},
                     {"remainder_samples", found.joint->remainder_samples},
                     {"shift_samples", found.joint->shift_samples},
                     {"is_aligned", found.joint->remainder_samples == 0}};
  }
  return json;
}

}  // namespace

void add_checks_json(const OutputReport& output, Json& json) {
  if (!output.checks.empty()) {
    json["checks"] = Json::array();
    for (const ProfileCheck& check : output.checks) json["checks"].push_back(profile_json(check));
  }
  if (!output.codec_checks.empty()) {
    json["codec_checks"] = Json::array();
    for (const CodecCheck& check : output.codec_checks) json["codec_checks"].push_back(codec_json(check));
  }
  if (output.codec_ceiling_dbtp) {
    json["codec_ceiling_dbtp"] = json_number(*output.codec_ceiling_dbtp);
    json["codec_rounds"] = output.codec_rounds;
  }
  if (output.cd_frames) json["cd_frames"] = cd_frames_json(*output.cd_frames);
}

}  // namespace lathe
