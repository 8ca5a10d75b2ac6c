#include "kernels/restoration/declick.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <stdexcept>

#include "kernels/restoration/impulse_repair.h"
#include "kernels/restoration/impulse_scan.h"

namespace lathe {
namespace {

double env(const char* name, double usual) { return std::getenv(name) ? std::atof(std::getenv(name)) : usual; }

class Declick final : public Restorer {
 public:
  Declick(const DeclickSettings& settings, const RestorationFormat& format) : settings_(settings), format_(format) {
    scan_.threshold = env("K", 5);
    scan_.order = (int)env("P", 31);
    scan_.passes = (int)env("PASSES", 3);
    scan_.merge = (int)env("MERGE", 48);
    scan_.hop = (int)env("HOP", 2048);
    scan_.context = scan_.hop / 2;
    repair_.order = (int)env("RP", 47);
    repair_.reach = (int)env("RQ", 6);
    repair_.half = (int)env("RH", 1152);
    repair_.iterations = (int)env("RI", 2);
  }
  std::string_view name() const override { return "declick"; }
  Finding examine(TrackReader& track) override;
  RestorationResult restore(TrackReader& track, double strength, AudioSink& out) override;

 private:
  DeclickSettings settings_;
  RestorationFormat format_;
  ImpulseDesign scan_;
  RepairDesign repair_;
  std::vector<Impulse> found_;
  std::vector<float> patches_;
};

Finding Declick::examine(TrackReader& track) {
  const int channels = track.channels();
  ImpulseScan scan(scan_, channels);
  for (std::int64_t first = 0; first < track.frames(); first += scan_.hop) {
    const AudioView view = track.read(first - scan_.context, scan_.hop + 2 * scan_.context);
    const float* rows[2] = {view.channel(0), channels > 1 ? view.channel(1) : nullptr};
    scan.scan(rows, first - scan_.context, found_, patches_);
  }
  if (const char* dumpf = std::getenv("DUMPX")) {
    FILE* o = std::fopen(dumpf, "w");
    for (const Impulse& i : found_)
    {
      std::fprintf(o, "%ld %d %d %g %d %g %g", i.first_frame, i.channel, i.frames, i.log_odds, i.is_offset, (double)i.level, (double)i.peak);
      for (int k = 0; k < 8; ++k) std::fprintf(o, " %g", (double)i.feature[k]);
      std::fprintf(o, "\n");
    }
    std::fclose(o);
  }
  Finding f;
  const double minutes = static_cast<double>(track.frames()) / format_.sample_rate_hz / 60;
  f.figures = {{"impulses_per_minute", static_cast<double>(found_.size()) / minutes}};
  f.is_found = true;
  return f;
}

RestorationResult Declick::restore(TrackReader& track, double, AudioSink& out) {
  const int channels = track.channels();
  const std::int64_t frames = track.frames();
  const double least = env("SCORE", 0);
  RestorationResult result;
  std::vector<std::vector<float>> rows(static_cast<std::size_t>(channels));
  const std::int64_t pad = 4096;
  const AudioView got = track.read(-pad, frames + 2 * pad);
  std::vector<float> kept(got.data, got.data + got.stride * got.channels);
  const AudioView view{kept.data(), got.channels, got.frames, got.stride};
  for (int c = 0; c < channels; ++c)
    rows[static_cast<std::size_t>(c)].assign(view.channel(c), view.channel(c) + frames + 2 * pad);
  ImpulseRepair repair(repair_);
  std::vector<std::vector<std::uint8_t>> bad(static_cast<std::size_t>(channels));
  for (auto& b : bad) b.resize(static_cast<std::size_t>(frames + 2 * pad));
  static FILE* dump = std::getenv("DUMP") ? std::fopen(std::getenv("DUMP"), "w") : nullptr;
  for (const Impulse& i : found_) {
    if (i.log_odds < least) continue;
    const std::size_t c = static_cast<std::size_t>(i.channel);
    for (int k = 0; k < i.frames; ++k) {
      rows[c][static_cast<std::size_t>(pad + i.first_frame + k)] = patches_[static_cast<std::size_t>(i.patch + k)];
      bad[c][static_cast<std::size_t>(pad + i.first_frame + k)] = 1;
    }
  }
  for (const Impulse& i : found_) {
    if (i.log_odds < least) continue;
    const std::size_t c = static_cast<std::size_t>(i.channel);
    const float* other = nullptr;
    if (channels == 2 && repair_.reach > 0) {
      const std::uint8_t* b = bad[1 - c].data() + pad + i.first_frame;
      if (std::none_of(b - 8, b + i.frames + 8, [](std::uint8_t v) { return v != 0; })) other = rows[1 - c].data() + pad;
    }
    const auto verdict = repair.fill(rows[c].data() + pad, other, view.channel(i.channel) + pad, i.first_frame, i.frames);
    if (dump) std::fprintf(dump, "%ld %d %d %g %g\n", i.first_frame, i.channel, i.frames, i.log_odds, verdict.log_odds);
    result.repairs.push_back({i.first_frame, i.frames, i.channel});
  }
  AudioView v{};
  std::vector<float> all;
  for (int c = 0; c < channels; ++c)
    all.insert(all.end(), rows[static_cast<std::size_t>(c)].begin() + pad, rows[static_cast<std::size_t>(c)].begin() + pad + frames);
  v = {all.data(), channels, frames, frames};
  out.take(v);
  out.finish();
  return result;
}

}  // namespace

void DeclickSettings::check() const {
  if (!(max_repair_ms >= 0.1 && max_repair_ms <= 10)) throw std::invalid_argument("declick: max_repair_ms is 0.1 to 10");
}

namespace cpu {
std::unique_ptr<Restorer> make_declick(const DeclickSettings& settings, const RestorationFormat& format) {
  settings.check();
  return std::make_unique<Declick>(settings, format);
}
}  // namespace cpu

}  // namespace lathe
