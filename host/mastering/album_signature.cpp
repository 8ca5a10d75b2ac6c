#include "host/mastering/album_signature.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "host/audio_file/audio_reader.h"
#include "host/audio_file/message_digest.h"
#include "kernels/aligned.h"
#include "kernels/loudness/channel_weights.h"
#include "kernels/loudness/loudness_meter.h"
#include "kernels/math/decibel.h"
#include "kernels/pcm/pcm.h"

namespace lathe {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

constexpr const char* kSchema = "lathe.signature.v1";
constexpr std::int64_t kSignatureBlock = 65536;
constexpr std::size_t kMaxBytes = 16 << 20;  // a box of ten thousand tracks takes 2 MiB

std::string sha256_of(const fs::path& file) {
  std::ifstream stream(file, std::ios::binary);
  MessageDigest digest(MessageDigest::Kind::sha256);
  std::vector<char> block(1 << 20);
  while (stream.read(block.data(), static_cast<std::streamsize>(block.size())) || stream.gcount() > 0)
    digest.update(block.data(), static_cast<std::size_t>(stream.gcount()));
  return digest.hex();
}

// Adds the file's windows to those of the album.
double measure_file(const fs::path& file, SignatureFile& entry, std::vector<double>& windows,
                    const std::function<void()>& check) {
  AudioReader reader(file);
  const AudioFormat& format = reader.format();
  entry.frames = format.frames;
  entry.sample_rate_hz = format.sample_rate_hz;
  entry.channels = format.channels;
  LoudnessMeter meter({static_cast<double>(format.sample_rate_hz),
                       channel_weights(format.channels, format.channel_mask, format.speakers), true, false,
                       format.frames});
  std::vector<std::byte> bytes(static_cast<std::size_t>(kSignatureBlock * frame_bytes(format)) + kPcmSlackBytes);
  AlignedArray<float> planar(static_cast<std::size_t>(kSignatureBlock * format.channels));
  while (const std::int64_t frames = reader.read(bytes.data(), kSignatureBlock)) {
    check();
    const MutableAudioView view{planar.data(), format.channels, frames, kSignatureBlock};
    unpack_pcm(bytes.data(), format.encoding, view);
    meter.take(view);
  }
  meter.finish();
  const LoudnessReading reading = meter.take_reading();
  std::ranges::copy(range_powers(reading.hops), std::back_inserter(windows));
  return reading.true_peak;
}

Json line_json(const BalanceLine& line) { return {{"first", line.first}, {"last", line.last}, {"db", line.db}}; }

[[noreturn]] void refuse(const fs::path& file, const std::string& why) {
  throw std::invalid_argument("the reference " + file.string() + ": " + why);
}

// What a signature that somebody wrote by hand could hold.
BalanceLine line_of(const Json& json) {
  BalanceLine line;
  if (json.is_null()) return line;
  line.first = json.at("first").get<int>();
  line.last = json.at("last").get<int>();
  line.db = json.at("db").get<std::vector<double>>();
  const bool is_line = line.db.size() == kBalancePoints && line.first >= 0 && line.last < kBalancePoints &&
                       std::ranges::all_of(line.db, [](double x) { return x >= -1000 && x <= 1000; });
  if (!line.is_empty() && !is_line) throw std::invalid_argument("a spectrum of it is none");
  return line;
}

double figure(const Json& json, const char* key, double least, double most) {
  const double value = json.at(key).get<double>();
  if (!(value >= least && value <= most)) throw std::invalid_argument(fmt::format("{} is {}", key, value));
  return value;
}

AlbumSignature parsed(const Json& json) {
  const Json& spectrum = json.at("spectrum");
  if (spectrum.at("points_per_octave") != kBalancePerOctave || spectrum.at("point_of_1000_hz") != kBalanceMiddle)
    throw std::invalid_argument("its spectrum has another grid than this version's");
  AlbumSignature signature;
  signature.reading.tone = {line_of(spectrum.at("whole")), line_of(spectrum.at("mid")), line_of(spectrum.at("side"))};
  if (signature.reading.tone.whole.is_empty()) throw std::invalid_argument("its spectrum is empty");
  signature.reading.integrated_lufs = figure(json, "integrated_lufs", -70, 20);
  signature.loudness_range_lu = figure(json, "loudness_range_lu", 0, 100);
  signature.true_peak_dbtp = figure(json, "true_peak_dbtp", -100, 100);
  for (const Json& file : json.at("made_of")) {
    signature.made_of.push_back({file.at("name").get<std::string>(), file.at("sha256").get<std::string>(),
                                 file.at("frames").get<std::int64_t>(), file.at("sample_rate_hz").get<int>(),
                                 file.at("channels").get<int>()});
  }
  return signature;
}

}  // namespace

AlbumSignature measure_signature(const fs::path& album, const std::function<void()>& check) {
  AlbumSignature signature;
  signature.reading = ReferenceTones().get(album, check);
  std::vector<double> windows;
  double peak = 0;
  for (const fs::path& file : reference_files(album)) {
    SignatureFile& entry = signature.made_of.emplace_back();
    entry.name = file.filename().string();
    peak = std::max(peak, measure_file(file, entry, windows, check));
    entry.sha256 = sha256_of(file);
  }
  signature.loudness_range_lu = gated_range(windows);
  signature.true_peak_dbtp = amplitude_to_db(peak);
  return signature;
}

std::string signature_json(const AlbumSignature& signature, const std::string& engine) {
  const ToneAim& tone = signature.reading.tone;
  const auto line = [](const BalanceLine& of) { return of.is_empty() ? Json(nullptr) : line_json(of); };
  Json json{{"schema", kSchema},
            {"engine", engine},
            {"integrated_lufs", signature.reading.integrated_lufs},
            {"loudness_range_lu", signature.loudness_range_lu},
            {"true_peak_dbtp", signature.true_peak_dbtp},
            {"spectrum",
             {{"points_per_octave", kBalancePerOctave},
              {"point_of_1000_hz", kBalanceMiddle},
              {"whole", line(tone.whole)},
              {"mid", line(tone.mid)},
              {"side", line(tone.side)}}},
            {"made_of", Json::array()}};
  for (const SignatureFile& file : signature.made_of) {
    json["made_of"].push_back({{"name", file.name},
                               {"sha256", file.sha256},
                               {"frames", file.frames},
                               {"sample_rate_hz", file.sample_rate_hz},
                               {"channels", file.channels}});
  }
  return json.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
}

bool is_signature_name(const fs::path& path) {
  std::string extension = path.extension().string();
  std::ranges::transform(extension, extension.begin(),
                         [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return extension == ".json";
}

AlbumSignature read_signature(const fs::path& file) {
  std::ifstream stream(file, std::ios::binary);
  if (!stream) refuse(file, "there is no such file, or it cannot be read");
  std::string text(kMaxBytes + 1, '\0');
  stream.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(stream.gcount()));
  if (text.size() > kMaxBytes) refuse(file, "it is too large for an album's signature");
  const Json json = Json::parse(text, nullptr, false);
  if (!json.is_object() || json.value("schema", Json()) != kSchema)
    refuse(file, fmt::format("it is no album's signature of this version ({}); lathe signature writes one", kSchema));
  try {
    return parsed(json);
  } catch (const Json::exception& wrong) {
    refuse(file, std::string("it is no whole signature: ") + wrong.what());
  } catch (const std::invalid_argument& wrong) {
    refuse(file, std::string("it is no signature: ") + wrong.what());
  }
}

}  // namespace lathe
