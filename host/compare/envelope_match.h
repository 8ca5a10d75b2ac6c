// Where one track may lie in another: cross-correlation of their envelopes, in bounded memory.
//
// The envelope is the level of 0.5 ms over all channels, less its value before: it knows no polarity, no channel and
// hardly any equaliser. c[d] = sum over k of a[k] b[k + d], for d up to 5 s, is summed over pieces of 20 s in the
// frequency domain (one transform a piece, both envelopes in one as real and imaginary part).
#pragma once

#include <complex>
#include <cstdint>
#include <vector>

#include "host/compare/compared_track.h"

namespace lathe {

class EnvelopeMatch {
 public:
  static constexpr int kLongest_s = 5;

  explicit EnvelopeMatch(int sample_rate_hz);

  // The next frames of either track; both in step, as far as they go. A block without frames says that it has ended.
  void take_a(const ComparedBlock& block) { take(a_, block); }
  void take_b(const ComparedBlock& block) { take(b_, block); }
  void finish();

  // Delays of B against A in frames, each right to within `step_frames()`, the likeliest first; 0 is among them.
  std::vector<std::int64_t> delays(std::size_t most) const;
  int step_frames() const { return step_; }

 private:
  struct Envelope {
    std::vector<double> values;  // from `first` on
    std::int64_t first = 0;
    double sum = 0, before = 0;
    std::int64_t frames = 0;  // in the sum
    bool is_ended = false;
  };

  void take(Envelope& envelope, const ComparedBlock& block);
  void push(Envelope& envelope) const;
  bool reaches(const Envelope& envelope, std::int64_t end) const;
  void correlate();  // the piece that begins at piece_

  int step_;
  std::int64_t reach_;      // the longest delay, in steps
  std::int64_t piece_ = 0;  // where the next piece begins
  Envelope a_, b_;
  std::vector<std::complex<double>> spectrum_, work_;
  std::vector<double> correlation_;  // after finish(): of -reach_ .. reach_
};

}  // namespace lathe
