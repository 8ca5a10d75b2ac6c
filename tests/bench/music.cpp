#include "tests/bench/music.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <random>
#include <stdexcept>

#include "host/audio_file/audio_reader.h"
#include "kernels/loudness/interpolation.h"
#include "kernels/pcm/pcm.h"

namespace lathe::bench {
namespace {

// Room for `frames` frames: rows of whole steps of 16, a halo on both sides.
Music silence(std::string name, std::int64_t frames) {
  Music music;
  music.name = std::move(name);
  music.frames = frames;
  music.stride = (frames + 15) / 16 * 16 + 2 * kInterpolationHalo;
  music.samples = AlignedArray<float>(static_cast<std::size_t>(2 * music.stride));
  music.pcm24.resize(static_cast<std::size_t>(6 * frames) + kPcmSlackBytes);
  return music;
}

MutableAudioView writable(Music& music) {
  return {music.samples.data() + kInterpolationHalo, 2, music.frames, music.stride};
}

}  // namespace

AudioView Music::view() const { return {samples.data() + kInterpolationHalo, 2, frames, stride}; }

Music read_music(const std::filesystem::path& path, double seconds) {
  AudioReader reader(path);
  const AudioFormat& format = reader.format();
  if (format.channels != 2 || format.sample_rate_hz != kSampleRateHz || format.encoding != Encoding::pcm24) {
    throw std::invalid_argument(path.string() + ": the benchmark takes 24-bit stereo at 44.1 kHz");
  }
  if (format.frames == 0) throw std::invalid_argument(path.string() + ": the file has 0 frames");
  Music music = silence(path.stem().string(), static_cast<std::int64_t>(seconds * kSampleRateHz));
  for (std::int64_t filled = 0; filled < music.frames;) {
    const std::int64_t got = reader.read(music.pcm24.data() + 6 * filled, music.frames - filled);
    if (got == 0) reader.rewind();
    filled += got;
  }
  unpack_pcm(music.pcm24.data(), Encoding::pcm24, writable(music));
  return music;
}

Music made_up_music(double seconds) {
  Music music = silence("made up", static_cast<std::int64_t>(seconds * kSampleRateHz));
  const MutableAudioView out = writable(music);
  std::mt19937 random(1);
  for (std::int64_t n = 0; n < music.frames; ++n) {
    const double t = static_cast<double>(n) / kSampleRateHz;
    const double pulse = std::exp(-12 * std::fmod(t, 0.5));
    for (int c = 0; c < 2; ++c) {
      const double tone =
          std::sin(2 * std::numbers::pi * (220 + c) * t) + 0.6 * std::sin(2 * std::numbers::pi * 1663 * t);
      const double noise = static_cast<double>(random()) / 2147483648.0 - 1;
      out.channel(c)[n] = static_cast<float>(0.2 * tone + 0.5 * pulse * noise + 0.01 * noise);
    }
  }
  std::vector<std::int32_t> steps(static_cast<std::size_t>(2 * music.frames));
  Quantizer(Encoding::pcm24, Dither::none, 0).pack(out, 0, steps.data(), music.pcm24.data());
  return music;
}

}  // namespace lathe::bench
