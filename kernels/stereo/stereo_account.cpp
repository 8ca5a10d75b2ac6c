#include "kernels/stereo/stereo_account.h"

#include <algorithm>
#include <cmath>

namespace lathe {
namespace {

constexpr std::int64_t kSecond = 100, kStep = 10;  // in blocks
constexpr double kAudible = 1e-7;                  // -70 dBFS
constexpr double kMostDb = 60;

double mono_loss_db(const StereoSums& s) {
  return std::min(kMostDb, 10 * std::log10((s.mid + s.side) / std::max(s.mid, 1e-30)));
}

void note(const StereoSums& second, double frames, double& correlation, double& loss_db) {
  if (second.mid + second.side < kAudible * frames) return;
  correlation = std::min(correlation, correlation_of(second));
  loss_db = std::max(loss_db, mono_loss_db(second));
}

}  // namespace

StereoFigures stereo_figures(const std::vector<StereoTally>& blocks, std::int64_t block_frames) {
  StereoFigures figures;
  StereoSums all_before, all_after;
  std::int64_t guarded = 0;
  float least = 1;
  for (const StereoTally& block : blocks) {
    all_before.add(block.before);
    all_after.add(block.after);
    guarded += block.gain < 0.9886f ? 1 : 0;
    least = std::min(least, block.gain);
  }
  const auto count = static_cast<std::int64_t>(blocks.size());
  const std::int64_t second = std::min(kSecond, count);
  for (std::int64_t first = 0; count > 0 && first + second <= count; first += kStep) {
    StereoSums before, after;
    for (std::int64_t k = first; k < first + second; ++k) {
      before.add(blocks[static_cast<std::size_t>(k)].before);
      after.add(blocks[static_cast<std::size_t>(k)].after);
    }
    const auto frames = static_cast<double>(second * block_frames);
    note(before, frames, figures.worst_correlation_before, figures.worst_mono_loss_before_db);
    note(after, frames, figures.worst_correlation_after, figures.worst_mono_loss_after_db);
  }
  figures.correlation_before = correlation_of(all_before);
  figures.correlation_after = correlation_of(all_after);
  if (count > 0) figures.guarded_share = static_cast<double>(guarded) / static_cast<double>(count);
  figures.largest_narrowing_db = std::min(kMostDb, -20 * std::log10(std::max(static_cast<double>(least), 1e-30)));
  return figures;
}

}  // namespace lathe
