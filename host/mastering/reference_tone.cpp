#include "host/mastering/reference_tone.h"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

#include "host/audio_file/audio_reader.h"
#include "host/mastering/album_signature.h"
#include "kernels/loudness/channel_weights.h"
#include "kernels/loudness/loudness_meter.h"
#include "kernels/math/gating.h"
#include "kernels/pcm/pcm.h"

namespace lathe {
namespace fs = std::filesystem;
namespace {

constexpr std::int64_t kToneBlock = 65536;

[[noreturn]] void refuse(const fs::path& file, const std::string& why) {
  throw std::invalid_argument("the reference " + file.string() + ": " + why);
}

// The system's fault and not the file's.
struct Unreadable : std::invalid_argument {
  using std::invalid_argument::invalid_argument;
};

struct FileReading {
  LongTermSpectrum spectrum;
  std::vector<double> block_powers;  // of 400 ms, every 100 ms: what loudness is gated of
};

FileReading reading_of(const fs::path& file, const std::function<void()>& check) try {
  AudioReader reader(file);
  const AudioFormat& format = reader.format();
  LongTermSpectrumMeter spectrum(format.sample_rate_hz, format.channels);
  LoudnessMeter loudness({static_cast<double>(format.sample_rate_hz),
                          channel_weights(format.channels, format.channel_mask, format.speakers), false, false,
                          format.frames});
  std::vector<std::byte> bytes(static_cast<std::size_t>(kToneBlock * frame_bytes(format)) + kPcmSlackBytes);
  std::vector<float> planar(static_cast<std::size_t>(kToneBlock * format.channels));
  while (const std::int64_t frames = reader.read(bytes.data(), kToneBlock)) {
    check();
    const MutableAudioView view{planar.data(), format.channels, frames, kToneBlock};
    unpack_pcm(bytes.data(), format.encoding, view);
    if (find_non_finite(view, false).count > 0) refuse(file, "it holds samples that are no number");
    spectrum.take(view);
    loudness.take(view);
  }
  spectrum.finish();
  loudness.finish();
  return {spectrum.spectrum(), window_powers(loudness.take_reading().hops, 40, 10)};
} catch (const AudioFileError& error) {
  // Not the track's own fault: its file is well.
  if (error.fault() == AudioFileError::Fault::unreadable)
    throw Unreadable(std::string("the reference ") + error.what());
  throw std::invalid_argument(std::string("the reference ") + error.what());
}

// What tells another content of the files without reading them.
std::string state_of(const std::vector<fs::path>& files) {
  std::string state;
  for (const fs::path& file : files) {
    std::error_code error;
    const auto size = fs::file_size(file, error);
    const auto time = fs::last_write_time(file, error);
    state += fmt::format("{} {} {}\n", file.string(), size, time.time_since_epoch().count());
  }
  return state;
}

ReferenceReading read_all(const fs::path& reference, const std::vector<fs::path>& files,
                          const std::function<void()>& check) {
  if (is_signature_name(reference)) return read_signature(reference).reading;
  std::vector<LongTermSpectrum> spectra;
  std::vector<double> powers;
  for (const fs::path& file : files) {
    FileReading of = reading_of(file, check);
    spectra.push_back(std::move(of.spectrum));
    powers.insert(powers.end(), of.block_powers.begin(), of.block_powers.end());
  }
  ReferenceReading reading{aim_of(spectra), gated_loudness(powers)};
  if (reading.tone.whole.is_empty()) refuse(reference, "it is silent: no part of it is louder than -70 LUFS");
  return reading;
}

}  // namespace

std::vector<fs::path> reference_files(const fs::path& reference) {
  std::error_code error;
  if (!fs::is_directory(reference, error)) return {reference};
  std::vector<fs::path> files;
  for (const fs::directory_entry& entry : fs::directory_iterator(reference, error)) {
    if (entry.path().filename().string().starts_with('.')) continue;  // what other systems leave beside files
    if (entry.is_regular_file(error) && is_accepted_extension(entry.path().extension().string()))
      files.push_back(entry.path());
  }
  if (files.empty())
    refuse(reference, "the folder holds no audio file that can be read (folders in it are not searched)");
  std::sort(files.begin(), files.end());
  return files;
}

ReferenceReading ReferenceTones::get(const fs::path& reference, const std::function<void()>& check) {
  Entry* entry = nullptr;
  {
    const std::lock_guard lock(mutex_);
    std::unique_ptr<Entry>& place = entries_[reference.string()];
    if (!place) place = std::make_unique<Entry>();
    entry = place.get();
  }
  const std::lock_guard lock(entry->mutex);
  const std::vector<fs::path> files = reference_files(reference);
  const std::string state = state_of(files);
  if (entry->state != state) {
    entry->why_not.clear();
    try {
      entry->reading = read_all(reference, files, check);
    } catch (const Unreadable&) {
      throw;  // a file server may be well again in a moment
    } catch (const std::invalid_argument& error) {
      entry->why_not = error.what();
    }
    entry->state = state;
  }
  if (!entry->why_not.empty()) throw std::invalid_argument(entry->why_not);
  return entry->reading;
}

}  // namespace lathe
