#include "host/mastering/stem_copies.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "kernels/math/decibel.h"

namespace lathe {
namespace {

constexpr std::int64_t kGroup = 16;
constexpr double kSuspectLeft = 10 * kCopyLeft;
constexpr double kSameLevelDb = 0.05;

// Which frame of a group is looked at: multiples of the golden ratio, so that no tone is alike at all of them.
std::int64_t frame_of_group(std::uint64_t group) {
  return static_cast<std::int64_t>((group * 0x9e3779b97f4a7c15ULL) >> 60);
}

double left_of(double first, double second, double cross) {
  return first > 0 && second > 0 ? std::max(0.0, 1 - cross * cross / (first * second)) : 1;
}

// In four sums, which do not wait for each other.
double product_of(const std::vector<double>& a, const std::vector<double>& b) {
  double sums[4] = {};
  std::size_t n = 0;
  for (; n + 4 <= a.size(); n += 4)
    for (std::size_t i = 0; i < 4; ++i) sums[i] += a[n + i] * b[n + i];
  for (; n < a.size(); ++n) sums[0] += a[n] * b[n];
  return sums[0] + sums[1] + sums[2] + sums[3];
}

std::size_t place_of(std::size_t stem, std::size_t other) { return stem * (stem + 1) / 2 + other; }

}  // namespace

void StemProducts::add(AudioView a, AudioView b) {
  for (int c = 0; c < a.channels; ++c) {
    for (std::int64_t n = 0; n < a.frames; ++n) {
      const double x = a.channel(c)[n], y = b.channel(c)[n];
      first += x * x;
      second += y * y;
      cross += x * y;
    }
  }
}

double StemProducts::left() const { return left_of(first, second, cross); }

CopySearch::CopySearch(std::size_t stems)
    : stems_(stems), products_(place_of(stems, 0), 0.0), points_(stems, std::vector<double>()) {}

void CopySearch::take(const std::vector<MutableAudioView>& blocks) {
  if (stems_ < 2) return;
  const std::int64_t frames = blocks.front().frames;
  for (std::size_t k = 0; k < stems_; ++k) points_[k].clear();
  for (std::int64_t first = 0; first < frames; first += kGroup, ++groups_) {
    const std::int64_t n = first + frame_of_group(groups_);
    if (n >= frames) continue;
    for (std::size_t k = 0; k < stems_; ++k)
      for (int c = 0; c < blocks[k].channels; ++c) points_[k].push_back(static_cast<double>(blocks[k].channel(c)[n]));
  }
  for (std::size_t k = 0; k < stems_; ++k)
    for (std::size_t j = 0; j <= k; ++j) products_[place_of(k, j)] += product_of(points_[k], points_[j]);
}

std::vector<StemCopy> CopySearch::suspects() const {
  std::vector<StemCopy> found;
  for (std::size_t k = 1; k < stems_; ++k) {
    const double energy = products_[place_of(k, k)];
    for (std::size_t j = 0; j < k; ++j) {
      const double of = products_[place_of(j, j)], cross = products_[place_of(k, j)];
      if (left_of(of, energy, cross) <= kSuspectLeft) found.push_back({k, j, cross / of});
    }
  }
  return found;
}

std::string copy_text(const StemCopy& copy, const std::vector<std::string>& names) {
  const double gain_db = amplitude_to_db(std::abs(copy.gain));
  const std::string level = std::abs(gain_db) < kSameLevelDb
                                ? std::string()
                                : fmt::format(", {:.1f} dB {}", std::abs(gain_db), gain_db > 0 ? "higher" : "lower");
  std::string text = fmt::format("{} holds the same as {}{}", names[copy.stem], names[copy.of], level);
  if (copy.gain < 0) return text + ", upside down: a copy? What is in both is lost from the mix; take one of them out";
  return text +
         fmt::format(": a copy? It would be heard twice, and stand {:.1f} dB higher in the mix; take one of them out",
                     amplitude_to_db(1 + copy.gain));
}

}  // namespace lathe
