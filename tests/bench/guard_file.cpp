// Runs the guard over a file before and after a restoration: what it reads, and how long it takes.
#include <fmt/format.h>
#include <sndfile.h>

#include <algorithm>
#include <cstdint>
#include <ctime>
#include <stdexcept>
#include <string>
#include <vector>

#include "kernels/restoration/guard.h"

namespace {

using namespace lathe;

class FileTrack final : public TrackReader {
 public:
  explicit FileTrack(const std::string& path) {
    SF_INFO info{};
    SNDFILE* in = sf_open(path.c_str(), SFM_READ, &info);
    if (in == nullptr) throw std::runtime_error(path + ": " + sf_strerror(nullptr));
    std::vector<float> mixed(static_cast<std::size_t>(info.frames * info.channels));
    sf_readf_float(in, mixed.data(), info.frames);
    sf_close(in);
    channels_ = info.channels, frames_ = info.frames, rate_hz_ = info.samplerate;
    stride_ = frames_ + 2 * kMargin;
    data_.assign(static_cast<std::size_t>(stride_ * channels_), 0.0f);
    for (std::int64_t n = 0; n < frames_; ++n) {
      for (int c = 0; c < channels_; ++c)
        data_[static_cast<std::size_t>(c * stride_ + kMargin + n)] = mixed[static_cast<std::size_t>(n * channels_ + c)];
    }
  }
  int channels() const override { return channels_; }
  std::int64_t frames() const override { return frames_; }
  AudioView read(std::int64_t first, std::int64_t count) override {
    if (first < -kMargin || first + count > frames_ + kMargin) throw std::out_of_range("a read far outside the track");
    return {data_.data() + kMargin + first, channels_, count, stride_};
  }
  double rate_hz() const { return rate_hz_; }

 private:
  static constexpr std::int64_t kMargin = 1 << 16;
  int channels_ = 0;
  std::int64_t frames_ = 0, stride_ = 0;
  double rate_hz_ = 0;
  std::vector<float> data_;
};

double cpu_s() {
  timespec t{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) + 1e-9 * static_cast<double>(t.tv_nsec);
}

}  // namespace

int main(int argc, char** argv) {
  const bool is_denoiser = argc == 4 && std::string(argv[3]) == "denoise";
  if (argc != 3 && !is_denoiser) return fmt::print(stderr, "usage: guard_file BEFORE AFTER [denoise]\n"), 2;
  try {
    FileTrack before(argv[1]), after(argv[2]);
    GuardLimits limits;
    limits.steady_highs_are_music = !is_denoiser;
    const double start = cpu_s();
    const GuardReading r = compare(before, after, before.rate_hz(), limits);
    const double s = cpu_s() - start;
    fmt::print(
        "{} not_finite {} level_median_db {:.3f} level_p95_db {:.3f} high_loss_db {:.3f} onset_loss_db {:.3f} of "
        "{} frames {} high_frames {} onsets, {:.0f}x\n",
        r.is_ok() ? "ok" : "failed: " + r.failed, r.not_finite_samples, r.level_median_db, r.level_p95_db,
        r.high_loss_db, r.onset_loss_db, r.frames, r.high_frames, r.onsets,
        static_cast<double>(before.frames()) / before.rate_hz() / std::max(s, 1e-9));
  } catch (const std::exception& e) {
    return fmt::print(stderr, "{}\n", e.what()), 3;
  }
  return 0;
}
