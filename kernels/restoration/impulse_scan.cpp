#include "kernels/restoration/impulse_scan.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "kernels/restoration/impulse_lanes.h"
#include "kernels/simd/level.h"

namespace lathe {
namespace {

constexpr int kLaneCell = 32;
constexpr int kMedianOf = ImpulseLevelForm::kMedianOf, kApart = ImpulseLevelForm::kApart;
constexpr int kSame = ImpulseLevelForm::kSame;

std::size_t size_of(std::int64_t n) { return static_cast<std::size_t>(n); }

}  // namespace

ImpulseScan::ImpulseScan(const ImpulseDesign& design, int channels)
    : design_(design),
      channels_(channels),
      size_(design.hop + 2 * design.context),
      pad_((design.order + 64) / 16 * 16),
      cell_(kLaneCell * design.scale),
      cells_(size_ / cell_),
      kernels_(pick_level(sse2::impulse_kernels, avx2::impulse_kernels, avx512::impulse_kernels)),
      window_(size_of(size_)),
      weighed_(size_of(size_ + design.order + 32)),
      lags_(size_of((design.order + 16) / 16 * 16)),
      means_(size_of(size_ / kLaneCell + 32)),
      medians_(size_of(cells_ + 16)),
      marks_(size_of(size_)),
      all_marks_(size_of(size_)) {
  for (int n = 0; n < size_; ++n)
    window_[size_of(n)] = static_cast<float>(0.5 - 0.5 * std::cos(2 * std::numbers::pi * (n + 0.5) / size_));
  for (int c = 0; c < channels; ++c) {
    work_[c] = AlignedArray<float>(size_of(size_ + 2 * pad_));
    forward_[c] = AlignedArray<float>(size_of(size_));
    backward_[c] = AlignedArray<float>(size_of(size_));
    model_[c].resize(size_of(design.order + 1));
    for (int d = 0; d < 2; ++d) {
      peaks_[c][d] = AlignedArray<float>(size_of(size_ / kLaneCell));
      level_[c][d] = AlignedArray<float>(size_of(cells_));
    }
  }
}

double ImpulseScan::error(int channel, const float* x, int n, int direction) const {
  const double* a = model_[channel].data();
  double even = 0, odd = 0;
  for (int k = 0; k < design_.order; k += 2) {
    even += a[k] * static_cast<double>(x[n - direction * k]);
    odd += a[k + 1] * static_cast<double>(x[n - direction * (k + 1)]);
  }
  return even + odd;
}

double ImpulseScan::level(int channel, Span span) const {
  const std::size_t cell = size_of(std::min((span.first + span.end) / 2 / cell_, cells_ - 1));
  return static_cast<double>(std::max(level_[channel][0][cell], level_[channel][1][cell]));
}

void ImpulseScan::model(int channel) {
  kernels_.weigh(work(channel), window_.data(), size_, weighed_.data());
  kernels_.correlate(weighed_.data(), weighed_.data(), size_, static_cast<int>(lags_.size()), lags_.data());
  fit_ar(lags_.data(), design_.order, size_, model_[channel].data());
  solver_[channel].set_model(model_[channel].data(), design_.order);
  float a[128];
  for (int k = 0; k <= design_.order; ++k) a[k] = static_cast<float>(model_[channel][size_of(k)]);
  kernels_.residuals(work(channel), a, design_.order, size_, forward_[channel].data(), backward_[channel].data());
}

void ImpulseScan::levels(int channel) {
  const int fine = design_.scale;
  for (int d = 0; d < 2; ++d) {
    const float* e = d == 0 ? forward_[channel].data() : backward_[channel].data();
    float* peaks = peaks_[channel][d].data();
    kernels_.cells(e, cells_ * fine, means_.data(), peaks);
    for (int i = 0; i < cells_ && fine > 1; ++i) {
      float sum = 0, peak = 0;
      for (int k = 0; k < fine; ++k) {
        sum += means_[size_of(i * fine + k)];
        peak = std::max(peak, peaks[i * fine + k]);
      }
      means_[size_of(i)] = sum / static_cast<float>(fine);
      peaks[i] = peak;
    }
    const int last = cells_ - kMedianOf;
    kernels_.medians_of_8(means_.data(), last + 1, medians_.data());
    for (int i = 0; i < cells_; ++i) {
      const float before = medians_[size_of(std::clamp(i - kApart - kMedianOf + 1, 0, last))];
      const float after = medians_[size_of(std::clamp(i + kApart, 0, last))];
      level_[channel][d][size_of(i)] = ImpulseLevelForm::level(before, after);
    }
  }
}

// Marks alarms and joins them to spans; whether there are any.
bool ImpulseScan::alarms() {
  const float threshold = static_cast<float>(design_.threshold);
  const int from = design_.order, to = size_ - design_.order;
  std::fill(marks_.begin(), marks_.end(), std::uint8_t{0});
  spans_.clear();
  bool any = false;
  for (int c = 0; c < channels_; ++c) {
    for (int i = 0; i < cells_; ++i) {
      for (int d = 0; d < 2; ++d) {
        const float limit = threshold * level_[c][d][size_of(i)];
        if (!(peaks_[c][d][size_of(i)] > limit)) continue;
        const float other_limit = threshold * level_[c][1 - d][size_of(i)];
        const float* e = d == 0 ? forward_[c].data() : backward_[c].data();
        const float* other = d == 0 ? backward_[c].data() : forward_[c].data();
        for (int n = std::max(from, i * cell_); n < std::min(to, (i + 1) * cell_); ++n) {
          if (!(std::abs(e[n]) > limit)) continue;
          const float* end = other + std::min(size_, n + kSame + 1);
          if (std::any_of(other + std::max(0, n - kSame), end,
                          [other_limit](float v) { return std::abs(v) > other_limit; }))
            marks_[size_of(n)] = static_cast<std::uint8_t>(marks_[size_of(n)] | 1 << c), any = true;
        }
      }
    }
  }
  if (!any) return false;
  for (int n = from; n < to; ++n) {
    if (marks_[size_of(n)] == 0) continue;
    if (spans_.empty() || n - spans_.back().end >= design_.merge) spans_.push_back({n, n, 0});
    spans_.back().end = n + 1;
    spans_.back().channels |= marks_[size_of(n)];
  }
  std::erase_if(spans_, [this](Span s) { return s.end - s.first > design_.longest; });
  if (spans_.size() > size_of(design_.most)) {
    spans_.resize(size_of(design_.most));
    ++cut_short_;
  }
  for (Span& s : spans_) s = {std::max(s.first - 2, from), std::min(s.end + 3, to), s.channels};
  return !spans_.empty();
}

// Replaces the span by what the model makes of its surroundings; gap_ keeps that in double precision.
void ImpulseScan::fill(int channel, Span span) {
  const int order = design_.order, length = span.end - span.first;
  float* into = work(channel) + span.first;
  GapSolver& solver = solver_[channel];
  known_.assign(size_of(length + 2 * order + 16), 0.0);
  for (int i = 0; i < order; ++i) {
    known_[size_of(i)] = -static_cast<double>(into[i - order]);
    known_[size_of(order + length + i)] = -static_cast<double>(into[length + i]);
  }
  gap_.assign(size_of(length + 16), 0.0);
  kernels_.filter(known_.data() + 2 * order, solver.both_sides(), 2 * order + 1, length, gap_.data());
  solver.factor(length, nullptr);
  solver.solve(gap_);
  for (int i = 0; i < length; ++i) into[i] = static_cast<float>(gap_[size_of(i)]);
}

void ImpulseScan::mend(Span span) {
  for (int c = 0; c < channels_; ++c) {
    if ((span.channels >> c & 1) != 0) fill(c, span);
  }
}

std::vector<ImpulseScan::Span> ImpulseScan::spans_of_all_passes(const float* const* rows) {
  std::vector<Span> all;
  std::fill(all_marks_.begin(), all_marks_.end(), std::uint8_t{0});
  int changed = 3;
  for (int pass = 0; pass <= design_.passes; ++pass) {
    for (int c = 0; c < channels_; ++c) {
      if (pass == 0) std::copy_n(rows[c], size_, work(c));
      if ((changed >> c & 1) == 0) continue;
      model(c);
      levels(c);
    }
    if (pass == design_.passes || !alarms()) break;
    changed = 0;
    for (std::size_t n = 0; n < marks_.size(); ++n)
      all_marks_[n] = static_cast<std::uint8_t>(all_marks_[n] | marks_[n]);
    for (const Span& span : spans_) {
      mend(span);
      all.push_back(span);
      changed |= span.channels;
    }
  }
  return all;
}

void ImpulseScan::scan(const float* const* rows, std::int64_t first_frame, int first_channel,
                       std::vector<Impulse>& found, std::vector<float>& patches) {
  report(rows, spans_of_all_passes(rows), first_frame, first_channel, found, patches);
}

void ImpulseScan::scan(const float* const* rows, const ImpulseSearch& search, std::int64_t first_frame,
                       int first_channel, std::vector<Impulse>& found, std::vector<float>& patches) {
  for (int c = 0; c < channels_; ++c) {
    std::copy_n(search.work[c], size_, work(c));
    std::copy_n(search.forward[c], size_, forward_[c].data());
    for (int d = 0; d < 2; ++d) std::copy_n(search.level[c] + d * cells_, cells_, level_[c][d].data());
    std::copy_n(search.model[c], design_.order + 1, model_[c].data());
    solver_[c].set_model(model_[c].data(), design_.order);
  }
  for (int n = 0; n < size_; ++n)
    all_marks_[size_of(n)] = static_cast<std::uint8_t>(search.marks[n / 32] >> (n % 32) & 1);
  report(rows, search.spans, first_frame, first_channel, found, patches);
}

void ImpulseScan::report(const float* const* rows, std::vector<Span> all, std::int64_t first_frame, int first_channel,
                         std::vector<Impulse>& found, std::vector<float>& patches) {
  std::sort(all.begin(), all.end(), [](Span x, Span y) { return x.first < y.first; });
  std::vector<Span> joined_spans, parts;
  for (const Span& s : all) {
    if (!joined_spans.empty() && s.first - joined_spans.back().end < 8) {
      joined_spans.back().end = std::max(joined_spans.back().end, s.end);
      joined_spans.back().channels |= s.channels;
    } else {
      joined_spans.push_back(s);
    }
  }
  const int from = design_.context, to = design_.context + design_.hop;
  for (const Span& joined : joined_spans) {
    if (joined.end < from - 64 || joined.first >= to) continue;
    split(rows, joined, parts);
    for (const Span& part : parts) {
      if (part.first < from || part.first >= to) continue;
      for (int c = 0; c < channels_; ++c) {
        Judged judged;
        if (!judge(c, rows[c], part, judged)) continue;
        const double odds = evidence(c, judged);
        if (odds < design_.least_evidence) continue;
        const Span s = judged.span;
        found.push_back({first_frame + s.first, s.end - s.first, first_channel + c, odds,
                         static_cast<std::int64_t>(patches.size())});
        for (int i = s.first; i < s.end; ++i)
          patches.push_back(rows[c][i] - static_cast<float>(difference_[size_of(i - s.first)]));
      }
    }
  }
}

}  // namespace lathe
