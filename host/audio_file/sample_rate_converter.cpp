#include "host/audio_file/sample_rate_converter.h"

#include <soxr.h>

#include <algorithm>
#include <stdexcept>
#include <string>

namespace lathe {
namespace {

constexpr std::int64_t kBlock = 16384;  // frames of output at a time

}  // namespace

std::int64_t converted_frames(std::int64_t frames, int from_hz, int to_hz) {
  // Whole seconds first: the product of a day at 384 kHz and 384,000 would not fit.
  const std::int64_t seconds = frames / from_hz, rest = frames % from_hz;
  return seconds * to_hz + (rest * to_hz * 2 + from_hz) / (2 * static_cast<std::int64_t>(from_hz));
}

struct SampleRateConverter::State {
  soxr_t soxr = nullptr;
  int channels = 0;
  std::int64_t left = 0;  // frames still to come out
  std::vector<float> samples;
  std::vector<const float*> from;
  std::vector<float*> to;
  ~State() { soxr_delete(soxr); }
};

SampleRateConverter::SampleRateConverter(int from_hz, int to_hz, int channels, std::int64_t frames)
    : state_(std::make_unique<State>()) {
  if (from_hz < 1 || to_hz < 1 || channels < 1)
    throw std::invalid_argument("SampleRateConverter: rates and channels must be positive");
  const soxr_io_spec_t io = soxr_io_spec(SOXR_FLOAT32_S, SOXR_FLOAT32_S);
  const soxr_quality_spec_t quality = soxr_quality_spec(SOXR_VHQ, SOXR_ROLLOFF_NONE);
  const soxr_runtime_spec_t runtime = soxr_runtime_spec(1);
  soxr_error_t error = nullptr;
  state_->soxr = soxr_create(from_hz, to_hz, static_cast<unsigned>(channels), &error, &io, &quality, &runtime);
  if (error != nullptr)
    throw std::runtime_error("converting " + std::to_string(from_hz) + " Hz to " + std::to_string(to_hz) +
                             " Hz: libsoxr: " + soxr_strerror(error));
  state_->channels = channels;
  state_->left = converted_frames(frames, from_hz, to_hz);
  state_->samples.resize(static_cast<std::size_t>(kBlock * channels));
  state_->from.resize(static_cast<std::size_t>(channels));
  for (int c = 0; c < channels; ++c) state_->to.push_back(state_->samples.data() + c * kBlock);
}

SampleRateConverter::~SampleRateConverter() = default;

void SampleRateConverter::take(AudioView in, const std::function<void(AudioView)>& out) {
  for (std::int64_t done = 0; done < in.frames;) {
    for (int c = 0; c < state_->channels; ++c) state_->from[static_cast<std::size_t>(c)] = in.channel(c) + done;
    std::size_t used = 0, made = 0;
    const soxr_error_t error =
        soxr_process(state_->soxr, state_->from.data(), static_cast<std::size_t>(in.frames - done), &used,
                     state_->to.data(), static_cast<std::size_t>(kBlock), &made);
    if (error != nullptr) throw std::runtime_error(std::string("libsoxr: ") + soxr_strerror(error));
    done += static_cast<std::int64_t>(used);
    emit(static_cast<std::int64_t>(made), out);
  }
}

void SampleRateConverter::finish(const std::function<void(AudioView)>& out) {
  for (;;) {
    std::size_t made = 0;
    const soxr_error_t error =
        soxr_process(state_->soxr, nullptr, 0, nullptr, state_->to.data(), static_cast<std::size_t>(kBlock), &made);
    if (error != nullptr) throw std::runtime_error(std::string("libsoxr: ") + soxr_strerror(error));
    if (made == 0) break;
    emit(static_cast<std::int64_t>(made), out);
  }
  // Its own rounding may end a frame early.
  while (state_->left > 0) {
    std::fill(state_->samples.begin(), state_->samples.end(), 0.0f);
    emit(std::min(state_->left, kBlock), out);
  }
}

void SampleRateConverter::emit(std::int64_t count, const std::function<void(AudioView)>& out) {
  count = std::min(count, state_->left);
  if (count == 0) return;
  state_->left -= count;
  out(AudioView{state_->samples.data(), state_->channels, count, kBlock});
}

}  // namespace lathe
