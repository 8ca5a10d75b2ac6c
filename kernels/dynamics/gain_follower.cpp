#include "kernels/dynamics/gain_follower.h"

#include <algorithm>
#include <cmath>

#include "kernels/simd/level.h"

namespace lathe::cpu {
namespace {

const DynamicsKernels& kernels() {
  return pick_level(sse2::dynamics_kernels, avx2::dynamics_kernels, avx512::dynamics_kernels);
}

}  // namespace

GainFollower::GainFollower(const CompressorDesign& design, int band, int channels, std::int64_t most_frames)
    : design_(design),
      band_(band),
      channels_(channels),
      curves_(design.settings().link == 1 ? 1 : channels),
      past_(design.before() + design.after()),
      room_(most_frames / CompressorDesign::kGroup),
      kept_(design.wait_frames() / CompressorDesign::kGroup + 1),
      scratch_(static_cast<std::size_t>(past_ + room_)),
      power_(static_cast<std::size_t>(room_)),
      decibels_(static_cast<std::size_t>(channels * room_)),
      loudest_(static_cast<std::size_t>(room_)),
      filter_states_(static_cast<std::size_t>(2 * channels), 0.0),
      follow_states_(static_cast<std::size_t>(2 * channels), 0.0) {
  for (int c = 0; c < channels; ++c) raw_.emplace_back(static_cast<std::size_t>(past_ + room_));
  // Before the track nothing is turned down.
  const double none[16] = {};
  float at_rest[16];
  const CompressorSettings& settings = design.settings();
  kernels().gains(none, settings.bands[static_cast<std::size_t>(band)].makeup_db, settings.mix, 16, at_rest);
  for (int u = 0; u < curves_; ++u) {
    gains_.emplace_back(static_cast<std::size_t>(kept_ + room_ + 1));
    std::fill_n(gains_.back().data(), kept_ + room_ + 1, at_rest[0]);
  }
  done_ = -design.after();
}

void GainFollower::take(AudioView frames) {
  const std::int64_t groups = frames.frames / CompressorDesign::kGroup;
  const CompressorSettings& settings = design_.settings();
  const CompressorBand& asked = settings.bands[static_cast<std::size_t>(band_)];
  const CompressorDesign::Band& band = design_.band(band_);
  find_powers(frames, groups);
  find_levels(groups);
  for (int u = 0; u < curves_; ++u) {
    kernels().reductions(band.law, groups, decibels(u));
    // Before the track there is nothing: the smoothing begins with group 0.
    if (done_ < 0) std::fill_n(decibels(u), std::min(groups, -done_), 0.0);
    kernels().follow(band.attack, band.release, &follow_states_[static_cast<std::size_t>(2 * u)], groups, decibels(u));
    float* gain = gains_[static_cast<std::size_t>(u)].data();
    std::copy(gain + last_groups_, gain + last_groups_ + kept_, gain);
    kernels().gains(decibels(u), asked.makeup_db, settings.mix, groups, gain + kept_);
  }
  last_groups_ = groups;
  note(groups);
  done_ += groups;
}

// Group done_ + i needs those from done_ + i - before() to done_ + i + after(), which lie at raw[i] and after it.
void GainFollower::find_powers(AudioView frames, std::int64_t groups) {
  const bool peaks = design_.settings().detector == LevelDetector::peak;
  for (int c = 0; c < channels_; ++c) {
    float* fresh = raw_[static_cast<std::size_t>(c)].data() + past_;
    if (const auto& filter = design_.side_chain()) {
      kernels().filtered(*filter, &filter_states_[static_cast<std::size_t>(2 * c)], peaks, frames.channel(c), groups,
                         fresh);
    } else {
      (peaks ? kernels().peaks : kernels().energies)(frames.channel(c), groups, fresh);
    }
  }
}

void GainFollower::find_levels(std::int64_t groups) {
  const bool peaks = design_.settings().detector == LevelDetector::peak;
  const std::vector<float>& window = design_.window();
  for (int c = 0; c < channels_; ++c) {
    float* raw = raw_[static_cast<std::size_t>(c)].data();
    float* power = c == 0 || curves_ > 1 ? power_.data() : scratch_.data();
    if (peaks) {
      std::copy_n(raw, past_ + groups, scratch_.data());
      kernels().hold(scratch_.data(), groups, past_ + 1, power);
    } else {
      kernels().weigh(raw, groups, window.data(), static_cast<std::int64_t>(window.size()), power);
    }
    std::copy(raw + groups, raw + groups + past_, raw);
    if (curves_ > 1) {
      kernels().decibels(power, groups, decibels(c));
    } else if (c > 0) {
      for (std::int64_t i = 0; i < groups; ++i) power_.data()[i] = std::max(power_.data()[i], power[i]);
    }
  }
  const double link = design_.settings().link;
  if (curves_ == 1) return kernels().decibels(power_.data(), groups, decibels(0));
  if (link == 0) return;
  double* loudest = loudest_.data();
  std::copy_n(decibels(0), groups, loudest);
  for (int c = 1; c < channels_; ++c) {
    for (std::int64_t i = 0; i < groups; ++i) loudest[i] = std::max(loudest[i], decibels(c)[i]);
  }
  for (int c = 0; c < channels_; ++c) {
    for (std::int64_t i = 0; i < groups; ++i) decibels(c)[i] += link * (loudest[i] - decibels(c)[i]);
  }
}

void GainFollower::note(std::int64_t groups) {
  const std::int64_t first = std::max<std::int64_t>(0, -done_), end = std::min(groups, end_group_ - done_);
  const double per_second = design_.settings().sample_rate_hz / CompressorDesign::kGroup;
  for (int u = 1; u < curves_; ++u) {
    for (std::int64_t i = first; i < end; ++i) decibels(0)[i] = std::max(decibels(0)[i], decibels(u)[i]);
  }
  for (std::int64_t i = first; i < end;) {
    const auto second = static_cast<std::size_t>(static_cast<double>(done_ + i) / per_second);
    const auto next = static_cast<std::int64_t>(std::ceil(static_cast<double>(second + 1) * per_second)) - done_;
    const std::int64_t until = std::clamp(next, i + 1, end);
    if (second >= by_second_.size()) by_second_.resize(second + 1, 0.0f);
    double most = by_second_[second];
    for (; i < until; ++i) {
      const double db = decibels(0)[i];
      sum_db_ += db;
      over_ += db > 1;
      most = std::max(most, db);
    }
    by_second_[second] = static_cast<float>(most);
  }
  noted_ += std::max<std::int64_t>(0, end - first);
}

// Gain i of a curve is for the end of group i; gains_[kept_ - last_groups_ ...] of groups before done_.
const float* GainFollower::gains(int channel, std::int64_t group) const {
  const std::int64_t of = group - 1 + design_.look_ahead_groups();
  return gains_[curves_ == 1 ? 0 : static_cast<std::size_t>(channel)].data() + kept_ + last_groups_ + (of - done_);
}

CompressorAccount GainFollower::account() const {
  CompressorAccount account;
  account.by_second_db = by_second_;
  for (const float db : by_second_) account.max_reduction_db = std::max<double>(account.max_reduction_db, db);
  if (noted_ > 0) {
    account.mean_reduction_db = sum_db_ / static_cast<double>(noted_);
    account.share_over_1_db = static_cast<double>(over_) / static_cast<double>(noted_);
  }
  return account;
}

}  // namespace lathe::cpu
