#include "host/compare/null_test.h"

#include <algorithm>
#include <cmath>
#include <functional>

namespace lathe {
namespace {

constexpr std::int64_t kSpan = 16384;
constexpr std::size_t kMostSpans = 20;
constexpr double kSpanRange_db = 30;  // what is fainter than the worst by this is not listed
constexpr std::int64_t kJoined = 3;   // tenths of a second between two spans that are one

double db_of_power(double power) { return 10 * std::log10(power); }

class NullRun {
 public:
  NullRun(ComparedTrack& a, ComparedTrack& b, const Alignment& alignment, const NullTestSetup& setup)
      : a_(a), b_(b), alignment_(alignment), setup_(setup) {
    const std::int64_t delay = alignment.delay_frames;
    first_a_ = std::max<std::int64_t>(0, -delay);
    first_b_ = std::max<std::int64_t>(0, delay);
    test_.frames = std::max<std::int64_t>(0, std::min(a.frames() - first_a_, b.frames() - first_b_));
  }

  NullFindings run() {
    const auto channels = static_cast<std::size_t>(a_.channels());
    aa_.assign(channels, 0.0);
    ab_.assign(channels, 0.0);
    walk([this](std::int64_t, std::size_t c, double x, double y) { sum(c, x, y); });
    find_gain();
    tenths_.assign(static_cast<std::size_t>(test_.frames * 10 / a_.sample_rate_hz() + 1), 0.0);
    walk([this](std::int64_t n, std::size_t c, double x, double y) { subtract(n, c, x, y); });
    judge();
    return std::move(test_);
  }

 private:
  // `each` is called for all frames and channels with A's sample and B's.
  template <class Each>
  void walk(Each each) {
    a_.restart();
    b_.restart();
    a_.skip(first_a_);
    b_.skip(first_b_);
    ComparedBlock a, b;
    for (std::int64_t at = 0; at < test_.frames; at += a.frames) {
      const std::int64_t count = std::min(kSpan, test_.frames - at);
      a_.read(a, count);
      b_.read(b, count);
      if (a.frames != b.frames || a.frames == 0) break;  // a converter that ends a frame early
      mend(a);
      mend(b);
      for (std::size_t c = 0; c < a.channels.size(); ++c) {
        const auto& x = a.channels[c];
        const auto& y = b.channels[alignment_.is_swapped ? 1 - c : c];
        for (std::size_t n = 0; n < static_cast<std::size_t>(a.frames); ++n)
          each(at + static_cast<std::int64_t>(n), c, x[n], y[n]);
      }
    }
  }

  double sign(std::size_t c) const { return alignment_.is_inverted[c] ? -1.0 : 1.0; }

  void sum(std::size_t c, double x, double y) {
    aa_[c] += x * x;
    ab_[c] += x * y;
    const bool is_sounding = x != 0 || y != 0;
    sounding_ += is_sounding;
    equal_ += is_sounding && y == sign(c) * x;
  }

  void find_gain() {
    double aa = 0, ab = 0;
    bool is_any_inverted = false;
    for (std::size_t c = 0; c < aa_.size(); ++c) {
      aa += aa_[c];
      ab += sign(c) * ab_[c];
      is_any_inverted = is_any_inverted || alignment_.is_inverted[c];
      test_.channel_gains_db.push_back(aa_[c] > 0 && ab_[c] != 0 ? 2 * db_of_power(std::abs(ab_[c]) / aa_[c]) : 0.0);
    }
    test_.same_share = sounding_ == 0 ? 1.0 : static_cast<double>(equal_) / static_cast<double>(sounding_);
    test_.is_same = equal_ == sounding_ && !is_any_inverted && !alignment_.is_swapped;
    is_exact_ = 2 * equal_ >= sounding_;
    gain_ = is_exact_ || aa == 0 ? 1.0 : std::max(ab / aa, 1e-9);
    if (is_exact_) std::ranges::fill(test_.channel_gains_db, 0.0);
    test_.gain_db = 2 * db_of_power(gain_);
    reference_ = gain_ * gain_ * aa;
  }

  void subtract(std::int64_t n, std::size_t c, double x, double y) {
    const double r = y - sign(c) * gain_ * x;
    const double matched = y - sign(c) * setup_.loudness_gain * x;
    matched_ += matched * matched;
    peak_ = std::max(peak_, std::abs(r));
    tenths_[static_cast<std::size_t>(n * 10 / a_.sample_rate_hz())] += r * r;
    // By channels within a block: the first of all is the least.
    if (std::abs(r) > (is_exact_ ? 0.0 : setup_.rounding) && (first_ < 0 || n < first_)) first_ = n;
  }

  double seconds(std::int64_t frame) const { return static_cast<double>(first_a_ + frame) / a_.sample_rate_hz(); }
  double seconds_of_tenth(std::int64_t tenth) const {
    return static_cast<double>(first_a_) / a_.sample_rate_hz() + static_cast<double>(tenth) / 10;
  }

  void judge() {
    if (reference_ <= 0) return;
    if (matched_ > 0)
      test_.matched_residual_db =
          db_of_power(matched_ * gain_ * gain_ / (reference_ * setup_.loudness_gain * setup_.loudness_gain));
    if (first_ >= 0) test_.first_difference_s = seconds(first_);
    double all = 0;
    for (const double tenth : tenths_) all += tenth;
    if (all <= 0) return;
    test_.residual_db = db_of_power(all / reference_);
    test_.peak_residual_dbfs = 2 * db_of_power(peak_);
    find_worst_second();
    find_spans();
  }

  // Levels are relative to as much of A as there is in such a time on the mean.
  double relative_db(double power, double tenths) const {
    const double of_a = reference_ * tenths / (static_cast<double>(test_.frames) * 10 / a_.sample_rate_hz());
    return db_of_power(power / of_a);
  }

  void find_worst_second() {
    const std::size_t length = std::min<std::size_t>(10, tenths_.size());
    double worst = -1;
    std::size_t at = 0;
    for (std::size_t first = 0; first + length <= tenths_.size(); ++first) {
      double power = 0;
      for (std::size_t i = 0; i < length; ++i) power += tenths_[first + i];
      if (power > worst) {
        worst = power;
        at = first;
      }
    }
    const double tenths = std::min(10.0, static_cast<double>(test_.frames) * 10 / a_.sample_rate_hz());
    test_.worst_residual_db = relative_db(worst, tenths);
    test_.worst_at_s = seconds_of_tenth(static_cast<std::int64_t>(at));
  }

  void find_spans() {
    const double least = *std::ranges::max_element(tenths_) * std::pow(10.0, -kSpanRange_db / 10);
    struct Run {
      std::int64_t first, last;
      double power;
    };
    std::vector<Run> runs;
    for (std::int64_t i = 0; i < std::ssize(tenths_); ++i) {
      const double power = tenths_[static_cast<std::size_t>(i)];
      if (power <= 0 || power < least) continue;
      if (runs.empty() || i - runs.back().last > kJoined) runs.push_back({i, i, 0});
      runs.back().last = i;
      runs.back().power += power;
    }
    const std::size_t listed = std::min(kMostSpans, runs.size());
    test_.spans_not_listed = static_cast<int>(runs.size() - listed);
    std::ranges::partial_sort(runs, runs.begin() + static_cast<std::ptrdiff_t>(listed), std::greater(), &Run::power);
    runs.resize(listed);
    std::ranges::sort(runs, {}, &Run::first);
    const double end_s = seconds(test_.frames);
    for (const Run& run : runs) {
      test_.spans.push_back({seconds_of_tenth(run.first), std::min(seconds_of_tenth(run.last + 1), end_s),
                             relative_db(run.power, static_cast<double>(run.last - run.first + 1))});
    }
  }

  ComparedTrack& a_;
  ComparedTrack& b_;
  const Alignment& alignment_;
  const NullTestSetup& setup_;
  NullFindings test_;
  std::int64_t first_a_ = 0, first_b_ = 0, first_ = -1, sounding_ = 0, equal_ = 0;
  bool is_exact_ = false;
  std::vector<double> aa_, ab_, tenths_;
  double gain_ = 1, reference_ = 0, matched_ = 0, peak_ = 0;
};

}  // namespace

NullFindings null_test(ComparedTrack& a, ComparedTrack& b, const Alignment& alignment, const NullTestSetup& setup) {
  return NullRun(a, b, alignment, setup).run();
}

}  // namespace lathe
