#include "kernels/stereo/stereo_account.h"

#include <algorithm>
#include <cmath>

namespace lathe {
namespace {

constexpr std::int64_t kSecond = 100, kStep = 10;  // in blocks
constexpr double kAudible = 1e-7;                  // -70 dBFS
constexpr double kMostDb = 60;
constexpr double kWarnDb = 12;  // of narrowing in a track that is in antiphase as a whole

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
  StereoSums all_before{0, 0, 0}, all_after{0, 0, 0};
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
    StereoSums before{0, 0, 0}, after{0, 0, 0};
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

StageAccount mono_stereo_account() {
  StageAccount account;
  account.notes.push_back("stereo: the track has one channel and was left alone");
  return account;
}

StageAccount stereo_account(const std::vector<StereoTally>& blocks, std::int64_t block_frames, double sample_rate_hz) {
  const StereoFigures of = stereo_figures(blocks, block_frames);
  StageAccount account;
  account.figures = {{"correlation_before", of.correlation_before},
                     {"correlation_after", of.correlation_after},
                     {"worst_correlation_before", of.worst_correlation_before},
                     {"worst_correlation_after", of.worst_correlation_after},
                     {"worst_mono_loss_before_db", of.worst_mono_loss_before_db},
                     {"worst_mono_loss_after_db", of.worst_mono_loss_after_db},
                     {"guarded_share", of.guarded_share},
                     {"largest_narrowing_db", of.largest_narrowing_db}};
  if (of.largest_narrowing_db == 0) return account;
  if (of.largest_narrowing_db > kWarnDb && of.correlation_before < 0) {
    account.notes.push_back(
        "the channels work against each other, and to keep the limits the side was all but removed: is one channel "
        "inverted?");
  }
  // The least of each tenth of a second.
  StageCurve curve{"side_gain_db", static_cast<double>(kStep * block_frames) / sample_rate_hz, {}};
  for (std::size_t first = 0; first < blocks.size(); first += kStep) {
    float least = 1;
    for (std::size_t k = first; k < std::min(blocks.size(), first + kStep); ++k)
      least = std::min(least, blocks[k].gain);
    curve.values.push_back(static_cast<float>(std::max(-kMostDb, 20 * std::log10(std::max<double>(least, 1e-30)))));
  }
  account.curves.push_back(std::move(curve));
  return account;
}

}  // namespace lathe
