#include "kernels/restoration/clip_levels.h"

#include <algorithm>
#include <cmath>
#include <string>

namespace lathe {
namespace {

constexpr float kFullScale = 0.99995f;  // within a step and a half of 16 bits
constexpr std::int64_t kReach = 128;    // grains over which a level holds that shows itself in no run
constexpr std::int64_t kFewestRuns = 12;
// Shares of the samples that lie in flat tops, from which on they are damage, at strength 0.5. Decoders of lossy files
// leave short flat tops where they pass full scale (99 clean tracks: up to 0.02 % of the samples, one 0.19 %; where the
// file was then attenuated, runs of 3 to 4 samples); clipping of whole peaks leaves runs of 5 to 40.
constexpr double kLeastAtFullScale = 0.0025, kLeastShare = 0.0006, kLeastShareOfLong = 0.00003, kLongRun = 5;

const GrainSide& side_of(const ClipGrainSides& grain, int side) { return side == 0 ? grain.above : grain.below; }
const GrainRuns& runs_of(const GrainSide& side, bool is_exact) { return is_exact ? side.exact : side.loose; }

bool is_at_peak(const GrainSide& side, bool is_exact) {
  const GrainRuns& runs = runs_of(side, is_exact);
  return runs.runs > 0 && runs.level >= side.peak - (is_exact ? 0.0f : kLooseTolerance);
}

bool is_same_level(float a, float b, bool is_exact) {
  return std::abs(a - b) <= (is_exact ? 1e-6f : 0.01f) * std::max(a, b);
}

// Whether the runs of a grain and polarity are at its peak, and at a level that the track knows.
bool is_clipped(const GrainSide& side, bool is_exact, const std::vector<LevelRange>& known) {
  if (!is_at_peak(side, is_exact)) return false;
  const float level = runs_of(side, is_exact).level;
  return std::any_of(known.begin(), known.end(),
                     [level](const LevelRange& r) { return r.low <= level && level <= r.high; });
}

// Levels at which several runs lie, and not just a few beside the many at another: rounding makes single ones.
std::vector<LevelRange> known_levels(const std::vector<ClipGrainSides>& grains, int which, bool is_exact) {
  std::vector<std::pair<float, std::int64_t>> tops;
  std::int64_t all = 0;
  for (const ClipGrainSides& grain : grains) {
    const GrainSide& side = side_of(grain, which);
    if (!is_at_peak(side, is_exact)) continue;
    const GrainRuns& runs = runs_of(side, is_exact);
    tops.emplace_back(runs.level, runs.runs);
    all += runs.runs;
  }
  std::sort(tops.begin(), tops.end());
  std::vector<LevelRange> known;
  for (std::size_t i = 0; i < tops.size();) {
    LevelRange range{tops[i].first, tops[i].first};
    std::int64_t runs = 0;
    for (; i < tops.size() && is_same_level(tops[i].first, range.high, is_exact); ++i) {
      range.high = tops[i].first;
      runs += tops[i].second;
    }
    if (runs >= 3 && runs * 100 >= all) known.push_back(range);
  }
  return known;
}

ClipEvidence evidence_of(const std::vector<ClipGrainSides>& grains, int which, bool is_exact) {
  ClipEvidence e;
  e.known = known_levels(grains, which, is_exact);
  float before = 0;
  for (const ClipGrainSides& grain : grains) {
    const GrainSide& side = side_of(grain, which);
    if (!is_clipped(side, is_exact, e.known)) {
      if (before > 0 && side.peak > before + kLooseTolerance) ++e.over;
      continue;
    }
    const GrainRuns& runs = runs_of(side, is_exact);
    ++e.grains;
    e.runs += runs.runs;
    e.samples += runs.samples;
    e.longest = std::max<std::int64_t>(e.longest, runs.longest);
    e.jumps += runs.jumps;
    e.level = std::max(e.level, runs.level);
    if (before > 0) ++(is_same_level(before, runs.level, is_exact) ? e.steady : e.leaps);
    before = runs.level;
  }
  e.is_full_scale = e.level >= kFullScale;
  return e;
}

}  // namespace

bool ClipEvidence::holds() const { return runs >= 3 && 2 * jumps < runs && leaps * 4 <= steady && over * 8 <= grains; }

ClipLevels::ClipLevels(const std::vector<std::vector<ClipGrainSides>>& channels, const ClipTrack& track) {
  judge(channels, track);
  if (!finding_.is_found) {
    // Perhaps dithered or faded after it was clipped.
    const Finding exact = finding_;
    const auto evidence = evidence_;
    is_exact_ = false;
    judge(channels, track);
    if (!finding_.is_found) {
      is_exact_ = true;
      finding_ = exact;
      evidence_ = evidence;
    }
  }
  for (std::size_t c = 0; c < channels.size(); ++c) {
    for (int side = 0; side < 2; ++side) levels_.push_back(map(channels[c], 2 * static_cast<int>(c) + side));
  }
}

void ClipLevels::judge(const std::vector<std::vector<ClipGrainSides>>& channels, const ClipTrack& track) {
  evidence_.clear();
  finding_ = {};
  double share = 0, full_scale_share = 0;
  std::int64_t runs = 0, samples = 0, longest = 0;
  float level = 0;
  std::vector<std::pair<std::string, double>> each;
  for (std::size_t c = 0; c < channels.size(); ++c) {
    std::int64_t clipped = 0, at_full_scale = 0;
    float channel_level = 0;
    for (int side = 0; side < 2; ++side) {
      evidence_.push_back(evidence_of(channels[c], side, is_exact_));
      const ClipEvidence& e = evidence_.back();
      if (!e.holds()) continue;
      (e.is_full_scale ? at_full_scale : clipped) += e.samples;
      if (!e.is_full_scale) {
        runs += e.runs;
        samples += e.samples;
      }
      longest = std::max(longest, e.longest);
      channel_level = std::max(channel_level, e.level);
    }
    const double per_frame = track.frames > 0 ? 1.0 / static_cast<double>(track.frames) : 0.0;
    share = std::max(share, static_cast<double>(clipped) * per_frame);
    full_scale_share = std::max(full_scale_share, static_cast<double>(at_full_scale) * per_frame);
    level = std::max(level, channel_level);
    const std::string name = "channel_" + std::to_string(c + 1);
    each.emplace_back(name + "_level_dbfs", channel_level > 0 ? 20 * std::log10(channel_level) : -200.0);
    each.emplace_back(name + "_share_percent", 100 * static_cast<double>(clipped + at_full_scale) * per_frame);
  }
  const double by_strength = std::pow(10.0, -2 * (track.strength - 0.5));
  const double mean_run = runs > 0 ? static_cast<double>(samples) / static_cast<double>(runs) : 0.0;
  const bool is_long = mean_run >= std::max(kLongRun * track.sample_rate_hz / 44100, 3.5);
  const double least_share = (is_long ? kLeastShareOfLong : kLeastShare) * by_strength;
  const double least_at_full_scale = kLeastAtFullScale * by_strength;
  finding_.is_found = (runs >= kFewestRuns && share >= least_share) || full_scale_share >= least_at_full_scale;
  const double belief =
      std::max((1 - std::exp(-static_cast<double>(runs) / 8)) * (1 - std::exp(-1.6 * share / least_share)),
               1 - std::exp(-1.6 * full_scale_share / least_at_full_scale));
  finding_.confidence = belief;
  finding_.figures = {{"level_dbfs", level > 0 ? 20 * std::log10(level) : -200.0},
                      {"share_percent", 100 * std::max(share, full_scale_share)},
                      {"longest_run_samples", static_cast<double>(longest)},
                      {"mean_run_samples", mean_run},
                      {"exact_levels", is_exact_ ? 1.0 : 0.0}};
  finding_.figures.insert(finding_.figures.end(), each.begin(), each.end());
}

std::vector<ClipLevel> ClipLevels::map(const std::vector<ClipGrainSides>& grains, int which) const {
  const ClipEvidence& e = evidence_[static_cast<std::size_t>(which)];
  std::vector<ClipLevel> levels(grains.size());
  bool is_known = false;
  for (const ClipEvidence& other : evidence_) {
    is_known |= other.holds() && is_same_level(other.level, e.level, is_exact_);
  }
  if (e.grains == 0 || !is_known) return levels;
  const auto count = static_cast<std::int64_t>(grains.size());
  std::vector<std::int64_t> behind(grains.size(), -1);
  for (std::int64_t g = count - 1, next = -1; g >= 0; --g) {
    if (is_clipped(side_of(grains[static_cast<std::size_t>(g)], which % 2), is_exact_, e.known)) next = g;
    behind[static_cast<std::size_t>(g)] = next;
  }
  const float tolerance = is_exact_ ? 0.0f : 1.25f * kLooseTolerance;
  for (std::int64_t g = 0, before = -1; g < count; ++g) {
    const GrainSide& side = side_of(grains[static_cast<std::size_t>(g)], which % 2);
    const std::int64_t after = behind[static_cast<std::size_t>(g)];
    if (after == g) before = g;
    for (const std::int64_t from : {before, after}) {
      if (from < 0 || std::abs(from - g) > kReach) continue;
      const GrainRuns& runs = runs_of(side_of(grains[static_cast<std::size_t>(from)], which % 2), is_exact_);
      if (side.peak > runs.level + tolerance || side.peak < runs.lowest - tolerance) continue;
      const bool drifts = runs.level - runs.lowest > tolerance;
      levels[static_cast<std::size_t>(g)] = {runs.lowest - tolerance, drifts};
      break;
    }
  }
  return levels;
}

}  // namespace lathe
