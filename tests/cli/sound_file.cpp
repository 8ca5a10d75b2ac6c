#include "tests/cli/sound_file.h"

#include <ebur128.h>
#include <sndfile.h>
#include <soxr.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <memory>
#include <stdexcept>

#include "tests/support/comparison.h"

namespace lathe::test {
namespace {

using File = std::unique_ptr<SNDFILE, decltype(&sf_close)>;

File open_file(const std::filesystem::path& path, int mode, SF_INFO& info) {
  File file(sf_open(path.c_str(), mode, &info), sf_close);
  if (!file) throw std::runtime_error(path.string() + ": " + sf_strerror(nullptr));
  return file;
}

bool is_float(int encoding) { return encoding == SF_FORMAT_FLOAT || encoding == SF_FORMAT_DOUBLE; }

SF_INFO info_of(int sample_rate_hz, std::size_t channels, Stored stored) {
  SF_INFO info{};
  info.samplerate = sample_rate_hz;
  info.channels = static_cast<int>(channels);
  info.format = stored.container | stored.encoding;
  return info;
}

void expect_all(sf_count_t done, std::size_t wanted, const std::filesystem::path& path) {
  if (done != static_cast<sf_count_t>(wanted)) throw std::runtime_error(path.string() + ": libsndfile stopped short");
}

}  // namespace

void write_sound(const std::filesystem::path& path, const Sound& sound, Stored stored, const SoundTags& tags) {
  std::filesystem::create_directories(path.parent_path());
  SF_INFO info = info_of(sound.sample_rate_hz, sound.channels.size(), stored);
  const File file = open_file(path, SFM_WRITE, info);
  sf_command(file.get(), SFC_SET_CLIPPING, nullptr, SF_TRUE);
  sf_command(file.get(), SFC_SET_ADD_PEAK_CHUNK, nullptr, SF_FALSE);
  for (const auto& [key, value] : tags) sf_set_string(file.get(), key, value.c_str());
  const std::size_t frames = static_cast<std::size_t>(sound.frames()), channels = sound.channels.size();
  std::vector<double> interleaved(frames * channels);
  for (std::size_t c = 0; c < channels; ++c) {
    for (std::size_t n = 0; n < frames; ++n) interleaved[n * channels + c] = sound.channels[c][n];
  }
  if (frames > 0)
    expect_all(sf_write_double(file.get(), interleaved.data(), static_cast<sf_count_t>(interleaved.size())),
               interleaved.size(), path);
}

Sound read_sound(const std::filesystem::path& path) {
  SF_INFO info{};
  const File file = open_file(path, SFM_READ, info);
  const auto channels = static_cast<std::size_t>(info.channels), frames = static_cast<std::size_t>(info.frames);
  std::vector<double> interleaved(frames * channels);
  expect_all(sf_read_double(file.get(), interleaved.data(), static_cast<sf_count_t>(interleaved.size())),
             interleaved.size(), path);
  Sound sound{info.samplerate, std::vector<Signal>(channels, Signal(frames))};
  for (std::size_t c = 0; c < channels; ++c) {
    for (std::size_t n = 0; n < frames; ++n) sound.channels[c][n] = interleaved[n * channels + c];
  }
  return sound;
}

Stored stored_of(const std::filesystem::path& path) {
  SF_INFO info{};
  const File file = open_file(path, SFM_READ, info);
  const int container = info.format & SF_FORMAT_TYPEMASK;
  return {container == SF_FORMAT_WAVEX ? SF_FORMAT_WAV : container, info.format & SF_FORMAT_SUBMASK};
}

SoundTags tags_of(const std::filesystem::path& path) {
  SF_INFO info{};
  const File file = open_file(path, SFM_READ, info);
  SoundTags tags;
  for (const int key : {SF_STR_TITLE, SF_STR_ARTIST, SF_STR_ALBUM, SF_STR_DATE, SF_STR_GENRE, SF_STR_COMMENT,
                        SF_STR_COPYRIGHT, SF_STR_TRACKNUMBER}) {
    if (const char* value = sf_get_string(file.get(), key)) tags[key] = value;
  }
  return tags;
}

std::vector<std::int32_t> stored_samples(const std::filesystem::path& path) {
  SF_INFO info{};
  const File file = open_file(path, SFM_READ, info);
  const auto count = static_cast<std::size_t>(info.frames * info.channels);
  std::vector<std::int32_t> samples(count);
  if (!is_float(info.format & SF_FORMAT_SUBMASK)) {
    expect_all(sf_read_int(file.get(), samples.data(), static_cast<sf_count_t>(count)), count, path);
    return samples;
  }
  std::vector<float> floats(count);
  expect_all(sf_read_float(file.get(), floats.data(), static_cast<sf_count_t>(count)), count, path);
  std::transform(floats.begin(), floats.end(), samples.begin(), [](float x) { return std::bit_cast<std::int32_t>(x); });
  return samples;
}

void write_samples(const std::filesystem::path& path, const std::vector<std::int32_t>& samples, int sample_rate_hz,
                   int channels, Stored stored) {
  std::filesystem::create_directories(path.parent_path());
  SF_INFO info = info_of(sample_rate_hz, static_cast<std::size_t>(channels), stored);
  const File file = open_file(path, SFM_WRITE, info);
  const auto count = static_cast<sf_count_t>(samples.size());
  if (!is_float(stored.encoding))
    return expect_all(sf_write_int(file.get(), samples.data(), count), samples.size(), path);
  std::vector<float> floats(samples.size());
  std::transform(samples.begin(), samples.end(), floats.begin(),
                 [](std::int32_t x) { return std::bit_cast<float>(x); });
  expect_all(sf_write_float(file.get(), floats.data(), count), samples.size(), path);
}

double integrated_lufs(const Sound& sound) {
  const std::size_t channels = sound.channels.size();
  std::unique_ptr<ebur128_state, void (*)(ebur128_state*)> state(
      ebur128_init(static_cast<unsigned>(channels), static_cast<unsigned long>(sound.sample_rate_hz), EBUR128_MODE_I),
      [](ebur128_state* s) { ebur128_destroy(&s); });
  std::vector<double> interleaved(static_cast<std::size_t>(sound.frames()) * channels);
  for (std::size_t c = 0; c < channels; ++c) {
    for (std::size_t n = 0; n < sound.channels[c].size(); ++n) interleaved[n * channels + c] = sound.channels[c][n];
  }
  ebur128_add_frames_double(state.get(), interleaved.data(), static_cast<std::size_t>(sound.frames()));
  double lufs = 0;
  ebur128_loudness_global(state.get(), &lufs);
  return lufs;
}

double true_peak_dbtp(const Sound& sound) {
  constexpr std::size_t kTimes = 16, kBlock = 16384;
  double peak = 0;
  std::vector<double> out(kBlock * kTimes);
  for (const Signal& channel : sound.channels) {
    const soxr_io_spec_t io = soxr_io_spec(SOXR_FLOAT64_I, SOXR_FLOAT64_I);
    const soxr_quality_spec_t quality = soxr_quality_spec(SOXR_VHQ, 0);
    soxr_error_t error = nullptr;
    const std::unique_ptr<soxr, void (*)(soxr_t)> resampler(soxr_create(1, kTimes, 1, &error, &io, &quality, nullptr),
                                                            soxr_delete);
    if (error != nullptr) throw std::runtime_error(error);
    for (std::size_t at = 0;;) {
      const std::size_t count = std::min(kBlock, channel.size() - at);
      std::size_t taken = 0, made = 0;
      soxr_process(resampler.get(), count == 0 ? nullptr : channel.data() + at, count, &taken, out.data(), out.size(),
                   &made);
      for (std::size_t n = 0; n < made; ++n) peak = std::max(peak, std::abs(out[n]));
      at += taken;
      if (count == 0 && made == 0) break;
    }
    for (const double x : channel) peak = std::max(peak, std::abs(x));
  }
  return db(peak);
}

}  // namespace lathe::test
