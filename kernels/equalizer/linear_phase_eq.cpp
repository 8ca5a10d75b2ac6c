#include "kernels/equalizer/linear_phase_eq.h"

#include <algorithm>

#include "kernels/equalizer/kernel_cut.h"
#include "kernels/equalizer/minimum_phase.h"

namespace lathe {
namespace {

bool is_mid_side(const EqBand& band) { return band.channel == BandChannel::mid || band.channel == BandChannel::side; }

bool acts_on_first(const EqBand& band) {
  return band.channel != BandChannel::right && band.channel != BandChannel::side;
}
bool acts_on_second(const EqBand& band) {
  return band.channel != BandChannel::left && band.channel != BandChannel::mid;
}

std::shared_ptr<const OverlapSaveKernel> make_kernel(const std::vector<double>& taps, EqPhase phase) {
  return std::make_shared<const OverlapSaveKernel>(phase == EqPhase::minimum ? OverlapSaveKernel::causal(taps)
                                                                             : OverlapSaveKernel(taps));
}

}  // namespace

LinearPhaseEqDesign::LinearPhaseEqDesign(std::vector<EqBand> bands, double sample_rate_hz, EqPhase phase)
    : phase_(phase) {
  // Bands on left and right do not commute with bands on mid and side, so each change of domain starts a new pass.
  // Stereo bands commute with all and join the first pass there is.
  struct Group {
    bool mid_side;
    std::vector<EqBand> bands;
  };
  const bool is_stereo =
      std::all_of(bands.begin(), bands.end(), [](const EqBand& band) { return band.channel == BandChannel::stereo; });
  if (is_stereo && !bands.empty() && phase == EqPhase::linear) {
    check_bands(bands, sample_rate_hz);
    bass_ = BassKernel::design(bands, sample_rate_hz);
  }
  if (bass_) {
    worst_db_ = bass_->worst_db();
    pre_ring_db_ = lathe::pre_ring_db(bass_->taps(), sample_rate_hz);
    return;
  }
  std::vector<Group> groups;
  std::vector<EqBand> stereo;
  for (const EqBand& band : bands) {
    if (band.channel == BandChannel::stereo) {
      stereo.push_back(band);
      continue;
    }
    needs_stereo_ = true;
    if (groups.empty() || groups.back().mid_side != is_mid_side(band)) groups.push_back({is_mid_side(band), {}});
    groups.back().bands.push_back(band);
  }
  if (!stereo.empty()) {
    if (groups.empty()) groups.push_back({false, {}});
    groups.front().bands.insert(groups.front().bands.begin(), stereo.begin(), stereo.end());
  }
  for (const Group& group : groups) {
    std::vector<EqBand> first, second;
    for (const EqBand& band : group.bands) {
      if (acts_on_first(band)) first.push_back(band);
      if (acts_on_second(band)) second.push_back(band);
    }
    const auto design = [this, sample_rate_hz](const std::vector<EqBand>& of) {
      const EqKernel kernel = phase_ == EqPhase::minimum ? design_minimum_phase_kernel(of, sample_rate_hz)
                                                         : design_kernel(of, sample_rate_hz);
      worst_db_ = std::max(worst_db_, kernel.worst_db);
      pre_ring_db_ = std::max(pre_ring_db_, kernel.pre_ring_db);
      return kernel.taps;
    };
    Pass pass;
    pass.mid_side = group.mid_side;
    std::vector<double> taps = design(first);
    if (first.size() == group.bands.size() && second.size() == group.bands.size()) {
      pass.first = pass.second = make_kernel(taps, phase);
    } else {
      // Both channels of a pass walk in step: the shorter kernel is filled up with zeros.
      std::vector<double> others = design(second);
      const std::size_t longest = std::max(taps.size(), others.size());
      taps.resize(longest, 0.0);
      others.resize(longest, 0.0);
      pass.first = make_kernel(taps, phase);
      pass.second = make_kernel(others, phase);
    }
    passes_.push_back(std::move(pass));
  }
}

LinearPhaseEqDesign::LinearPhaseEqDesign(EqKernel kernel)
    : worst_db_(kernel.worst_db), pre_ring_db_(kernel.pre_ring_db) {
  Pass& pass = passes_.emplace_back();
  pass.first = pass.second = std::make_shared<const OverlapSaveKernel>(kernel.taps);
}

LinearPhaseEqDesign::LinearPhaseEqDesign(EqKernel mid, EqKernel side)
    : worst_db_(std::max(mid.worst_db, side.worst_db)),
      pre_ring_db_(std::max(mid.pre_ring_db, side.pre_ring_db)),
      needs_stereo_(true) {
  const std::size_t longest = std::max(mid.taps.size(), side.taps.size());
  mid.taps.resize(longest, 0.0);
  side.taps.resize(longest, 0.0);
  Pass& pass = passes_.emplace_back();
  pass.mid_side = true;
  pass.first = std::make_shared<const OverlapSaveKernel>(mid.taps);
  pass.second = std::make_shared<const OverlapSaveKernel>(side.taps);
}

std::int64_t LinearPhaseEqDesign::longest_half() const {
  std::int64_t half = bass_ ? bass_->half() : 0;
  for (const Pass& pass : passes_) half = std::max(half, pass.first->half());
  return half;
}

}  // namespace lathe
