#include "tests/support/impulse_run.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

namespace lathe::test {
namespace {

class Collector final : public AudioSink {
 public:
  explicit Collector(FloatTrack& out) : out_(out) {}
  void take(AudioView frames) override {
    ASSERT_LE(filled_ + frames.frames, out_.frames());
    for (int c = 0; c < out_.channels(); ++c)
      std::copy_n(frames.channel(c), frames.frames, out_.view().channel(c) + filled_);
    filled_ += frames.frames;
  }
  void finish() override { ++finished_; }
  bool is_whole() const { return filled_ == out_.frames() && finished_ == 1; }

 private:
  FloatTrack& out_;
  std::int64_t filled_ = 0;
  int finished_ = 0;
};

}  // namespace

AudioView WindowReader::read(std::int64_t first, std::int64_t count) {
  constexpr std::int64_t kApart = 17;
  const std::int64_t stride = count + kApart;
  window_.assign(static_cast<std::size_t>(channels() * stride + kApart), std::numeric_limits<float>::quiet_NaN());
  for (int c = 0; c < channels(); ++c) {
    float* row = window_.data() + kApart + c * stride;
    for (std::int64_t n = first; n < first + count; ++n)
      row[n - first] = n < 0 || n >= frames() ? 0.0f : track_.view().channel(c)[n];
  }
  return {window_.data() + kApart, channels(), count, stride};
}

RestorerRun run_restorer(Restorer& restorer, const FloatTrack& in, double strength) {
  WindowReader reader(in);
  RestorerRun run{{}, {}, FloatTrack(in.channels(), in.frames())};
  run.finding = restorer.examine(reader);
  Collector collector(run.out);
  run.result = restorer.restore(reader, strength, collector);
  EXPECT_TRUE(collector.is_whole());
  return run;
}

std::vector<Click> add_clicks(Random& random, int count, std::vector<Signal>& channels, int longest) {
  std::vector<Click> clicks;
  const auto frames = static_cast<std::int64_t>(channels[0].size());
  const std::int64_t step = (frames - 4000) / count;
  for (int i = 0; i < count; ++i) {
    Click click{2000 + i * step + random.integer(0, std::max<std::int64_t>(step - 2000, 1)), random.integer(1, longest),
                static_cast<int>(random.integer(0, static_cast<std::int64_t>(channels.size()) - 1))};
    const double height = random.uniform(0.2, 0.9) * random.one_of({-1.0, 1.0});
    const bool is_offset = random.integer(0, 1) == 0;
    Signal& x = channels[static_cast<std::size_t>(click.channel)];
    for (std::int64_t n = 0; n < click.frames; ++n) {
      const double shape = std::exp(-3.0 * static_cast<double>(n) / static_cast<double>(click.frames));
      x[static_cast<std::size_t>(click.first + n)] += height * (is_offset ? 1 : shape * random.one_of({-1.0, 1.0}));
    }
    clicks.push_back(click);
  }
  return clicks;
}

double snr_db(const FloatTrack& truth, const FloatTrack& is) {
  double signal = 1e-30, error = 1e-30;
  for (int c = 0; c < truth.channels(); ++c) {
    for (std::size_t n = 0; n < truth.channel(c).size(); ++n) {
      const double t = static_cast<double>(truth.channel(c)[n]), e = static_cast<double>(is.channel(c)[n]) - t;
      signal += t * t;
      error += e * e;
    }
  }
  return 10 * std::log10(signal / error);
}

}  // namespace lathe::test
