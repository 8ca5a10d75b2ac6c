#include "kernels/dynamics/kept_gains.h"

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "kernels/dynamics/band_compressor.h"
#include "kernels/dynamics/broadband_compressor.h"

namespace lathe {
namespace {

int rows_of_a_band(const CompressorDesign& design, int channels) { return design.settings().link == 1 ? 1 : channels; }

std::unique_ptr<Stage> compressor_with_key(std::shared_ptr<const CompressorDesign> design, int channels,
                                           KeptGains& kept, cpu::GainKey::Use use) {
  if (channels < 1) throw std::invalid_argument("make_keyed_compressor: no channels");
  cpu::GainKey key(use, kept, kept_gain_rows(*design, channels), rows_of_a_band(*design, channels));
  if (design->split() != nullptr) return cpu::make_band_compressor(std::move(design), channels, std::move(key));
  return cpu::make_broadband_compressor(std::move(design), channels, std::move(key));
}

}  // namespace

int kept_gain_rows(const CompressorDesign& design, int channels) {
  int acting = 0;
  for (int b = 0; b < design.bands(); ++b) acting += design.acts(b) ? 1 : 0;
  return acting * rows_of_a_band(design, channels);
}

std::int64_t kept_gain_values(std::int64_t frames) {
  return (frames + CompressorDesign::kGroup - 1) / CompressorDesign::kGroup + 1;
}

namespace cpu {

GainKey::GainKey(Use use, KeptGains& kept, int rows, int rows_of_band)
    : use_(use), kept_(&kept), rows_of_band_(rows_of_band), last_(static_cast<std::size_t>(rows), 0.0f) {}

void GainKey::keep(const float* const* gains, std::int64_t groups) {
  rows_.resize(last_.size() * static_cast<std::size_t>(groups));
  for (std::size_t r = 0; r < last_.size(); ++r) {
    std::copy_n(gains[r], groups, rows_.data() + static_cast<std::int64_t>(r) * groups);
    last_[r] = gains[r][groups];
  }
  kept_->append(AudioView{rows_.data(), rows(), groups, groups});
}

void GainKey::finish() {
  if (keeps() && rows() > 0) kept_->append(AudioView{last_.data(), rows(), 1, 1});
}

std::unique_ptr<Stage> make_keeping_compressor(std::shared_ptr<const CompressorDesign> design, int channels,
                                               KeptGains& kept) {
  return compressor_with_key(std::move(design), channels, kept, GainKey::Use::keep);
}

std::unique_ptr<Stage> make_keyed_compressor(std::shared_ptr<const CompressorDesign> design, int channels,
                                             KeptGains& kept) {
  return compressor_with_key(std::move(design), channels, kept, GainKey::Use::take);
}

}  // namespace cpu
}  // namespace lathe
