#include "tests/support/impulse_run.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

namespace lathe::test {

RestorerRun run_restorer(Restorer& restorer, const FloatTrack& in, double strength) {
  CopyingReader reader(in);
  RestorerRun run{{}, {}, FloatTrack(in.channels(), in.frames())};
  run.finding = restorer.examine(reader);
  Collector collector(in.channels());
  run.result = restorer.restore(reader, strength, collector);
  EXPECT_EQ(collector.finished(), 1);
  run.out = collector.track();
  EXPECT_EQ(run.out.frames(), in.frames());
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
