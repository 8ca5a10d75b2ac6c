#include "host/compare/envelope_match.h"

#include <algorithm>
#include <cmath>

#include "kernels/fft/real_fft_double.h"

namespace lathe {
namespace {

constexpr std::size_t kPoints = 65536;
constexpr int kEnvelope_hz = 2000;
constexpr std::int64_t kPiece = 40960;  // with the longest delay on either side less than kPoints

}  // namespace

EnvelopeMatch::EnvelopeMatch(int sample_rate_hz)
    : step_(std::max(1, (sample_rate_hz + kEnvelope_hz / 2) / kEnvelope_hz)),
      reach_(static_cast<std::int64_t>(kLongest_s) * sample_rate_hz / step_),
      spectrum_(kPoints),
      work_(kPoints) {
  b_.first = -reach_;  // before it begins there is silence
  b_.values.assign(static_cast<std::size_t>(reach_), 0.0);
}

void EnvelopeMatch::push(Envelope& envelope) const {
  const double level = std::sqrt(envelope.sum / step_);
  envelope.values.push_back(level - envelope.before);
  envelope.before = level;
  envelope.sum = 0;
  envelope.frames = 0;
}

void EnvelopeMatch::take(Envelope& envelope, const ComparedBlock& block) {
  for (std::int64_t n = 0; n < block.frames; ++n) {
    for (const auto& channel : block.channels) {
      const double x = channel[static_cast<std::size_t>(n)];
      envelope.sum += x * x;
    }
    if (++envelope.frames == step_) push(envelope);
  }
  envelope.is_ended = block.frames == 0;
  // What one of them goes on for when the other has ended is not kept.
  while (!(a_.is_ended && b_.is_ended) && reaches(a_, piece_ + kPiece) && reaches(b_, piece_ + kPiece + reach_))
    correlate();
}

bool EnvelopeMatch::reaches(const Envelope& envelope, std::int64_t end) const {
  return envelope.is_ended || envelope.first + std::ssize(envelope.values) >= end;
}

void EnvelopeMatch::correlate() {
  const auto at = [](const Envelope& one, std::int64_t k) {
    const std::int64_t index = k - one.first;
    return index >= 0 && index < static_cast<std::int64_t>(one.values.size())
               ? one.values[static_cast<std::size_t>(index)]
               : 0.0;
  };
  std::ranges::fill(work_, std::complex<double>());
  for (std::int64_t k = 0; k < kPiece + 2 * reach_; ++k)
    work_[static_cast<std::size_t>(k)] = {k < kPiece ? at(a_, piece_ + k) : 0.0, at(b_, piece_ - reach_ + k)};
  fft_double(work_);
  for (std::size_t k = 0; k < kPoints; ++k) {
    const std::complex<double> z = work_[k], mirrored = std::conj(work_[(kPoints - k) % kPoints]);
    const std::complex<double> a = 0.5 * (z + mirrored), b = std::complex<double>(0, -0.5) * (z - mirrored);
    spectrum_[k] += std::conj(a) * b;
  }
  piece_ += kPiece;
  const auto forget = [](Envelope& one, std::int64_t before) {
    const std::int64_t count = std::clamp<std::int64_t>(before - one.first, 0, std::ssize(one.values));
    one.values.erase(one.values.begin(), one.values.begin() + count);
    one.first += count;
  };
  forget(a_, piece_);
  forget(b_, piece_ - reach_);
}

void EnvelopeMatch::finish() {
  for (Envelope* envelope : {&a_, &b_}) {
    if (envelope->frames > 0) push(*envelope);
  }
  while (a_.first + std::ssize(a_.values) > piece_) correlate();
  // The inverse transform, by the conjugate.
  std::vector<std::complex<double>> inverse(kPoints);
  for (std::size_t k = 0; k < kPoints; ++k) inverse[k] = std::conj(spectrum_[k]);
  fft_double(inverse);
  correlation_.resize(static_cast<std::size_t>(2 * reach_ + 1));
  for (std::size_t d = 0; d < correlation_.size(); ++d) correlation_[d] = inverse[d].real();
}

std::vector<std::int64_t> EnvelopeMatch::delays(std::size_t most) const {
  std::vector<std::size_t> peaks;
  for (std::size_t d = 0; d < correlation_.size(); ++d) {
    const bool is_peak = (d == 0 || correlation_[d] >= correlation_[d - 1]) &&
                         (d + 1 == correlation_.size() || correlation_[d] > correlation_[d + 1]);
    if (is_peak && correlation_[d] > 0) peaks.push_back(d);
  }
  std::ranges::sort(peaks, [this](std::size_t x, std::size_t y) { return correlation_[x] > correlation_[y]; });
  if (peaks.size() > most) peaks.resize(most);
  std::vector<std::int64_t> delays;
  for (const std::size_t d : peaks) delays.push_back((static_cast<std::int64_t>(d) - reach_) * step_);
  if (std::ranges::find(delays, 0) == delays.end()) delays.push_back(0);
  return delays;
}

}  // namespace lathe
