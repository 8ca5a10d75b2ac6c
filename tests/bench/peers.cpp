// What scripts/bench holds `lathe audit` against: libebur128 on files that libsndfile reads, and decoding alone.
#include <ebur128.h>
#include <sndfile.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace {

constexpr sf_count_t kBlock = 16384;

class File {
 public:
  explicit File(const char* path) : file_(sf_open(path, SFM_READ, &info_), sf_close) {
    if (!file_) throw std::runtime_error(std::string(path) + ": " + sf_strerror(nullptr));
  }
  const SF_INFO& info() const { return info_; }
  SNDFILE* get() const { return file_.get(); }

 private:
  SF_INFO info_{};
  std::unique_ptr<SNDFILE, decltype(&sf_close)> file_;
};

// As whole numbers, which is what FLAC decodes to.
void decode(const char* path) {
  const File file(path);
  std::vector<int> block(static_cast<std::size_t>(kBlock * file.info().channels));
  sf_count_t frames = 0;
  while (const sf_count_t count = sf_readf_int(file.get(), block.data(), kBlock)) frames += count;
  std::printf("%lld frames\t%s\n", static_cast<long long>(frames), path);
}

struct Destroy {
  void operator()(ebur128_state* state) const { ebur128_destroy(&state); }
};

// Integrated loudness, range and true peak, in the order of the letters.
void measure(const char* path) {
  const File file(path);
  const auto channels = static_cast<unsigned>(file.info().channels);
  const std::unique_ptr<ebur128_state, Destroy> meter(
      ebur128_init(channels, static_cast<unsigned long>(file.info().samplerate),
                   EBUR128_MODE_I | EBUR128_MODE_LRA | EBUR128_MODE_TRUE_PEAK));
  std::vector<float> block(static_cast<std::size_t>(kBlock) * channels);
  while (const sf_count_t count = sf_readf_float(file.get(), block.data(), kBlock))
    ebur128_add_frames_float(meter.get(), block.data(), static_cast<std::size_t>(count));
  double integrated = 0, range = 0, highest = 0;
  ebur128_loudness_global(meter.get(), &integrated);
  ebur128_loudness_range(meter.get(), &range);
  for (unsigned c = 0; c < channels; ++c) {
    double peak = 0;
    ebur128_true_peak(meter.get(), c, &peak);
    highest = std::max(highest, peak);
  }
  std::printf("%.4f LUFS\t%.4f LU\t%.4f dBTP\t%s\n", integrated, range, 20 * std::log10(highest), path);
}

}  // namespace

int main(int argc, char** argv) {
  const std::string_view work = argc > 2 ? argv[1] : "";
  if (work != "libebur128" && work != "decode") {
    std::fprintf(stderr, "Usage: bench_peers libebur128 | decode FILE...\n");
    return 2;
  }
  try {
    for (int i = 2; i < argc; ++i) work == "decode" ? decode(argv[i]) : measure(argv[i]);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "bench_peers: %s\n", error.what());
    return 1;
  }
  return 0;
}
