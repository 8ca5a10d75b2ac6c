#include "kernels/restoration/hum_search.h"

#include <algorithm>
#include <cmath>

#include "kernels/aligned.h"
#include "kernels/fft/lane_fft.h"
#include "kernels/math/portable_log.h"
#include "kernels/math/turns.h"

namespace lathe {
namespace {

constexpr std::int64_t kPoints = 16384;
constexpr std::int64_t kMostBlocks = 96;
constexpr int kNeighbours = 16;  // bins on each side
constexpr double kMostRise = 3.0;
constexpr double kStands = 2.5;  // the least score worth a look: found on music, which mostly stays below

class LineSpectrum {
 public:
  explicit LineSpectrum(const LowBand& low)
      : bin_hz_(low.rate_hz() / kPoints),
        bins_(static_cast<std::int64_t>(low.highest_hz() / bin_hz_) + 4),
        fft_(kPoints),
        re_(static_cast<std::size_t>(kPoints * kFftLanes)),
        im_(static_cast<std::size_t>(kPoints * kFftLanes)),
        window_(static_cast<std::size_t>(kPoints)),
        row_of_bin_(static_cast<std::size_t>(kPoints)),
        rise_(static_cast<std::size_t>(bins_), 0.0) {
    for (std::int64_t n = 0; n < kPoints; ++n)
      window_[static_cast<std::size_t>(n)] =
          static_cast<float>(0.5 - 0.5 * cos_sin_turns((static_cast<double>(n) + 0.5) / kPoints).cos);
    for (std::int64_t r = 0; r < kPoints; ++r)
      row_of_bin_[static_cast<std::size_t>(fft_.bin_of_row()[static_cast<std::size_t>(r)])] = r;
    measure(low);
  }

  double bin_hz() const { return bin_hz_; }
  const std::vector<double>& rise() const { return rise_; }

 private:
  void measure(const LowBand& low) {
    const std::int64_t hop = std::max(kPoints / 2, (low.frames() - kPoints + kMostBlocks - 1) / kMostBlocks);
    const std::int64_t blocks = low.frames() <= kPoints ? 1 : (low.frames() - kPoints) / hop + 1;
    const int pairs = (low.channels() + 1) / 2;
    std::vector<double> power(static_cast<std::size_t>(bins_ * kFftLanes));
    std::int64_t counted = 0;
    // A group of lanes holds whole blocks: a block takes as many lanes as there are pairs of channels.
    const std::int64_t together = kFftLanes / pairs;
    for (std::int64_t first = 0; first < blocks; first += together) {
      const std::int64_t count = std::min(together, blocks - first);
      std::fill_n(re_.data(), re_.size(), 0.0f);
      std::fill_n(im_.data(), im_.size(), 0.0f);
      for (std::int64_t b = 0; b < count; ++b) {
        for (int p = 0; p < pairs; ++p) {
          const std::int64_t lane = b * pairs + p;
          fill(low, 2 * p, (first + b) * hop, re_.data() + lane);
          if (2 * p + 1 < low.channels()) fill(low, 2 * p + 1, (first + b) * hop, im_.data() + lane);
        }
      }
      fft_.forward(re_.data(), im_.data());
      for (std::int64_t b = 0; b < count; ++b) counted += add_block(b * pairs, pairs);
    }
    for (double& r : rise_) r /= static_cast<double>(std::max<std::int64_t>(counted, 1));
  }

  void fill(const LowBand& low, int channel, std::int64_t first, float* to) const {
    const float* x = low.row(channel) + first;
    const std::int64_t count = std::min(kPoints, low.frames() - first);
    for (std::int64_t n = 0; n < count; ++n) to[n * kFftLanes] = x[n] * window_[static_cast<std::size_t>(n)];
  }

  // The powers of all channels together; a block of silence counts not at all.
  int add_block(std::int64_t lane, int pairs) {
    std::vector<double> log_power(static_cast<std::size_t>(bins_));
    double whole = 0;
    for (std::int64_t k = 0; k < bins_; ++k) {
      double sum = 0;
      for (std::int64_t l = lane; l < lane + pairs; ++l) {
        const auto at = static_cast<std::size_t>(row_of_bin_[static_cast<std::size_t>(k)] * kFftLanes + l);
        const auto mirror =
            static_cast<std::size_t>(row_of_bin_[static_cast<std::size_t>((kPoints - k) % kPoints)] * kFftLanes + l);
        // |A|^2 + |B|^2 of two real sequences, from (A + iB)(k) and (A + iB)(-k).
        const double a = re_[at], b = im_[at], c = re_[mirror], d = im_[mirror];
        sum += 0.5 * (a * a + b * b + c * c + d * d);
      }
      whole += sum;
      log_power[static_cast<std::size_t>(k)] = portable_log(sum + 1e-18);
    }
    if (!(whole > 1e-12)) return 0;
    double box = 0;
    std::int64_t from = 0, to = 0;
    for (std::int64_t k = 0; k < bins_; ++k) {
      while (to < std::min(bins_, k + kNeighbours + 1)) box += log_power[static_cast<std::size_t>(to++)];
      while (from < k - kNeighbours) box -= log_power[static_cast<std::size_t>(from++)];
      const double rise = log_power[static_cast<std::size_t>(k)] - box / static_cast<double>(to - from);
      rise_[static_cast<std::size_t>(k)] += std::clamp(rise, 0.0, kMostRise);
    }
    return 1;
  }

  double bin_hz_;
  std::int64_t bins_;
  LaneFft fft_;
  AlignedArray<float> re_, im_;
  std::vector<float> window_;
  std::vector<std::int64_t> row_of_bin_;
  std::vector<double> rise_;
};

// What noise gives on average: the best of three bins over the mean of the logarithm.
constexpr double kNoiseRise = 0.95;

}  // namespace

HumSearch::HumSearch(const LowBand& low, int harmonics) : harmonics_(harmonics) {
  const LineSpectrum lines(low);
  bin_hz_ = lines.bin_hz();
  rise_ = lines.rise();
}

double HumSearch::score(double freq_hz) const {
  double sum = 0;
  for (int k = 1; k <= harmonics_; ++k) {
    const auto bin = static_cast<std::size_t>(k * freq_hz / bin_hz_ + 0.5);
    if (bin + 2 >= rise_.size()) break;
    if (bin < 2) continue;
    sum += std::max({rise_[bin - 1], rise_[bin], rise_[bin + 1]}) - kNoiseRise;
  }
  return sum;
}

HumCandidate HumSearch::best_between(double from_hz, double to_hz) const {
  HumCandidate best{from_hz, -1e9};
  const double step = bin_hz_ / 8;
  for (double f = from_hz; f <= to_hz; f += step) {
    const double s = score(f);
    if (s > best.score) best = {f, s};
  }
  // The middle of a flat top.
  double last = best.freq_hz;
  while (last + step <= to_hz && score(last + step) >= best.score - 1e-9) last += step;
  best.freq_hz = 0.5 * (best.freq_hz + last);
  return best;
}

std::vector<HumCandidate> HumSearch::outstanding(double from_hz, double to_hz, std::size_t most) const {
  std::vector<HumCandidate> found;
  for (double f = from_hz; f < to_hz; f *= 1.02) {
    const HumCandidate best = best_between(f, std::min(f * 1.02, to_hz));
    if (best.score >= kStands) found.push_back(best);
  }
  std::sort(found.begin(), found.end(), [](const auto& a, const auto& b) {
    return a.score != b.score ? a.score > b.score : a.freq_hz < b.freq_hz;
  });
  if (found.size() > most) found.resize(most);
  return found;
}

}  // namespace lathe
