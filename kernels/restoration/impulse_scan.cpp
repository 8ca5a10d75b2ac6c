#include "kernels/restoration/impulse_scan.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <numbers>

#include "kernels/restoration/impulse_lanes.h"
#include "kernels/simd/level.h"

namespace lathe {
namespace {

constexpr int kCell = 32;
constexpr int kMedianOf = 8;
// Cells between the one judged and those its level is taken from: an impulse smears over the model's order.
constexpr int kApart = 2;

std::size_t size_of(int n) { return static_cast<std::size_t>(n); }

float median_of_8(const float* v) {
  float s[kMedianOf];
  std::copy_n(v, kMedianOf, s);
  for (int i = 1; i < kMedianOf; ++i) {
    const float x = s[i];
    int j = i;
    for (; j > 0 && s[j - 1] > x; --j) s[j] = s[j - 1];
    s[j] = x;
  }
  return 0.5f * (s[3] + s[4]);
}

}  // namespace

ImpulseScan::ImpulseScan(const ImpulseDesign& design, int channels)
    : design_(design),
      channels_(channels),
      size_(design.hop + 2 * design.context),
      pad_((design.order + 64) / 16 * 16),
      cells_(size_ / kCell),
      kernels_(pick_level(sse2::impulse_kernels, avx2::impulse_kernels, avx512::impulse_kernels)),
      window_(size_of(size_)),
      weighed_(size_of(size_ + design.order + 32)),
      means_(size_of(cells_)),
      marks_(size_of(size_)) {
  for (int n = 0; n < size_; ++n)
    window_[size_of(n)] = static_cast<float>(0.5 - 0.5 * std::cos(2 * std::numbers::pi * (n + 0.5) / size_));
  for (int c = 0; c < channels; ++c) {
    work_[c] = AlignedArray<float>(size_of(size_ + 2 * pad_));
    forward_[c] = AlignedArray<float>(size_of(size_));
    backward_[c] = AlignedArray<float>(size_of(size_));
    model_[c].resize(size_of(design.order + 1));
    for (int d = 0; d < 2; ++d) {
      peaks_[c][d] = AlignedArray<float>(size_of(cells_));
      sigma_[c][d] = AlignedArray<float>(size_of(cells_));
    }
  }
}

void ImpulseScan::model(int channel) {
  const int lags = (design_.order + 16) / 16 * 16;
  std::vector<double> r(size_of(lags));
  kernels_.weigh(work(channel), window_.data(), size_, weighed_.data());
  kernels_.correlate(weighed_.data(), weighed_.data(), size_, lags, r.data());
  fit_ar(r.data(), design_.order, size_, model_[channel].data());
  solver_[channel].set_model(model_[channel].data(), design_.order);
  float a[256];
  for (int k = 0; k <= design_.order; ++k) a[k] = static_cast<float>(model_[channel][size_of(k)]);
  kernels_.residuals(work(channel), a, design_.order, size_, forward_[channel].data(), backward_[channel].data());
}

// The level around each cell: the larger of what lies before and what lies behind it, so that music that goes on louder
// than before is not taken for an impulse.
void ImpulseScan::levels(int channel) {
  std::vector<float> medians(size_of(cells_));
  for (int d = 0; d < 2; ++d) {
    const float* e = d == 0 ? forward_[channel].data() : backward_[channel].data();
    kernels_.cells(e, cells_, means_.data(), peaks_[channel][d].data());
    const int last = cells_ - kMedianOf;
    for (int i = 0; i <= last; ++i) medians[size_of(i)] = median_of_8(means_.data() + i);
    for (int i = 0; i < cells_; ++i) {
      const float before = medians[size_of(std::clamp(i - kApart - kMedianOf + 1, 0, last))];
      const float after = medians[size_of(std::clamp(i + kApart, 0, last))];
      sigma_[channel][d][size_of(i)] = 1.2533f * std::max(before, after) + 1e-7f;
    }
  }
}

void ImpulseScan::alarms() {
  const float threshold = static_cast<float>(design_.threshold);
  const int from = design_.order, to = size_ - design_.order;
  std::fill(marks_.begin(), marks_.end(), std::uint8_t{0});
  bool any = false;
  for (int c = 0; c < channels_; ++c) {
    for (int i = 0; i < cells_; ++i) {
      for (int d = 0; d < 2; ++d) {
        const float limit = threshold * sigma_[c][d][size_of(i)];
        if (!(peaks_[c][d][size_of(i)] > limit)) continue;
        const float other = threshold * sigma_[c][1 - d][size_of(i)];
        const float* e = d == 0 ? forward_[c].data() : backward_[c].data();
        const float* o = d == 0 ? backward_[c].data() : forward_[c].data();
        for (int n = std::max(from, i * kCell); n < std::min(to, (i + 1) * kCell); ++n) {
          if (!(std::abs(e[n]) > limit)) continue;
          for (int m = std::max(0, n - 6); m <= std::min(size_ - 1, n + 6); ++m) {
            if (std::abs(o[m]) > other) {
              marks_[size_of(n)] = 1;
              any = true;
              break;
            }
          }
        }
      }
    }
  }
  spans_.clear();
  if (!any) return;
  for (int n = 0; n < size_; ++n) {
    if (marks_[size_of(n)] == 0) continue;
    if (!spans_.empty() && n - spans_.back().end < design_.merge)
      spans_.back().end = n + 1;
    else
      spans_.push_back({n, n + 1});
  }
  std::erase_if(spans_, [this](Span s) { return s.end - s.first > design_.longest; });
  for (Span& s : spans_) s = {std::max(s.first - 2, from), std::min(s.end + 3, to)};
}

// Fills the gap of `into` by the model.
void ImpulseScan::fill(int channel, Span span, float* into) {
  const int order = design_.order, length = span.end - span.first;
  GapSolver& solver = solver_[channel];
  const double* ac = solver.ac();
  known_.assign(size_of(length + 2 * order), 0.0);
  for (int i = 0; i < length + 2 * order; ++i) {
    if (i < order || i >= order + length) known_[size_of(i)] = static_cast<double>(into[span.first - order + i]);
  }
  gap_.assign(size_of(length), 0.0);
  for (int i = 0; i < length; ++i) {
    const double* at = known_.data() + order + i;
    double sum = ac[0] * at[0];
    for (int k = 1; k <= order; ++k) sum += ac[k] * (at[k] + at[-k]);
    gap_[size_of(i)] = -sum;
  }
  solver.factor(length, nullptr);
  solver.solve(gap_.data());
  for (int i = 0; i < length; ++i) into[span.first + i] = static_cast<float>(gap_[size_of(i)]);
}

double ImpulseScan::sigma(int channel, Span span) const {
  const std::size_t cell = size_of((span.first + span.end) / 2 / kCell);
  return static_cast<double>(std::max(sigma_[channel][0][cell], sigma_[channel][1][cell]));
}

// Where the impulse begins and ends: the first sample that what came before does not predict, the last that what comes
// after does not. `original` is the music with this impulse alone in it.
bool ImpulseScan::extent(int channel, Span span, const float* original, Span& out) const {
  const double* a = model_[channel].data();
  const int order = design_.order, from = std::max(span.first - 8, order), to = std::min(span.end + 8, size_ - order);
  const int cell = (span.first + span.end) / 2 / kCell;
  const double f = 3.5 * static_cast<double>(sigma_[channel][0][size_of(cell)]);
  const double b = 3.5 * static_cast<double>(sigma_[channel][1][size_of(cell)]);
  out = {-1, -1};
  for (int n = from; n < to && out.first < 0; ++n) {
    double e = 0;
    for (int k = 0; k <= order; ++k) e += a[k] * static_cast<double>(original[n - k]);
    if (std::abs(e) > f) out.first = n;
  }
  if (out.first < 0) return false;
  for (int n = to - 1; n >= out.first && out.end < 0; --n) {
    double e = 0;
    for (int k = 0; k <= order; ++k) e += a[k] * static_cast<double>(original[n + k]);
    if (std::abs(e) > b) out.end = n + 1;
  }
  return out.end > 0;
}

// Whether one offset explains the span, in the channel that it stands out in most.
bool ImpulseScan::is_offset(const float* const* rows, Span span) {
  double best = 0;
  bool is = false;
  for (int c = 0; c < channels_; ++c) {
    float* w = work(c);
    const int from = std::max(span.first - 16, 0), to = std::min(span.end + 16, size_);
    const std::vector<float> repaired(w + from, w + to);
    std::copy(rows[c] + span.first, rows[c] + span.end, w + span.first);
    Span s;
    if (extent(c, span, w, s)) {
      const double level = sigma(c, span);
      fill(c, s, w);
      difference_.resize(size_of(s.end - s.first));
      for (int i = s.first; i < s.end; ++i)
        difference_[size_of(i - s.first)] = static_cast<double>(rows[c][i]) - gap_[size_of(i - s.first)];
      const auto verdict = shapes_.judge(solver_[c], level * level, ClickShapes::Depth::few, difference_);
      if (verdict.log_odds > best) {
        best = verdict.log_odds;
        is = verdict.is_offset;
      }
    }
    std::copy(repaired.begin(), repaired.end(), w + from);
  }
  return is;
}

// Two clicks that alarms have joined are told apart when the samples between them, put back, agree with the model.
void ImpulseScan::split(const float* const* rows, Span span, std::vector<Span>& parts) {
  constexpr int kApartAtLeast = 10;
  static const double kSound = std::getenv("SOUND") ? std::atof(std::getenv("SOUND")) : 2;
  parts.assign(1, span);
  if (is_offset(rows, span)) return;
  int last = -1;
  for (int n = span.first; n < span.end; ++n) {
    if (alarmed_[size_of(n)] == 0) continue;
    if (last >= 0 && n - last > kApartAtLeast) {
      const Span middle{last + 3, n - 2};
      const Span whole = parts.back(), left{whole.first, middle.first}, right{middle.end, whole.end};
      bool is_sound = true;
      for (int c = 0; c < channels_ && is_sound; ++c) {
        float* w = work(c);
        const std::vector<float> kept(w + whole.first, w + whole.end);
        std::copy(rows[c] + middle.first, rows[c] + middle.end, w + middle.first);
        fill(c, left, w);
        fill(c, right, w);
        double errors = 0;
        const int end = std::min(middle.end + 4, size_ - design_.order);
        for (int i = middle.first; i < end; ++i) {
          double f = 0;
          for (int k = 0; k <= design_.order; ++k) f += model_[c][size_of(k)] * static_cast<double>(w[i - k]);
          errors += f * f;
        }
        const double s = sigma(c, whole);
        is_sound = errors < kSound * s * s * (end - middle.first);
        std::copy(kept.begin(), kept.end(), w + whole.first);
      }
      if (is_sound) {
        parts.back() = left;
        parts.push_back(right);
      }
    }
    last = n;
  }
}

void ImpulseScan::scan(const float* const* rows, std::int64_t first_frame, std::vector<Impulse>& found,
                       std::vector<float>& patches) {
  for (int c = 0; c < channels_; ++c) {
    std::copy_n(rows[c], size_, work(c));
    model(c);
    levels(c);
  }
  std::vector<Span> all;
  for (int pass = 0; pass < design_.passes; ++pass) {
    alarms();
    if (spans_.empty()) break;
    if (pass == 0)
      alarmed_ = marks_;
    else
      for (std::size_t n = 0; n < marks_.size(); ++n) alarmed_[n] |= marks_[n];
    for (const Span& span : spans_) {
      for (int c = 0; c < channels_; ++c) fill(c, span, work(c));
      all.push_back(span);
    }
    for (int c = 0; c < channels_; ++c) {
      model(c);
      levels(c);
    }
  }
  if (all.empty()) return;
  std::sort(all.begin(), all.end(), [](Span x, Span y) { return x.first < y.first; });
  std::vector<Span> merged, parts;
  for (const Span& s : all) {
    if (!merged.empty() && s.first - merged.back().end < 8)
      merged.back().end = std::max(merged.back().end, s.end);
    else
      merged.push_back(s);
  }
  for (const Span& joined : merged) {
    if (joined.end < design_.context - 64 || joined.first > design_.context + design_.hop) continue;
    split(rows, joined, parts);
    // Where the middle proved sound it is put back before the parts are judged.
    for (std::size_t i = 0; i + 1 < parts.size(); ++i) {
      for (int c = 0; c < channels_; ++c)
        std::copy(rows[c] + parts[i].end, rows[c] + parts[i + 1].first, work(c) + parts[i].end);
    }
    if (parts.size() > 1) {
      for (int again = 0; again < 2; ++again) {
        for (const Span& part : parts) {
          for (int c = 0; c < channels_; ++c) fill(c, part, work(c));
        }
      }
    }
    for (const Span& span : parts) {
      if (span.first < design_.context || span.first >= design_.context + design_.hop) continue;
      for (int c = 0; c < channels_; ++c) {
        float* w = work(c);
        const int from = std::max(span.first - 16, 0), to = std::min(span.end + 16, size_);
        const std::vector<float> repaired(w + from, w + to);
        std::copy(rows[c] + span.first, rows[c] + span.end, w + span.first);
        Span s;
        if (extent(c, span, w, s)) {
          const double level = sigma(c, span);
          fill(c, s, w);
          difference_.resize(size_of(s.end - s.first));
          for (int i = s.first; i < s.end; ++i)
            difference_[size_of(i - s.first)] = static_cast<double>(rows[c][i]) - gap_[size_of(i - s.first)];
          const auto verdict = shapes_.judge(solver_[c], level * level, ClickShapes::Depth::few, difference_);
          if (verdict.log_odds > design_.least_log_odds) {
            double peak = 0;
            for (const double d : difference_) peak = std::max(peak, std::abs(d));
            found.push_back({first_frame + s.first, s.end - s.first, c, verdict.log_odds, verdict.is_offset,
                             static_cast<float>(level), static_cast<float>(peak), {},
                             static_cast<std::int64_t>(patches.size())});
            {
              for (int i = s.first; i < s.end; ++i) w[i] = rows[c][i] - static_cast<float>(difference_[size_of(i - s.first)]);
              const auto fe = [&](int n) {
                double e = 0;
                for (int k = 0; k <= design_.order; ++k) e += model_[c][size_of(k)] * static_cast<double>(w[n - k]);
                return e * e;
              };
              const auto be = [&](int n) {
                double e = 0;
                for (int k = 0; k <= design_.order; ++k) e += model_[c][size_of(k)] * static_cast<double>(w[n + k]);
                return e * e;
              };
              double na = 0, nb = 0, in = 0;
              for (int k = 0; k < 64; ++k) {
                na += fe(s.end + k);
                nb += be(s.first - 1 - k);
              }
              for (int n = s.first; n < s.end; ++n) in += fe(n);
              double ra = 1e-9, rb = 1e-9, da = 1e-9, db = 1e-9;
              for (int k = 0; k < 512; ++k) {
                const double a0 = w[s.end + k], a1 = w[s.end + k + 1], b0 = w[s.first - 1 - k], b1 = w[s.first - 2 - k];
                ra += a0 * a0;
                rb += b0 * b0;
                da += (a1 - a0) * (a1 - a0);
                db += (b1 - b0) * (b1 - b0);
              }
              float* ft = found.back().feature;
              ft[0] = static_cast<float>(na / 64 / level / level);
              ft[1] = static_cast<float>(nb / 64 / level / level);
              ft[2] = static_cast<float>(std::log(ra / rb));
              ft[3] = static_cast<float>(std::log(da / db));
              const int cell = (s.first + s.end) / 2 / kCell;
              double ca = 1e-9, cb = 1e-9;
              for (int k = 0; k < 8; ++k) {
                const auto mean = [&](int cc) {
                  double m = 0;
                  for (int n = cc * kCell; n < (cc + 1) * kCell; ++n) m += std::abs(static_cast<double>(forward_[c][size_of(n)]));
                  return m;
                };
                ca += mean(cell + 2 + k);
                cb += mean(cell - 2 - k);
              }
              ft[4] = static_cast<float>(std::log(ca / cb));
              ft[5] = static_cast<float>(std::sqrt(rb / 512));
              double best = 0, tot = 0;
              for (double d : difference_) {
                best = std::max(best, d * d);
                tot += d * d;
              }
              ft[6] = static_cast<float>(best / tot);
              ft[7] = static_cast<float>(in / (s.end - s.first) / level / level);
            }
            for (int i = s.first; i < s.end; ++i)
              patches.push_back(rows[c][i] - static_cast<float>(difference_[size_of(i - s.first)]));
          }
        }
        std::copy(repaired.begin(), repaired.end(), w + from);
      }
    }
  }
}

}  // namespace lathe
