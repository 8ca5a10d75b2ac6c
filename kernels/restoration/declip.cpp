#include "kernels/restoration/declip.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "kernels/math/number_text.h"
#include "kernels/restoration/clip_frames.h"
#include "kernels/restoration/clip_levels.h"
#include "kernels/restoration/clip_runs.h"

namespace lathe {
namespace {

constexpr std::int64_t kReadFrames = 1 << 16;
constexpr std::int64_t kShortestFrame = 512;
constexpr std::int64_t kSegmentFrames = 64;  // of the longest: what is held and solved at once
// Of each frame's clipped samples cubed, summed and divided by the samples of a segment: bounds what heavily clipped
// passages cost. Less makes frames too short for tones where a third of the samples is clipped.
constexpr double kMostWork = 300000;
// Where a frame has more than this share of its samples clipped, the spectra start far from the truth.
constexpr double kHeavyShare = 0.15;

// 4096 samples at 44.1 and 48 kHz, as long at other rates.
std::int64_t longest_frame(double sample_rate_hz) {
  const double octaves = std::round(std::log2(sample_rate_hz / 44100));
  return std::max(kShortestFrame, static_cast<std::int64_t>(std::ldexp(4096.0, static_cast<int>(octaves))));
}

class Declip final : public Restorer {
 public:
  Declip(const DeclipSettings& settings, const RestorationFormat& format)
      : settings_(settings), sample_rate_hz_(format.sample_rate_hz), longest_(longest_frame(format.sample_rate_hz)) {
    if (settings.common.tier == Tier::fast) {
      longest_ = std::max(kShortestFrame, longest_ / 4);
      rounds_ = 2;
      lengths_ = 1;
    }
    for (std::int64_t points = longest_; points >= kShortestFrame; points /= 2) frames_.emplace_back(points);
  }

  std::string_view name() const override { return "declip"; }

  Finding examine(TrackReader& track) override {
    std::vector<ClipRunScan> scans(static_cast<std::size_t>(track.channels()));
    for (std::int64_t first = 0; first < track.frames(); first += kReadFrames) {
      const std::int64_t count = std::min(kReadFrames, track.frames() - first);
      const AudioView in = track.read(first, count);
      for (int c = 0; c < in.channels; ++c) scans[static_cast<std::size_t>(c)].take(in.channel(c), count);
    }
    std::vector<std::vector<ClipGrainSides>> grains;
    for (ClipRunScan& scan : scans) {
      scan.finish();
      grains.push_back(scan.grains());
    }
    levels_.emplace(grains, ClipTrack{track.frames(), sample_rate_hz_, settings_.common.strength});
    return levels_->finding();
  }

  RestorationResult restore(TrackReader& track, double strength, AudioSink& out) override {
    if (!levels_) throw std::logic_error("Declip: restore before examine");
    RestorationResult result;
    strength_ = std::clamp(2 * strength, 0.0, 1.0);
    changed_ = solved_ = 0;
    peak_ = 0;
    const std::int64_t segment = kSegmentFrames * longest_, halo = 2 * longest_;
    output_.resize(static_cast<std::size_t>(segment * track.channels()));
    for (std::int64_t first = 0; first < track.frames(); first += segment) {
      const std::int64_t count = std::min(segment, track.frames() - first);
      const AudioView in = track.read(first - halo, segment + 2 * halo);
      for (int c = 0; c < in.channels; ++c) {
        float* to = output_.data() + c * segment;
        std::copy_n(in.channel(c) + halo, count, to);
        mend(in.channel(c), c, first, halo, count, to, result.repairs);
      }
      out.take({output_.data(), track.channels(), count, segment});
    }
    out.finish();
    std::stable_sort(result.repairs.begin(), result.repairs.end(),
                     [](const Repair& a, const Repair& b) { return a.first_frame < b.first_frame; });
    result.figures = {{"repairs", static_cast<double>(result.repairs.size())},
                      {"samples_changed", static_cast<double>(changed_)},
                      {"frames_solved", static_cast<double>(solved_)},
                      {"raised_peak_dbfs", peak_ > 0 ? 20 * std::log10(peak_) : -200.0}};
    return result;
  }

 private:
  // Marks what is clipped in [first - halo, ...) of one channel.
  bool mark(const float* in, int channel, std::int64_t first, std::int64_t count) {
    side_.assign(static_cast<std::size_t>(count), 0);
    bool is_any = false;
    for (std::int64_t n = 0; n < count; ++n) {
      const std::int64_t frame = first + n;
      const float v = in[n];
      if (frame < 0 || v == 0) continue;
      const int which = v > 0 ? 0 : 1;
      const std::int64_t grain = frame / kClipGrain;
      if (grain >= levels_->grains(channel)) break;
      const ClipLevel level = levels_->at(channel, which, grain);
      if (level.from <= 0 || std::abs(v) < level.from) continue;
      if (level.runs_only && !(n > 0 && std::abs(v - in[n - 1]) <= kLooseTolerance) &&
          !(n + 1 < count && std::abs(v - in[n + 1]) <= kLooseTolerance))
        continue;
      side_[static_cast<std::size_t>(n)] = which == 0 ? 1 : -1;
      is_any = true;
    }
    return is_any;
  }

  void mend(const float* in, int channel, std::int64_t first, std::int64_t halo, std::int64_t count, float* to,
            std::vector<Repair>& repairs) {
    const std::int64_t length = kSegmentFrames * longest_ + 2 * halo;
    if (!mark(in, channel, first - halo, length)) return;
    signal_.assign(in, in + length);
    blend(in, length);
    std::int64_t open = -1;
    for (std::int64_t n = 0; n <= count; ++n) {
      const auto at = static_cast<std::size_t>(n + halo);
      if (n < count && side_[at] != 0) {
        const double before = static_cast<double>(to[n]);
        const auto value = static_cast<float>(before + strength_ * (static_cast<double>(signal_[at]) - before));
        to[n] = side_[at] > 0 ? std::max(value, to[n]) : std::min(value, to[n]);
        changed_ += static_cast<double>(to[n]) != before;
        peak_ = std::max(peak_, std::abs(static_cast<double>(to[n])));
        if (open < 0) open = n;
      } else if (open >= 0) {
        repairs.push_back({first + open, n - open, channel});
        open = -1;
      }
    }
  }

  // The longest frames that cost little enough, those half and those a quarter as long, each sample weighed by how sure
  // they are of it: long ones know tones, short ones attacks.
  void blend(const float* clipped, std::int64_t length) {
    hit_.clear();
    for (std::size_t n = 0; n < signal_.size(); ++n) {
      if (side_[n] != 0) hit_.push_back(n);
    }
    blend_.assign(hit_.size(), 0.0);
    certainty_.assign(hit_.size(), 0.0);
    variance_.resize(signal_.size());
    std::size_t first = 0;
    bool is_heavy = false;
    for (; first + 1 < frames_.size(); ++first) {
      const ClipWork work = frames_[first].work(side_.data(), length);
      is_heavy = static_cast<double>(work.most_unknowns) > kHeavyShare * static_cast<double>(frames_[first].points());
      if (work.most_unknowns <= kMostUnknowns && work.cubes <= kMostWork * static_cast<double>(length)) break;
    }
    for (std::size_t i = std::min(first + static_cast<std::size_t>(lengths_), frames_.size()); i-- > first;) {
      ClipFrames& frames = frames_[i];
      for (const std::size_t n : hit_) variance_[n] = 1;
      solved_ += frames.solve(clipped, signal_.data(), side_.data(), length, is_heavy ? rounds_ + 2 : rounds_,
                              variance_.data());
      for (std::size_t h = 0; h < hit_.size(); ++h) {
        const double w = 1 / (static_cast<double>(variance_[hit_[h]]) + 1e-18);
        blend_[h] += w * static_cast<double>(signal_[hit_[h]]);
        certainty_[h] += w;
      }
    }
    for (std::size_t h = 0; h < hit_.size(); ++h) signal_[hit_[h]] = static_cast<float>(blend_[h] / certainty_[h]);
  }

  DeclipSettings settings_;
  double sample_rate_hz_;
  std::int64_t longest_;
  int rounds_ = 4, lengths_ = 3;
  std::vector<ClipFrames> frames_;
  std::optional<ClipLevels> levels_;
  std::vector<float> output_;
  std::vector<float> signal_, variance_;
  std::vector<std::size_t> hit_;  // clipped samples of the stretch
  std::vector<double> blend_, certainty_;
  std::vector<std::int8_t> side_;
  double strength_ = 1, peak_ = 0;
  std::int64_t changed_ = 0, solved_ = 0;
};

}  // namespace

void DeclipSettings::check() const {
  if (!(common.strength >= 0 && common.strength <= 1))
    throw std::invalid_argument("Declip: strength is " + number_text(common.strength) + "; 0 to 1 is possible");
}

namespace cpu {

std::unique_ptr<Restorer> make_declip(const DeclipSettings& settings, const RestorationFormat& format) {
  settings.check();
  if (!(format.sample_rate_hz >= 8000 && format.sample_rate_hz <= 384000) || format.channels < 1)
    throw std::invalid_argument("Declip: " + std::to_string(format.channels) + " channels at " +
                                number_text(format.sample_rate_hz) + " Hz");
  return std::make_unique<Declip>(settings, format);
}

}  // namespace cpu
}  // namespace lathe
