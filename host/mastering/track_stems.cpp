// A mix's stems as outputs: each through the bus, with what the mix got there, at the master's gain, without the
// limiter; and their sum, read back from the files, against the master.
#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <utility>

#include "host/audio_file/input_file.h"
#include "host/audio_file/sample_rate_converter.h"
#include "host/mastering/track_run.h"
#include "kernels/limiter/limiter.h"
#include "kernels/loudness/interpolation.h"
#include "kernels/math/decibel.h"

namespace lathe {
namespace {

// The end of a pass: what comes is kept at another rate.
class ConvertingSink final : public AudioSink {
 public:
  ConvertingSink(int from_hz, int to_hz, int channels, std::int64_t frames, FrameStore& store)
      : converter_(from_hz, to_hz, channels, frames), store_(store) {}
  void take(AudioView frames) override {
    converter_.take(frames, [this](AudioView done) { store_.append(done); });
  }
  void finish() override {
    converter_.finish([this](AudioView done) { store_.append(done); });
  }

 private:
  SampleRateConverter converter_;
  FrameStore& store_;
};

// Files of stems, added up while they are read.
class SumOfFiles {
 public:
  explicit SumOfFiles(const std::vector<std::filesystem::path>& files) {
    for (const std::filesystem::path& file : files) readers_.emplace_back(file, Md5::left_alone, Reading::own_output);
  }

  // The next frames, a row a channel.
  void read(std::int64_t count, int channels, std::vector<double>& sum) {
    sum.assign(static_cast<std::size_t>(count * channels), 0.0);
    planes_.resize(static_cast<std::size_t>(count * channels));
    for (AudioReader& reader : readers_) {
      bytes_.resize(static_cast<std::size_t>(count * frame_bytes(reader.format())) + kPcmSlackBytes);
      if (reader.read(bytes_.data(), count) != count)
        throw AudioFileError(AudioFileError::Fault::truncated, reader.file().path(), "a stem's file is short");
      unpack_pcm(bytes_.data(), reader.format().encoding, MutableAudioView{planes_.data(), channels, count, count});
      for (std::size_t i = 0; i < sum.size(); ++i) sum[i] += static_cast<double>(planes_[i]);
    }
  }

 private:
  std::vector<AudioReader> readers_;
  std::vector<std::byte> bytes_;
  std::vector<float> planes_;
};

struct Difference {
  double error = 0, energy = 0;
  void take(double sum, double of) {
    error += (sum - of) * (sum - of);
    energy += of * of;
  }
  double db() const { return error == 0 ? -std::numeric_limits<double>::infinity() : 10 * std::log10(error / energy); }
};

}  // namespace

bool TrackRun::writes_stems() const {
  return std::ranges::any_of(job_.outputs, [](const OutputSpec& output) { return output.stem.has_value(); });
}

void TrackRun::refuse_stems_of_bus() const {
  if (!writes_stems()) return;
  for (const ChainStage& stage : job_.chain.stages) {
    if (const std::string why = why_not_on_stems(stage); !why.empty())
      throw UnusableAudio(job_.input.string() + ": no output of stems: " + why);
  }
}

void TrackRun::write_stems(const Rendition& rendition) {
  std::map<std::size_t, std::vector<std::size_t>> by_stem;
  std::map<std::string, std::vector<std::size_t>> by_id;
  for (const std::size_t index : rendition.outputs) {
    if (!is_stem(index)) continue;
    by_stem[job_.outputs[index].stem->index].push_back(index);
    by_id[job_.outputs[index].id].push_back(index);
  }
  if (by_stem.empty()) return;
  learn_bus();
  for (const auto& [stem, indexes] : by_stem) {
    FrameStore& store = stem_behind_bus(stem, rendition);
    for (const std::size_t index : indexes) write_stem(rendition, index, store);
  }
  stem_store_.reset();
  stem_arena_.release();
  for (const auto& [id, indexes] : by_id)
    if (indexes.size() == job_.stems.size()) compare_stems(rendition, indexes);
}

void TrackRun::learn_bus() {
  if (bus_) return;
  watch_.start(&BusySeconds::kernels);
  bus_.emplace(bus_steps_, track_format_.channels, track_format_.frames, job_.spool_dir);
  bus_->learn([this](std::int64_t first, MutableAudioView frames) { stems_->render_mix(first, frames); },
              [this] { check_cancelled(); });
  watch_.stop();
}

FrameStore& TrackRun::stem_behind_bus(std::size_t stem, const Rendition& rendition) {
  const int channels = track_format_.channels, from_hz = track_format_.sample_rate_hz,
            to_hz = rendition.format.sample_rate_hz;
  stem_store_.reset();
  if (job_.spool_dir.empty()) {
    stem_store_.emplace(stem_arena_, channels, rendition.format.frames);
  } else {
    stem_store_.emplace(job_.spool_dir, channels, rendition.format.frames);
  }
  watch_.start(&BusySeconds::kernels);
  std::unique_ptr<AudioSink> sink;
  if (from_hz == to_hz) {
    sink = std::make_unique<StoreSink>(*stem_store_);
  } else {
    sink = std::make_unique<ConvertingSink>(from_hz, to_hz, channels, track_format_.frames, *stem_store_);
  }
  bus_->run([this, stem](std::int64_t first, MutableAudioView frames) { stems_->render_stem(stem, first, frames); },
            *sink, [this] { check_cancelled(); });
  watch_.stop();
  return *stem_store_;
}

void TrackRun::write_stem(const Rendition& rendition, std::size_t index, FrameStore& store) {
  RenderSource source;
  source.input = &source_;
  source.track = rendition.format;
  source.store = &store;
  source.gain = plan_.gain;
  // From what the stem holds and where it stands: were the noise of all stems the same, it would add up as one.
  const std::size_t stem = job_.outputs[index].stem->index;
  source.dither_seed = std::stoull(report_.stems[stem].payload_hash.substr(0, 16), nullptr, 16) + stem;
  written_.erase(index);
  written_.emplace(index, write_pieces(source, index, track_ends(rendition), writing_tick()));
}

void TrackRun::compare_stems(const Rendition& rendition, const std::vector<std::size_t>& outputs) {
  std::vector<std::filesystem::path> files;
  for (const std::size_t index : outputs) files.push_back(written_.at(index).files.front().path());
  watch_.start(&BusySeconds::io);
  SumOfFiles stems(files);
  const int channels = rendition.format.channels;
  const auto gain = static_cast<float>(plan_.gain);
  std::vector<double> sum;
  std::vector<float> mix(static_cast<std::size_t>(BlockBuffers::kFrames * channels)),
      limited(static_cast<std::size_t>(BlockBuffers::kFrames));
  Difference to_master, to_limited;
  for (std::int64_t first = 0; first < rendition.format.frames; first += BlockBuffers::kFrames) {
    check_cancelled();
    const std::int64_t count = std::min(BlockBuffers::kFrames, rendition.format.frames - first);
    stems.read(count, channels, sum);
    const MutableAudioView frames{mix.data(), channels, count, BlockBuffers::kFrames};
    if (store_ == nullptr) stems_->render_mix(first, frames);
    const AudioView before = store_ == nullptr ? AudioView(frames) : store_->read(first, count);
    for (int c = 0; c < channels; ++c) {
      const double* of = sum.data() + c * count;
      for (std::int64_t n = 0; n < count; ++n) to_master.take(of[n], static_cast<double>(gain * before.channel(c)[n]));
      if (curve() == nullptr) continue;
      apply_limited_gain(before.channel(c), count, plan_.gain, curve()->reduction().data() + first / kPeakGroup,
                         limited.data());
      for (std::int64_t n = 0; n < count; ++n)
        to_limited.take(of[n], static_cast<double>(limited[static_cast<std::size_t>(n)]));
    }
  }
  watch_.stop();
  for (const std::size_t index : outputs) {
    StemOutput& stem = *written_.at(index).reports.front().stem;
    stem.sum_error_db = to_master.db();
    if (curve() != nullptr) stem.limited_error_db = to_limited.db();
  }
}

}  // namespace lathe
