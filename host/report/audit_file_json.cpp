#include "host/report/audit_file_json.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "host/report/audit_json.h"
#include "host/report/audit_text.h"

namespace lathe {
namespace {

using Json = nlohmann::json;

static_assert(std::endian::native == std::endian::little, "powers travel as little-endian floats");

constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

std::string base64(const std::vector<float>& values) {
  std::string bytes(values.size() * sizeof(float), '\0');
  if (!values.empty()) std::memcpy(bytes.data(), values.data(), bytes.size());
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t at = 0; at < bytes.size(); at += 3) {
    std::uint32_t group = 0;
    for (std::size_t i = 0; i < 3; ++i)
      group = group << 8 | (at + i < bytes.size() ? static_cast<unsigned char>(bytes[at + i]) : 0u);
    for (std::size_t i = 0; i < 4; ++i) text += at + i <= bytes.size() ? kDigits[group >> (18 - 6 * i) & 63] : '=';
  }
  return text;
}

std::vector<float> floats_of(const std::string& text) {
  std::string bytes;
  bytes.reserve(text.size() / 4 * 3);
  std::uint32_t group = 0;
  int digits = 0;
  for (const char c : text) {
    if (c == '=') break;
    const std::size_t digit = kDigits.find(c);
    if (digit == std::string_view::npos) throw std::invalid_argument("an audit's powers are no base64");
    group = group << 6 | static_cast<std::uint32_t>(digit);
    if (++digits % 4 == 0)
      for (const int shift : {16, 8, 0}) bytes += static_cast<char>(group >> shift & 255);
  }
  if (digits % 4 == 2) bytes += static_cast<char>(group >> 4 & 255);
  if (digits % 4 == 3)
    for (const int shift : {10, 2}) bytes += static_cast<char>(group >> shift & 255);
  if (bytes.size() % sizeof(float) != 0) throw std::invalid_argument("an audit's powers are not whole");
  std::vector<float> values(bytes.size() / sizeof(float));
  if (!values.empty()) std::memcpy(values.data(), bytes.data(), bytes.size());
  return values;
}

constexpr std::size_t kFloatsAnEdge = 4;

std::vector<float> edge_floats(const std::vector<EdgeOfChannel>& edge) {
  std::vector<float> floats;
  for (const EdgeOfChannel& channel : edge)
    floats.insert(floats.end(), {channel.samples[0], channel.samples[1], channel.bend, channel.peak});
  return floats;
}

std::vector<EdgeOfChannel> edge_of(const std::vector<float>& floats) {
  std::vector<EdgeOfChannel> edge;
  for (std::size_t at = 0; at + kFloatsAnEdge <= floats.size(); at += kFloatsAnEdge)
    edge.push_back({{floats[at], floats[at + 1]}, floats[at + 2], floats[at + 3]});
  return edge;
}

// The one of `all` that reports call `name`.
template <class Enum>
Enum named(const std::string& name, std::initializer_list<Enum> all) {
  for (const Enum one : all) {
    if (word(one) == name) return one;
  }
  throw std::invalid_argument("an audit knows no '" + name + "'");
}

double level(const Json& json) {
  return json.is_null() ? -std::numeric_limits<double>::infinity() : json.get<double>();
}

std::optional<double> optional_level(const Json& json, const char* key) {
  const auto found = json.find(key);
  return found == json.end() ? std::nullopt : std::optional(level(*found));
}

std::optional<double> place(const Json& json) {
  return json.is_null() ? std::nullopt : std::optional(json.get<double>());
}

template <class Number>
Number number(const Json& json) {
  return json.is_null() ? Number{} : json.get<Number>();
}

AuditFinding finding_of(const Json& json) {
  return {json.at("code"),
          named(json.at("severity").get<std::string>(), {Severity::info, Severity::warning, Severity::error}),
          json.at("message"), place(json.at("at_s")), json.at("figures")};
}

ProfileResult result_of(const Json& json) {
  ProfileResult result;
  result.name = json.at("name");
  result.version = json.at("version");
  result.verdict = named(json.at("verdict").get<std::string>(), {Verdict::pass, Verdict::fail, Verdict::unmeasurable});
  result.reasons = json.at("reasons").get<std::vector<std::string>>();
  result.notes = json.at("notes").get<std::vector<std::string>>();
  if (json.contains("playback_gain_db")) {
    result.playback_gain_db = place(json.at("playback_gain_db"));
    result.playback_lufs = place(json.at("playback_lufs"));
    result.is_limited_by_peak = json.at("limited_by_peak");
  }
  return result;
}

std::vector<float> levels_of(const Json& json) {
  std::vector<float> levels;
  for (const Json& one : json) levels.push_back(static_cast<float>(level(one)));
  return levels;
}

// Levels that there may be none of are NaN then.
std::vector<double> exact_figures(const FileAudit& file) {
  const double none = std::numeric_limits<double>::quiet_NaN();
  const LoudnessFigures& f = file.figures;
  return {f.integrated_lufs,
          f.loudness_range_lu,
          f.max_momentary_lufs,
          f.max_short_term_lufs,
          f.true_peak_dbtp,
          f.sample_peak_dbfs,
          file.below_20khz_lufs.value_or(none),
          file.stereo_correlation.value_or(none),
          file.mono_loss_db.value_or(none),
          file.true_peak_at_s.value_or(none)};
}

std::vector<float> as_floats(const std::vector<double>& values) {
  std::vector<float> halves(2 * values.size());
  std::memcpy(halves.data(), values.data(), values.size() * sizeof(double));
  return halves;
}

// The octaves' figures in the order of their declaration.
std::vector<float> octave_floats(const OctaveFigures& octaves) {
  std::vector<float> floats(octaves.level_db.begin(), octaves.level_db.end());
  floats.insert(floats.end(), octaves.octave_width_db.begin(), octaves.octave_width_db.end());
  floats.push_back(octaves.width_db);
  floats.push_back(octaves.balance_db);
  return floats;
}

std::optional<OctaveFigures> octaves_of(const std::vector<float>& floats) {
  OctaveFigures octaves;
  if (floats.size() != 2 * kOctaves + 2) return std::nullopt;
  std::copy_n(floats.begin(), kOctaves, octaves.level_db.begin());
  std::copy_n(floats.begin() + kOctaves, kOctaves, octaves.octave_width_db.begin());
  octaves.width_db = floats[2 * kOctaves];
  octaves.balance_db = floats[2 * kOctaves + 1];
  return octaves;
}

void take_exact_figures(const std::vector<float>& halves, FileAudit& file) {
  std::array<double, 10> v{};
  if (halves.size() != 2 * v.size()) return;
  std::memcpy(v.data(), halves.data(), sizeof v);
  const auto optional = [](double value) { return std::isnan(value) ? std::nullopt : std::optional(value); };
  LoudnessFigures& f = file.figures;
  f.integrated_lufs = v[0];
  f.loudness_range_lu = v[1];
  f.max_momentary_lufs = v[2];
  f.max_short_term_lufs = v[3];
  f.true_peak_dbtp = v[4];
  f.sample_peak_dbfs = v[5];
  file.below_20khz_lufs = optional(v[6]);
  file.stereo_correlation = optional(v[7]);
  file.mono_loss_db = optional(v[8]);
  file.true_peak_at_s = optional(v[9]);
}

FileAudit file_of(const Json& json) {
  FileAudit file;
  file.path = json.at("path").get<std::string>();
  file.album = json.at("album");
  file.state = named(json.at("state").get<std::string>(),
                     {AuditState::measured, AuditState::unmeasurable, AuditState::unreadable});
  file.reason_code = json.at("reason_code");
  file.reason = json.at("reason");
  file.container = json.at("container");
  file.encoding = json.at("encoding");
  file.sample_rate_hz = number<int>(json.at("sample_rate_hz"));
  file.channels = number<int>(json.at("channels"));
  file.channel_mask = number<std::uint32_t>(json.at("channel_mask"));
  file.channel_layout = json.at("channel_layout");
  file.is_layout_assumed = json.at("channel_layout_assumed");
  file.frames = number<std::int64_t>(json.at("frames"));
  file.size_bytes = json.at("size_bytes");
  file.payload_hash = json.at("payload_hash");
  file.is_remembered = json.at("remembered");
  file.figures.integrated_lufs = level(json.at("integrated_lufs"));
  file.figures.loudness_range_lu = level(json.at("loudness_range_lu"));
  file.figures.max_momentary_lufs = level(json.at("max_momentary_lufs"));
  file.figures.max_short_term_lufs = level(json.at("max_short_term_lufs"));
  file.figures.true_peak_dbtp = level(json.at("true_peak_dbtp"));
  file.figures.sample_peak_dbfs = level(json.at("sample_peak_dbfs"));
  file.below_20khz_lufs = optional_level(json, "below_20khz_lufs");
  file.stereo_correlation = optional_level(json, "stereo_correlation");
  file.mono_loss_db = optional_level(json, "mono_loss_db");
  file.true_peak_at_s = optional_level(json, "true_peak_at_s");
  file.tags = json.at("tags").get<std::map<std::string, std::string>>();
  for (const Json& one : json.at("findings")) file.findings.push_back(finding_of(one));
  for (const Json& one : json.at("profiles")) file.profiles.push_back(result_of(one));
  if (const auto series = json.find("series"); series != json.end())
    file.series = {series->at("step_s"), levels_of(series->at("momentary_lufs")),
                   levels_of(series->at("short_term_lufs"))};
  if (const auto powers = json.find("powers"); powers != json.end())
    file.powers = {floats_of(powers->at("blocks")), floats_of(powers->at("short_term"))};
  if (const auto exact = json.find("exact"); exact != json.end()) take_exact_figures(floats_of(*exact), file);
  if (const auto octaves = json.find("octaves"); octaves != json.end()) file.octaves = octaves_of(floats_of(*octaves));
  if (const auto edges = json.find("edges"); edges != json.end())
    file.edges = {edge_of(floats_of(edges->at("head"))), edge_of(floats_of(edges->at("tail")))};
  return file;
}

}  // namespace

std::string audit_file_json(const FileAudit& file) {
  JsonText json;
  add_file_entry(json, file, [&file](JsonText& entry) {
    entry.key("powers").begin_object();
    entry.key("blocks").text(base64(file.powers.blocks));
    entry.key("short_term").text(base64(file.powers.short_term));
    entry.end_object();
    // The figures above are rounded for people; what is computed from them is not to be.
    entry.key("exact").text(base64(as_floats(exact_figures(file))));
    if (file.octaves) entry.key("octaves").text(base64(octave_floats(*file.octaves)));
    entry.key("edges").begin_object();
    entry.key("head").text(base64(edge_floats(file.edges.head)));
    entry.key("tail").text(base64(edge_floats(file.edges.tail)));
    entry.end_object();
  });
  return std::string(json.view());
}

FileAudit audit_file_from_json(std::string_view json) {
  try {
    return file_of(Json::parse(json));
  } catch (const Json::exception& wrong) {
    throw std::invalid_argument(std::string("a file's audit: ") + wrong.what());
  }
}

}  // namespace lathe
