#include "kernels/limiter/limiter.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <stdexcept>
#include <string>

#include "kernels/limiter/limiter_lanes.h"
#include "kernels/loudness/interpolation.h"
#include "kernels/simd/level.h"

namespace lathe {
namespace {

constexpr double kAttackMs = 3.0;  // the whole smoothing window; half of it lies before a peak
// Half a period at 39 Hz, under the lowest note of a bass: what keeps a limiter still within a period. Bridging costs
// no loudness after peaks that do not come again, where holding for as long would.
constexpr double kBridgeMs = 13.0;
// Found on 30 real tracks driven 6 dB into the ceiling: of the settings whose mean loudness is within 0.1 LU of the
// loudest limiter known, with the most sustained part, that is the least pumping.
constexpr double kAutoReleaseMs = 30.0;
constexpr double kSustainMs = 500.0;
constexpr double kSustainShare = 0.5;
// A peak is seen differently from one window to the next by up to 1e-5 of it: a level that comes back to within this is
// the same level. 0.0004 dB.
constexpr double kSameLevel = 5e-5;
constexpr double kSilence = 1e-5;     // 0.0001 dB: a release that has come this far is over
constexpr std::int64_t kPiece = 512;  // groups shaped together
constexpr std::int64_t kSlow = 8;     // groups between two steps of the sustained mean; kPiece is a multiple

const LimiterKernels& kernels() {
  return pick_level(sse2::limiter_kernels, avx2::limiter_kernels, avx512::limiter_kernels);
}

}  // namespace

void LimiterSettings::check() const {
  if (!(sample_rate_hz >= 4000))
    throw std::invalid_argument("limiter: sample_rate_hz is " + std::to_string(sample_rate_hz));
  if (!(ceiling > 0)) throw std::invalid_argument("limiter: the ceiling must be above 0");
  if (release_ms != 0 && !(release_ms >= 1 && release_ms <= 5000)) {
    throw std::invalid_argument("limiter: release_ms is " + std::to_string(release_ms) +
                                "; it must be 1 to 5000, or auto");
  }
}

LimiterCurve::LimiterCurve(LimiterSettings settings, std::int64_t groups, const TraceAllocator<float>& memory)
    : settings_(settings), groups_(groups), reduction_(memory) {
  settings_.check();
  const double group_ms = 1000.0 * kPeakGroup / settings_.sample_rate_hz;
  attack_ = std::max<std::int64_t>(1, std::llround(kAttackMs / 2 / group_ms));
  // A knot lies between two groups and must satisfy both, hence one more than the smoothing reaches.
  look_ahead_ = attack_ + 1;
  bridge_ = std::max<std::int64_t>(1, std::llround(kBridgeMs / group_ms));
  const double release_ms = settings_.release_ms > 0 ? settings_.release_ms : kAutoReleaseMs;
  release_factor_ = std::exp(-group_ms / release_ms);
  if (settings_.release_ms == 0) sustain_step_ = 1 - std::exp(-kSlow * group_ms / kSustainMs);
  double sum = 0;
  for (std::int64_t k = -attack_; k <= attack_; ++k) {
    const double w = 0.5 + 0.5 * std::cos(std::numbers::pi * static_cast<double>(k) / static_cast<double>(attack_ + 1));
    window_.push_back(static_cast<float>(w));
    sum += w;
  }
  for (float& w : window_) w = static_cast<float>(w / sum);
  reduction_.assign(static_cast<std::size_t>(groups) + 1, 0.0f);
}

void LimiterCurve::shape(std::span<const float> peaks, double gain) {
  if (static_cast<std::int64_t>(peaks.size()) != groups_)
    throw std::invalid_argument("LimiterCurve: one peak a group is needed");
  for (const GroupSpan& span : spans_) std::fill(reduction_.begin() + span.first, reduction_.begin() + span.end, 0.0f);
  spans_.clear();
  max_reduction_ = 0;
  const auto limit = static_cast<float>(settings_.ceiling / gain);
  std::int64_t i = 0;
  while (i < groups_) {
    if (peaks[static_cast<std::size_t>(i)] <= limit) {
      ++i;
      continue;
    }
    shape_span(peaks, gain, i);
    i = std::max(i + 1, spans_.back().end);
  }
}

// Shapes from a first peak until the release has died away and no peak is within reach.
void LimiterCurve::shape_span(std::span<const float> peaks, double gain, std::int64_t first_demand) {
  const auto limit = static_cast<float>(settings_.ceiling / gain);
  const std::int64_t knots = groups_ + 1;
  // d is needed from `attack_` before the first knot that moves; before that everything is 0. At the head of a track
  // that lies before group 0: a mean over half a window would let a first peak through.
  const std::int64_t first = first_demand - look_ahead_ - attack_;
  const std::int64_t reach = 2 * look_ahead_, bridged = kPiece + reach, widened = bridged + bridge_ - 1;
  std::vector<float> needed(static_cast<std::size_t>(widened + bridge_ - 1)), wide(static_cast<std::size_t>(widened));
  std::vector<float> held(static_cast<std::size_t>(bridged));
  std::vector<float> shaped(static_cast<std::size_t>(2 * attack_ + kPiece), 0.0f),
      knot(static_cast<std::size_t>(kPiece));
  double released = 0, sustained = 0;
  std::int64_t at = first;  // shaped[2 * attack_] is d[at]
  std::int64_t quiet = 0;   // groups for which d has been 0
  std::int64_t end = first;
  float highest_knot = 0;
  while (at < knots + attack_) {
    // needed[k] is r[from + k]; what is bridged begins at r[at - look_ahead].
    const std::int64_t from = at - look_ahead_ - (bridge_ - 1);
    const std::int64_t low = std::clamp<std::int64_t>(from, 0, groups_),
                       high = std::clamp<std::int64_t>(from + widened + bridge_ - 1, 0, groups_);
    std::fill(needed.begin(), needed.end(), 0.0f);
    // What lies before the first demand belongs to spans that have ended.
    const std::int64_t start = std::max(low, first_demand);
    if (start < high) kernels().needed(peaks.data() + start, high - start, limit, needed.data() + (start - from));
    kernels().sliding_max(needed.data(), widened, bridge_, wide.data());
    kernels().sliding_min(wide.data(), bridged, bridge_, held.data());
    kernels().sliding_max(held.data(), kPiece, reach + 1, held.data());
    bool over = false;
    std::int64_t made = 0;
    for (; made < kPiece && !over; made += kSlow) {
      const float* m = held.data() + made;
      float* d = shaped.data() + 2 * attack_ + made;
      double wanted = 0, highest = 0;
      for (std::int64_t k = 0; k < kSlow; ++k) {
        const bool is_same = m[k] > 0 && released - m[k] < kSameLevel;
        released = std::max<double>(m[k], is_same ? released : released * release_factor_);
        wanted = std::max<double>(wanted, m[k]);
        highest = std::max(highest, released);
        d[k] = static_cast<float>(released);
      }
      sustained += (released - sustained) * sustain_step_;
      const auto floor = static_cast<float>(kSustainShare * sustained);
      for (std::int64_t k = 0; k < kSlow; ++k) d[k] = std::max(d[k], floor);
      if (wanted == 0 && std::max<double>(highest, floor) < kSilence) {
        std::fill_n(d, kSlow, 0.0f);
        released = sustained = 0;
        quiet += kSlow;
        over = quiet > 2 * attack_ && at + made > first_demand;
      } else {
        quiet = 0;
      }
    }
    // knot at group j = mean of d[j - attack .. j + attack]; d is known up to at + made - 1.
    kernels().smooth(shaped.data(), made, window_.data(), static_cast<std::int64_t>(window_.size()), knot.data());
    const std::int64_t from_knot = std::clamp<std::int64_t>(at - attack_, 0, knots);
    end = std::clamp<std::int64_t>(at - attack_ + made, 0, knots);
    for (std::int64_t j = from_knot; j < end; ++j) {
      const float k = knot[static_cast<std::size_t>(j - (at - attack_))];
      reduction_[static_cast<std::size_t>(j)] = k;
      highest_knot = std::max(highest_knot, k);
    }
    at += made;
    if (over) break;
    std::copy(shaped.begin() + kPiece, shaped.end(), shaped.begin());
  }
  max_reduction_ = std::max<double>(max_reduction_, highest_knot);
  const std::int64_t free = spans_.empty() ? 0 : spans_.back().end;
  spans_.push_back({std::max(free, first - attack_), std::max(end, first_demand + 1)});
}

void apply_limited_gain(const float* x, std::int64_t frames, double gain, const float* knots, float* y) {
  const std::int64_t groups = frames / kPeakGroup, rest = frames % kPeakGroup;
  kernels().apply(x, groups, static_cast<float>(gain), knots, y);
  if (rest == 0) return;
  float in[kPeakGroup] = {}, out[kPeakGroup];
  std::copy_n(x + groups * kPeakGroup, rest, in);
  kernels().apply(in, 1, static_cast<float>(gain), knots + groups, out);
  std::copy_n(out, rest, y + groups * kPeakGroup);
}

}  // namespace lathe
