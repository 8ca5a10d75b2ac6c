#include "tests/support/declick_oracle.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <tuple>

#include "tests/support/click_oracle.h"
#include "tests/support/impulse_oracle.h"

namespace lathe::test {
namespace {

std::size_t size_of(std::int64_t n) { return static_cast<std::size_t>(n); }

double square(double x) { return x * x; }

double log_ratio(double above, double below) {
  return std::clamp(std::log((above + 1e-9) / (below + 1e-9)), -3.0, 3.0);
}

struct Span {
  int first = 0, end = 0;
  int channels = 3;
};

// One block with its neighbourhood, in the channels that are looked at together.
class OracleBlock {
 public:
  OracleBlock(const ImpulseDesign& design, std::vector<Signal> rows)
      : design_(design), rows_(std::move(rows)), size_(design.hop + 2 * design.context), marks_(size_of(size_)) {}

  void report(std::int64_t first_frame, int first_channel, std::vector<OracleImpulse>& out) {
    search();
    const int from = design_.context, to = design_.context + design_.hop;
    for (const Span& joined : joined_spans()) {
      if (joined.end < from - 64 || joined.first >= to) continue;
      for (const Span& part : split(joined)) {
        if (part.first < from || part.first >= to) continue;
        for (int c = 0; c < channels(); ++c) {
          Judged judged;
          if (!judge(c, part, judged)) continue;
          const double odds = evidence(c, judged);
          if (odds < design_.least_evidence) continue;
          OracleImpulse impulse{
              first_frame + judged.span.first, judged.span.end - judged.span.first, first_channel + c, odds, {}};
          for (int n = judged.span.first; n < judged.span.end; ++n)
            impulse.patch.push_back(row(c)[size_of(n)] - judged.shape.damage[size_of(n - judged.span.first)]);
          out.push_back(impulse);
        }
      }
    }
  }

 private:
  struct Judged {
    Span span;
    ClickVerdict shape;
  };

  int channels() const { return static_cast<int>(rows_.size()); }
  const Signal& row(int c) const { return rows_[size_of(c)]; }
  double at(int c, std::int64_t n) const { return n >= 0 && n < size_ ? work_[size_of(c)][size_of(n)] : 0; }
  double error(int c, std::int64_t n, int direction) const {
    double sum = 0;
    for (int k = 0; k <= design_.order; ++k) sum += model_[size_of(c)][size_of(k)] * at(c, n - direction * k);
    return sum;
  }
  int cell() const { return 32 * design_.scale; }
  int cells() const { return size_ / cell(); }
  int cell_of(const Span& s) const { return std::min((s.first + s.end) / 2 / cell(), cells() - 1); }
  double level(int c, const Span& s) const {
    return std::max(level_[size_of(c)][0][size_of(cell_of(s))], level_[size_of(c)][1][size_of(cell_of(s))]);
  }

  void model(int c) {
    Signal x(size_of(size_));
    for (int n = 0; n < size_; ++n)
      x[size_of(n)] = at(c, n) * (0.5 - 0.5 * std::cos(2 * std::numbers::pi * (n + 0.5) / size_));
    std::vector<double> r(size_of(design_.order + 1));
    for (int k = 0; k <= design_.order; ++k) {
      for (int n = 0; n + k < size_; ++n) r[size_of(k)] += x[size_of(n)] * x[size_of(n + k)];
    }
    r[0] = r[0] * (1 + 1e-9) + 1e-14 * size_;
    model_[size_of(c)] = oracle_ar(r, design_.order);
    for (int d = 0; d < 2; ++d) levels(c, d);
  }

  void levels(int c, int d) {
    Signal& e = errors_[size_of(c)][d];
    e.clear();
    for (int n = 0; n < size_; ++n) e.push_back(std::abs(error(c, n, 1 - 2 * d)));
    std::vector<double> means;
    for (int i = 0; i < cells(); ++i) {
      double sum = 0;
      for (int n = i * cell(); n < (i + 1) * cell(); ++n) sum += e[size_of(n)];
      means.push_back(sum / cell());
    }
    const auto median = [&](int first) {
      std::vector<double> eight;
      for (int k = 0; k < 8; ++k) eight.push_back(means[size_of(std::clamp(first, 0, cells() - 8) + k)]);
      std::sort(eight.begin(), eight.end());
      return (eight[3] + eight[4]) / 2;
    };
    level_[size_of(c)][d].clear();
    for (int i = 0; i < cells(); ++i)
      level_[size_of(c)][d].push_back(std::max(1.2533 * std::max(median(i - 9), median(i + 2)), 1.5e-5));
  }

  std::vector<Span> alarms() {
    std::vector<int> marks(size_of(size_));
    for (int c = 0; c < channels(); ++c) {
      for (int n = design_.order; n < size_ - design_.order; ++n) {
        for (int d = 0; d < 2; ++d) {
          const std::size_t i = size_of(n / cell());
          if (!(errors_[size_of(c)][d][size_of(n)] > design_.threshold * level_[size_of(c)][d][i])) continue;
          for (int m = std::max(n - 6, 0); m <= std::min(n + 6, size_ - 1); ++m) {
            if (errors_[size_of(c)][1 - d][size_of(m)] > design_.threshold * level_[size_of(c)][1 - d][i])
              marks[size_of(n)] |= 1 << c;
          }
        }
      }
    }
    std::vector<Span> spans;
    for (int n = 0; n < size_; ++n) {
      if (marks[size_of(n)] == 0) continue;
      if (spans.empty() || n - spans.back().end >= design_.merge) spans.push_back({n, n, 0});
      spans.back().end = n + 1;
      spans.back().channels |= marks[size_of(n)];
    }
    std::erase_if(spans, [&](const Span& s) { return s.end - s.first > design_.longest; });
    if (spans.size() > size_of(design_.most)) spans.resize(size_of(design_.most));
    for (Span& s : spans) {
      s.first = std::max(s.first - 2, design_.order);
      s.end = std::min(s.end + 3, size_ - design_.order);
    }
    for (int n = 0; n < size_ && !spans.empty(); ++n) marks_[size_of(n)] |= marks[size_of(n)];
    return spans;
  }

  void fill(int c, const Span& s) {
    work_[size_of(c)] = oracle_fill(work_[size_of(c)], s.first, s.end - s.first, model_[size_of(c)]);
  }
  void mend(const Span& s) {
    for (int c = 0; c < channels(); ++c) {
      if ((s.channels >> c & 1) != 0) fill(c, s);
    }
  }

  void search() {
    work_ = rows_;
    for (int pass = 0;; ++pass) {
      for (int c = 0; c < channels(); ++c) model(c);
      if (pass == design_.passes) return;
      const std::vector<Span> spans = alarms();
      if (spans.empty()) return;
      for (const Span& s : spans) {
        mend(s);
        all_.push_back(s);
      }
    }
  }

  std::vector<Span> joined_spans() {
    std::sort(all_.begin(), all_.end(), [](const Span& a, const Span& b) { return a.first < b.first; });
    std::vector<Span> joined;
    for (const Span& s : all_) {
      if (!joined.empty() && s.first - joined.back().end < 8) {
        joined.back().end = std::max(joined.back().end, s.end);
        joined.back().channels |= s.channels;
      } else {
        joined.push_back(s);
      }
    }
    return joined;
  }

  bool judge(int c, const Span& span, Judged& out) {
    Signal& w = work_[size_of(c)];
    const Signal kept = w;
    std::copy(row(c).begin() + span.first, row(c).begin() + span.end, w.begin() + span.first);
    const double* level[2] = {&level_[size_of(c)][0][size_of(cell_of(span))],
                              &level_[size_of(c)][1][size_of(cell_of(span))]};
    int first = std::max(span.first - 8, design_.order), end = std::min(span.end + 8, size_ - design_.order);
    const int to = end;
    while (first < to && !(std::abs(error(c, first, 1)) > 3.5 * *level[0])) ++first;
    while (end > first && !(std::abs(error(c, end - 1, -1)) > 3.5 * *level[1])) --end;
    out.span = {first, end, 3};
    if (end > first) {
      fill(c, out.span);
      std::vector<double> difference;
      for (int n = first; n < end; ++n) difference.push_back(row(c)[size_of(n)] - w[size_of(n)]);
      out.shape = oracle_click(model_[size_of(c)], square(this->level(c, span)), false, difference);
    }
    w = kept;
    return end > first;
  }

  std::vector<Span> split(const Span& span) {
    std::vector<Span> parts{span};
    int last = -1;
    bool is_checked = false;
    for (int n = span.first; n < span.end; ++n) {
      if (marks_[size_of(n)] == 0) continue;
      if (last >= 0 && n - last > 10) {
        if (!is_checked && is_offset(span)) return {span};
        is_checked = true;
        const Span left{parts.back().first, last + 3, span.channels}, right{n - 2, span.end, span.channels};
        if (is_sound(left, right)) {
          parts.back() = left;
          parts.push_back(right);
        }
      }
      last = n;
    }
    if (parts.size() == 1) return parts;
    for (std::size_t i = 0; i + 1 < parts.size(); ++i) put_back(parts[i].end, parts[i + 1].first, 3);
    for (int again = 0; again < 2; ++again) {
      for (const Span& part : parts) mend(part);
    }
    return parts;
  }

  void put_back(int first, int end, int which) {
    for (int c = 0; c < channels(); ++c) {
      if ((which >> c & 1) != 0)
        std::copy(row(c).begin() + first, row(c).begin() + end, work_[size_of(c)].begin() + first);
    }
  }

  bool is_offset(const Span& span) {
    double best = 0;
    bool is = false;
    for (int c = 0; c < channels(); ++c) {
      Judged judged;
      if (!judge(c, span, judged) || judged.shape.log_odds <= best) continue;
      best = judged.shape.log_odds;
      is = judged.shape.is_offset;
    }
    return is;
  }

  bool is_sound(const Span& left, const Span& right) {
    for (int c = 0; c < channels(); ++c) {
      if ((left.channels >> c & 1) == 0) continue;
      const Signal kept = work_[size_of(c)];
      put_back(left.end, right.first, 1 << c);
      fill(c, left);
      fill(c, right);
      double errors = 0;
      const int end = std::min(right.first + 4, size_);
      for (int n = left.end; n < end; ++n) errors += square(error(c, n, 1));
      work_[size_of(c)] = kept;
      if (errors > 2 * square(level(c, {left.first, right.end, 3})) * (end - left.end)) return false;
    }
    return true;
  }

  // The regression of ImpulseScan::evidence.
  double evidence(int c, const Judged& judged) const {
    const Span s = judged.span;
    const int near = 64 * design_.scale, far = 512 * design_.scale;
    double peak = 1e-18, total = 1e-18;
    for (const double d : judged.shape.damage) {
      peak = std::max(peak, square(d));
      total += square(d);
    }
    if (peak < square(3e-4)) return -99;
    double left_after = 0, left_before = 0;
    for (int k = 0; k < near; ++k) {
      left_after += square(error(c, std::min(s.end + k, size_ - 1), 1));
      left_before += square(error(c, std::max(s.first - 1 - k, 0), -1));
    }
    double after = 0, before = 0, slope_after = 0, slope_before = 0;
    for (int k = 0; k < far; ++k) {
      const int a = std::min(s.end + k, size_ - 2), b = std::max(s.first - 1 - k, 1);
      after += square(at(c, a));
      before += square(at(c, b));
      slope_after += square(at(c, a + 1) - at(c, a));
      slope_before += square(at(c, b) - at(c, b - 1));
    }
    const auto errors_from = [&](int first) {
      double sum = 0;
      const int from = std::clamp(first, 0, cells() - 8) * cell();
      for (int n = from; n < from + 8 * cell(); ++n) sum += errors_[size_of(c)][0][size_of(n)];
      return sum;
    };
    const int middle = (s.first + s.end) / 2 / cell();
    const double unit = near * square(level(c, s)), rms = std::sqrt((before + 1e-9) / far);
    const double likelihood = std::log(std::max(judged.shape.log_odds, 1.0));
    const double length = std::log((s.end - s.first) / design_.unit);
    const double error_change = log_ratio(errors_from(middle + 2), errors_from(middle - 9));
    double odds = -13.80 + 0.86 * likelihood + 1.25 * std::min(likelihood, 6.0) + 0.55 * length - 0.33 * square(length);
    if (judged.shape.is_offset) odds += 3.41 + 0.30 * std::min(likelihood, 8.0);
    odds -= 2.40 * std::clamp(std::log(left_after / unit + 0.1), 0.0, 3.0);
    odds -= 0.52 * std::clamp(std::log(left_before / unit + 0.1), 0.0, 3.0);
    odds -= 1.45 * std::max(log_ratio(after, before), 0.0) + 0.45 * std::max(log_ratio(slope_after, slope_before), 0.0);
    odds -= error_change > 0 ? 0.48 * error_change : -2.65 * error_change;
    odds += 1.62 * std::clamp(std::log((std::sqrt(peak) + 1e-9) / (rms + 1e-4)), -4.0, 4.0);
    odds += 0.77 * std::log(peak / total + 0.02);
    return odds;
  }

  ImpulseDesign design_;
  std::vector<Signal> rows_, work_;
  int size_;
  std::vector<int> marks_;
  std::vector<double> model_[2];
  Signal errors_[2][2];  // magnitudes, [channel][0 forward, 1 backward]
  std::vector<double> level_[2][2];
  std::vector<Span> all_;
};

Signal stretch(const Signal& x, std::int64_t first, std::int64_t count) {
  Signal out;
  for (std::int64_t n = first; n < first + count; ++n)
    out.push_back(n >= 0 && n < static_cast<std::int64_t>(x.size()) ? x[size_of(n)] : 0);
  return out;
}

}  // namespace

std::vector<OracleImpulse> oracle_impulses(const std::vector<Signal>& track, const ImpulseDesign& design) {
  const auto channels = static_cast<int>(track.size());
  const auto frames = static_cast<std::int64_t>(track[0].size());
  const int group = channels == 2 ? 2 : 1;
  std::vector<OracleImpulse> found;
  for (std::int64_t first = 0; first < frames; first += design.hop) {
    for (int c = 0; c < channels; c += group) {
      std::vector<Signal> rows;
      for (int g = 0; g < group; ++g)
        rows.push_back(stretch(track[size_of(c + g)], first - design.context, design.hop + 2 * design.context));
      OracleBlock(design, std::move(rows)).report(first - design.context, c, found);
    }
  }
  std::stable_sort(found.begin(), found.end(), [](const OracleImpulse& a, const OracleImpulse& b) {
    return std::tie(a.first_frame, a.channel) < std::tie(b.first_frame, b.channel);
  });
  return found;
}

double oracle_needed(const std::vector<OracleImpulse>& impulses, const RemoverDesign& design, double strength,
                     double minutes) {
  double sure = 0;
  for (const OracleImpulse& i : impulses) sure += 1 / (1 + std::exp(1 - i.evidence));
  const double rate = std::max(sure / std::max(minutes, 1.0 / 60), 1.0);
  return std::max(design.from - design.slope * std::log10(rate), design.lowest) +
         design.by_strength * 2 * (0.5 - strength);
}

std::vector<Signal> oracle_mended(const std::vector<Signal>& track, const std::vector<OracleImpulse>& impulses,
                                  double needed, const RemoverDesign& design) {
  const auto channels = static_cast<int>(track.size());
  const auto frames = static_cast<std::int64_t>(track[0].size());
  const std::int64_t margin = 2 * design.repair.half;  // silence on both sides, so that every index is inside
  std::vector<Signal> damaged, patched, out = track;
  std::vector<std::vector<bool>> bad(size_of(channels), std::vector<bool>(size_of(frames + 2 * margin)));
  for (const Signal& x : track) damaged.push_back(stretch(x, -margin, frames + 2 * margin));
  patched = damaged;
  for (const OracleImpulse& i : impulses) {
    if (i.evidence < needed) continue;
    for (std::int64_t n = 0; n < i.frames; ++n) {
      patched[size_of(i.channel)][size_of(margin + i.first_frame + n)] = i.patch[size_of(n)];
      bad[size_of(i.channel)][size_of(margin + i.first_frame + n)] = true;
    }
  }
  // In stretches of eight hops: what one mended is patched again for the next, but for what reaches into that.
  const std::int64_t step = 8 * design.scan.hop;
  std::vector<Signal> mended = patched;
  for (std::int64_t core = 0; core < frames; core += step) {
    for (int c = 0; c < channels; ++c) {
      for (std::int64_t n = 0; n < margin + core; ++n) mended[size_of(c)][size_of(n)] = patched[size_of(c)][size_of(n)];
    }
    for (const OracleImpulse& i : impulses) {
      if (i.evidence < needed || i.first_frame < core || i.first_frame >= std::min(core + step, frames)) continue;
      const std::int64_t first = margin + i.first_frame, reach = design.repair.reach + 2;
      const Signal* other = nullptr;
      if (channels == 2 && design.repair.reach > 0) {
        const auto& beside = bad[size_of(1 - i.channel)];
        if (std::none_of(beside.begin() + (first - reach), beside.begin() + (first + i.frames + reach),
                         [](bool b) { return b; }))
          other = &mended[size_of(1 - i.channel)];
      }
      const Signal repaired =
          oracle_repair(design.repair, mended[size_of(i.channel)], other, damaged[size_of(i.channel)], first, i.frames);
      for (std::int64_t n = 0; n < i.frames; ++n) {
        mended[size_of(i.channel)][size_of(first + n)] = repaired[size_of(n)];
        if (i.first_frame + n < frames) out[size_of(i.channel)][size_of(i.first_frame + n)] = repaired[size_of(n)];
      }
    }
  }
  return out;
}

}  // namespace lathe::test
