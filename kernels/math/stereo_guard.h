// How much of the side a stretch of stereo may keep so that it folds down to mono without loss: the formulae of the
// stereo stage's guard.
#pragma once

#include <cmath>
#include <cstdint>

#include "kernels/math/host_device.h"

namespace lathe {

// Sums over the frames of a stretch, M = (L + R) / 2 and S = (L - R) / 2. Nothing sets them to 0 by itself, for they
// lie in shared memory, too.
struct StereoSums {
  double mid;    // of M^2
  double side;   // of S^2
  double cross;  // of M S

  LATHE_HOST_DEVICE void add(const StereoSums& other) {
    mid += other.mid;
    side += other.side;
    cross += other.cross;
  }
};

// What the guard holds in every second.
struct StereoLimits {
  // Most sum S^2 / sum M^2: by the mono sum's loss, 10 log10((M^2 + S^2) / M^2) dB, and by a correlation of at least 0,
  // for (M^2 - S^2) / (M^2 + S^2) is never more than the correlation while that is at least 0.
  double most_side = 1e300;
  double correlation = -1;  // the least one, where it lies below 0

  LATHE_HOST_DEVICE bool holds_anything() const { return most_side < 1e300 || correlation > -1; }
};

// Blocks of a hundredth of a second, rounded up, stand at fixed places of the track. A window is kGuardWindow of them;
// the side counts from one block before it to two behind it. Any second of the track then holds two whole windows whose
// sides' stretches cover it: what each of them keeps to, the second keeps to, too.
constexpr std::int64_t kGuardWindow = 49, kGuardBefore = 1, kGuardBehind = 2;
// The gain at a knot (the start of a block) is the mean over 2 kGuardSmooth + 1 knots of the least one within
// kGuardSmooth knots of each: never above what the knot's own windows allow.
constexpr std::int64_t kGuardSmooth = 25;
// Blocks that a knot's gain depends on, to either side.
constexpr std::int64_t kGuardReach = kGuardWindow + kGuardBehind + 2 * kGuardSmooth + 1;

// Windows start at blocks 0 to this one of a track of so many blocks.
LATHE_HOST_DEVICE inline std::int64_t last_guard_window(std::int64_t blocks) {
  return blocks > kGuardWindow ? blocks - kGuardWindow : 0;
}

// Correlation of left and right; 0 where a channel is silent.
LATHE_HOST_DEVICE inline double correlation_of(const StereoSums& s) {
  const double power = s.mid + s.side, product = (power + 2 * s.cross) * (power - 2 * s.cross);
  return product > 0 ? (s.mid - s.side) / sqrt(product) : 0;
}

// sum S^2 / sum M^2 at which the correlation is `correlation` (below 0), where M and S correlate by c and c^2 = share.
LATHE_HOST_DEVICE inline double side_at_correlation(double correlation, double share) {
  const double square = correlation * correlation, a = 1 + square * (1 - 2 * share), b = 1 - square;
  const double root = a * a - b * b;
  return (a + sqrt(root > 0 ? root : 0)) / b;
}

// The gain, at most 1, that a window's side needs: `inside` are its own sums, `side` is that of the longer stretch.
// Under -120 dBFS, `silence`, all is allowed.
LATHE_HOST_DEVICE inline double guard_gain(const StereoLimits& limits, const StereoSums& inside, double side,
                                           double silence) {
  if (side <= silence) return 1;
  double most = limits.most_side;
  if (limits.correlation > -1) {
    const double product = inside.mid * inside.side;
    const double share = product > 0 ? inside.cross * inside.cross / product : 0;
    const double by_correlation = side_at_correlation(limits.correlation, share < 1 ? share : 1);
    most = most < by_correlation ? most : by_correlation;
  }
  const double allowed = most * inside.mid;
  return side <= allowed ? 1 : sqrt(allowed / side);
}

// The same of window `first`; sums(k) are those of block k, of a track of `blocks`.
template <class Sums>
LATHE_HOST_DEVICE double window_gain(const StereoLimits& limits, const Sums& sums, std::int64_t first,
                                     std::int64_t blocks, double block_frames) {
  StereoSums inside{0, 0, 0};
  double side = 0;
  for (std::int64_t k = first - kGuardBefore; k < first + kGuardWindow + kGuardBehind; ++k) {
    if (k < 0 || k >= blocks) continue;
    const StereoSums block = sums(k);
    side += block.side;
    if (k >= first && k < first + kGuardWindow) inside.add(block);
  }
  return guard_gain(limits, inside, side, 1e-12 * block_frames * static_cast<double>(kGuardWindow));
}

// The least gain of all windows that allow for knots within kGuardSmooth of `near`; windows(w) are the gains of the
// windows 0 .. last_guard_window(blocks).
template <class Windows>
LATHE_HOST_DEVICE double least_near(const Windows& windows, std::int64_t near, std::int64_t blocks) {
  const std::int64_t last_window = last_guard_window(blocks);
  const std::int64_t first = near - kGuardSmooth - kGuardWindow - kGuardBehind,
                     last = near + kGuardSmooth + kGuardBefore;
  double least = 1;
  for (std::int64_t w = first < 0 ? 0 : first; w <= last && w <= last_window; ++w) {
    const double gain = windows(w);
    least = gain < least ? gain : least;
  }
  return least;
}

// The gain at a knot; least(k) is least_near() of knot k, which may lie outside the track.
template <class Least>
LATHE_HOST_DEVICE double knot_gain(const Least& least, std::int64_t knot) {
  double sum = 0;
  for (std::int64_t near = knot - kGuardSmooth; near <= knot + kGuardSmooth; ++near) sum += least(near);
  return sum / static_cast<double>(2 * kGuardSmooth + 1);
}

}  // namespace lathe
