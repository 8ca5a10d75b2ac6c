#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <utility>

#include "kernels/aligned.h"
#include "kernels/dynamics/gain_ride.h"
#include "kernels/math/decibel.h"
#include "kernels/math/number_text.h"

namespace lathe {

GainRide::GainRide(double sample_rate_hz, const std::vector<double>& knots_db)
    : spacing_(spacing_frames(sample_rate_hz)), knots_db_(knots_db) {
  if (knots_db.empty()) throw std::invalid_argument("GainRide: there are no knots");
  for (const double db : knots_db) knots_.push_back(static_cast<float>(db_to_amplitude(db)));
  knots_.push_back(knots_.back());
}

std::int64_t GainRide::spacing_frames(double sample_rate_hz) {
  if (!(sample_rate_hz >= 4000)) throw std::invalid_argument("level: sample_rate_hz is " + number_text(sample_rate_hz));
  return std::llround(sample_rate_hz / 160) * 16;
}

namespace cpu {
namespace {

class Ride final : public Stage {
 public:
  Ride(std::shared_ptr<const GainRide> ride, int channels)
      : ride_(std::move(ride)), channels_(channels), out_(static_cast<std::size_t>(kStep * channels)) {}

  std::string_view name() const override { return "level"; }
  std::int64_t look_ahead_frames() const override { return 0; }

  void take(AudioView in) override {
    for (std::int64_t first = 0; first < in.frames;) {
      const std::int64_t knot = at_ / ride_->spacing(), from = at_ % ride_->spacing();
      const std::int64_t count = std::min({kStep, in.frames - first, ride_->spacing() - from});
      const auto last = static_cast<std::int64_t>(ride_->knots().size()) - 1;
      const float start = ride_->knots()[static_cast<std::size_t>(std::min(knot, last))],
                  end = ride_->knots()[static_cast<std::size_t>(std::min(knot + 1, last))];
      const float step = (end - start) * (1 / static_cast<float>(ride_->spacing()));
      for (int c = 0; c < channels_; ++c) {
        const float* x = in.channel(c) + first;
        float* y = out_.data() + c * kStep;
        const auto place = static_cast<std::int32_t>(from);
        for (std::int32_t n = 0; n < static_cast<std::int32_t>(count); ++n)
          y[n] = x[n] * (start + step * static_cast<float>(place + n));
      }
      next().take(AudioView{out_.data(), channels_, count, kStep});
      first += count;
      at_ += count;
    }
  }
  void finish() override {
    at_ = 0;
    next().finish();
  }

 private:
  static constexpr std::int64_t kStep = 4096;
  std::shared_ptr<const GainRide> ride_;
  int channels_;
  AlignedArray<float> out_;
  std::int64_t at_ = 0;
};

}  // namespace

std::unique_ptr<Stage> make_gain_ride(std::shared_ptr<const GainRide> ride, int channels) {
  if (channels < 1) throw std::invalid_argument("make_gain_ride: no channels");
  return std::make_unique<Ride>(std::move(ride), channels);
}

}  // namespace cpu
}  // namespace lathe
