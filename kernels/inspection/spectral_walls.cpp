#include "kernels/inspection/spectral_walls.h"

#include <algorithm>
#include <cmath>

#include "kernels/inspection/inspection_lanes.h"
#include "kernels/math/decibel.h"

namespace lathe {
namespace {

constexpr int kBandsBelow = 6;
constexpr int kGapBands = 2;
constexpr int kBandsAbove = 4;  // at least
constexpr int kTopBands = 3;    // what the window smears around half the sample rate

}  // namespace

SpectralWalls::SpectralWalls(double band_hz, int bands)
    : band_hz_(band_hz),
      bands_(bands - kTopBands),
      first_edge_(std::max(kBandsBelow, static_cast<int>(std::ceil(kLowestHz / band_hz)))),
      sound_from_(static_cast<int>(2000 / band_hz)),
      sound_to_(std::min(bands, static_cast<int>(8000 / band_hz))),
      walls_at_(static_cast<std::size_t>(bands), 0) {}

void SpectralWalls::take(const float* densities, int windows) {
  const float sounding = static_cast<float>(db_to_power(kSoundDbHz)) * static_cast<float>(sound_to_ - sound_from_);
  for (int w = 0; w < windows; ++w) {
    float sum = 0;
    for (int b = sound_from_; b < sound_to_; ++b) sum += densities[b * kInspectionLanes + w];
    if (!(sum > sounding)) continue;
    ++windows_;
    if (const int edge = wall_of(densities, w); edge > 0) ++walls_at_[static_cast<std::size_t>(edge)];
  }
}

// From the top down, as long as all above is next to nothing; the lowest edge that is a wall, 0 for none.
int SpectralWalls::wall_of(const float* densities, int window) const {
  const float floor = static_cast<float>(db_to_power(kFloorDbHz)), ratio = static_cast<float>(db_to_power(kWallDb));
  const auto level = [&](int band) { return densities[band * kInspectionLanes + window]; };
  float above = 0;
  for (int b = bands_ - kBandsAbove + 1; b < bands_; ++b) above = std::max(above, level(b));
  int wall = 0;
  for (int edge = bands_ - kBandsAbove - kGapBands; edge >= first_edge_; --edge) {
    above = std::max(above, level(edge + kGapBands));
    if (above > floor) break;
    // Nothing above is nothing in a float file or one of 24 bits: what is below has to be there all the same.
    const float least = ratio * std::max(above, floor / ratio);
    int below = edge - 1;
    while (below >= edge - kBandsBelow && level(below) >= least) --below;
    if (below < edge - kBandsBelow) wall = edge;
  }
  return wall;
}

SpectralWallFacts SpectralWalls::facts() const {
  SpectralWallFacts facts;
  facts.windows = windows_;
  for (const std::int64_t count : walls_at_) facts.walls += count;
  std::int64_t seen = 0;
  for (std::size_t edge = 0; edge < walls_at_.size(); ++edge) {
    const std::int64_t before = seen;
    seen += walls_at_[edge];
    const auto passes = [&](std::int64_t tenths) {
      return 10 * before <= tenths * facts.walls && 10 * seen > tenths * facts.walls;
    };
    const double hz = static_cast<double>(edge) * band_hz_;
    if (passes(1)) facts.lowest_hz = hz;
    if (passes(5)) facts.cutoff_hz = hz;
    if (passes(9)) facts.highest_hz = hz;
  }
  return facts;
}

}  // namespace lathe
