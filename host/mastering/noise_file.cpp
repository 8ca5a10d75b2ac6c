#include "host/mastering/noise_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>
#include <string>

#include "host/audio_file/audio_reader.h"
#include "kernels/pcm/pcm.h"

namespace lathe {
namespace {

constexpr double kLongest_s = 120, kShortest_s = 0.25;

}  // namespace

std::vector<std::vector<float>> read_noise_file(const std::filesystem::path& path, const RestorationFormat& track) try {
  AudioReader reader(path);
  const AudioFormat& format = reader.format();
  const auto refuse = [&path](const std::string& why) {
    throw std::invalid_argument("the noise profile " + path.string() + ": " + why);
  };
  if (format.sample_rate_hz != track.sample_rate_hz) {
    refuse(fmt::format("it has {} Hz and the track {:.0f} Hz; make one at the track's rate", format.sample_rate_hz,
                       track.sample_rate_hz));
  }
  if (format.channels != 1 && format.channels != track.channels) {
    refuse(
        fmt::format("it has {} channels and the track {}; make it mono, or as many", format.channels, track.channels));
  }
  const auto frames = std::min(format.frames, static_cast<std::int64_t>(kLongest_s * track.sample_rate_hz));
  if (static_cast<double>(frames) < kShortest_s * track.sample_rate_hz)
    refuse(fmt::format("it is shorter than {} s", kShortest_s));

  std::vector<float> planar(static_cast<std::size_t>(format.channels * frames));
  std::vector<std::byte> bytes(static_cast<std::size_t>(frame_bytes(format) * frames) + kPcmSlackBytes);
  if (reader.read(bytes.data(), frames) != frames) refuse("it ends before what its header promises");
  const MutableAudioView view{planar.data(), format.channels, frames, frames};
  unpack_pcm(bytes.data(), format.encoding, view);
  if (find_non_finite(view, false).count > 0) refuse("it holds samples that are no number");

  std::vector<std::vector<float>> noise;
  for (int c = 0; c < format.channels; ++c) {
    const float* row = view.channel(c);
    noise.emplace_back(row, row + frames);
  }
  return noise;
} catch (const AudioFileError& error) {
  // Not the track's own fault: its file is well.
  throw std::invalid_argument(std::string("the noise profile ") + error.what());
}

}  // namespace lathe
