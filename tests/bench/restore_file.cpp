// Runs one restoration stage over a file: what it finds, what it does, and how long it takes.
#include <fmt/format.h>
#include <sndfile.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdint>
#include <cstring>
#include <ctime>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "kernels/restoration/declick.h"
#include "kernels/restoration/declip.h"
#include "kernels/restoration/decrackle.h"
#include "kernels/restoration/dehum.h"
#include "kernels/restoration/denoise.h"
#include "kernels/restoration/restorer.h"
#include "kernels/restoration/rumble.h"

namespace {

using namespace lathe;

// The track in memory, with its own rows.
class MemoryTrack final : public TrackReader, public AudioSink {
 public:
  MemoryTrack(int channels, std::int64_t frames)
      : channels_(channels), frames_(frames), data_(static_cast<std::size_t>(channels * frames)) {}
  int channels() const override { return channels_; }
  std::int64_t frames() const override { return frames_; }
  float* row(int c) { return data_.data() + c * frames_; }
  AudioView read(std::int64_t first, std::int64_t count) override {
    if (first >= 0 && first + count <= frames_) return {data_.data() + first, channels_, count, frames_};
    window_.assign(static_cast<std::size_t>(count * channels_), 0.0f);
    for (int c = 0; c < channels_; ++c) {
      for (std::int64_t n = std::max<std::int64_t>(first, 0); n < std::min(first + count, frames_); ++n)
        window_[static_cast<std::size_t>(c * count + n - first)] = row(c)[n];
    }
    return {window_.data(), channels_, count, count};
  }
  void take(AudioView in) override {
    for (int c = 0; c < channels_; ++c)
      std::memcpy(row(c) + filled_, in.channel(c), static_cast<std::size_t>(in.frames) * sizeof(float));
    filled_ += in.frames;
  }
  void finish() override { finished_ = filled_ == frames_; }
  bool is_whole() const { return finished_; }

 private:
  int channels_;
  std::int64_t frames_;
  std::vector<float> data_;
  std::vector<float> window_;
  std::int64_t filled_ = 0;
  bool finished_ = false;
};

double cpu_s() {
  timespec t{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) + 1e-9 * static_cast<double>(t.tv_nsec);
}

double g_reduce_db = 16;
double g_freq_hz = 0;
std::vector<std::vector<float>> g_noise;

std::vector<std::vector<float>> rows_of(const std::string& path) {
  SF_INFO info{};
  SNDFILE* in = sf_open(path.c_str(), SFM_READ, &info);
  if (in == nullptr) throw std::runtime_error(path + ": " + sf_strerror(nullptr));
  std::vector<float> mixed(static_cast<std::size_t>(info.frames * info.channels));
  sf_readf_float(in, mixed.data(), info.frames);
  sf_close(in);
  std::vector<std::vector<float>> rows(static_cast<std::size_t>(info.channels));
  for (std::size_t i = 0; i < mixed.size(); ++i) rows[i % rows.size()].push_back(mixed[i]);
  return rows;
}

std::unique_ptr<Restorer> make(const std::string& stage, const RestorationSettings& common,
                               const RestorationFormat& format) {
  if (stage == "declick") return cpu::make_declick({common}, format);
  if (stage == "decrackle") return cpu::make_decrackle({common}, format);
  if (stage == "declip") return cpu::make_declip({common}, format);
  if (stage == "dehum") return cpu::make_dehum({common}, format);
  if (stage == "rumble") return cpu::make_rumble({common, g_freq_hz}, format);
  if (stage == "denoise") {
    DenoiseSettings settings{common};
    settings.reduce_db = g_reduce_db;
    settings.noise.file = g_noise;
    return cpu::make_denoise(settings, format);
  }
  throw std::invalid_argument("no stage " + stage);
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Runs one restoration stage over a file");
  std::string stage, in_path, out_path, tier = "best";
  lathe::RestorationSettings common;
  app.add_option("stage", stage)->required();
  app.add_option("in", in_path)->required();
  app.add_option("out", out_path, "32-bit float WAV; left out: only what is found");
  app.add_option("--strength", common.strength);
  app.add_option("--tier", tier);
  app.add_flag("--always", common.always);
  std::string noise_path;
  app.add_option("--freq-hz", g_freq_hz, "rumble: of a high-pass");
  app.add_option("--reduce-db", g_reduce_db, "denoise: by how much");
  app.add_option("--noise", noise_path, "denoise: a file of noise alone");
  CLI11_PARSE(app, argc, argv);
  if (!noise_path.empty()) g_noise = rows_of(noise_path);
  common.tier = tier == "fast" ? Tier::fast : Tier::best;

  SF_INFO info{};
  SNDFILE* in = sf_open(in_path.c_str(), SFM_READ, &info);
  if (in == nullptr) return fmt::print(stderr, "{}: {}\n", in_path, sf_strerror(nullptr)), 3;
  std::vector<float> mixed(static_cast<std::size_t>(info.frames * info.channels));
  sf_readf_float(in, mixed.data(), info.frames);
  sf_close(in);
  MemoryTrack track(info.channels, info.frames), restored(info.channels, info.frames);
  for (std::int64_t n = 0; n < info.frames; ++n) {
    for (int c = 0; c < info.channels; ++c) track.row(c)[n] = mixed[static_cast<std::size_t>(n * info.channels + c)];
  }
  const double seconds = static_cast<double>(info.frames) / info.samplerate;
  auto restorer = make(stage, common, {static_cast<double>(info.samplerate), info.channels});
  const double start = cpu_s();
  const Finding finding = restorer->examine(track);
  const double examined = cpu_s();
  fmt::print("found {} confidence {:.3f} examine {:.0f}x", finding.is_found, finding.confidence,
             seconds / std::max(examined - start, 1e-9));
  for (const auto& [name, value] : finding.figures) fmt::print(" {}={:.4g}", name, value);
  fmt::print("\n");
  if (out_path.empty()) return 0;
  if (finding.is_found || common.always) {
    const RestorationResult result = restorer->restore(track, common.strength, restored);
    const double done = cpu_s();
    fmt::print("restored restore {:.0f}x both {:.0f}x repairs {} whole {}", seconds / (done - examined),
               seconds / (done - start), result.repairs.size(), restored.is_whole());
    for (const auto& [name, value] : result.figures) fmt::print(" {}={:.4g}", name, value);
    fmt::print("\n");
  } else {
    restored.take(track.read(0, track.frames()));
  }
  for (std::int64_t n = 0; n < info.frames; ++n) {
    for (int c = 0; c < info.channels; ++c) mixed[static_cast<std::size_t>(n * info.channels + c)] = restored.row(c)[n];
  }
  const sf_count_t frames = info.frames;  // opening for writing sets it to 0
  info.format = SF_FORMAT_WAV | SF_FORMAT_FLOAT;
  SNDFILE* out = sf_open(out_path.c_str(), SFM_WRITE, &info);
  if (out == nullptr) return fmt::print(stderr, "{}: {}\n", out_path, sf_strerror(nullptr)), 3;
  sf_writef_float(out, mixed.data(), frames);
  sf_close(out);
  return 0;
}
