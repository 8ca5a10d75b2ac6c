#include "tests/host/mastering/stem_session.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "tests/support/signals.h"

namespace lathe::test {

StemSamples stem_music(std::uint64_t seed, std::int64_t frames, double level) {
  Random random = seeded(seed);
  const Signal left = programme(random, kStemRate, frames), right = programme(random, kStemRate, frames);
  StemSamples samples;
  for (std::size_t n = 0; n < static_cast<std::size_t>(frames); ++n) {
    for (const double x : {left[n], right[n]})
      samples.push_back(static_cast<float>(std::round(x * level * 1048576) / 1048576));
  }
  return samples;
}

StemSamples sum_of_stems(const std::vector<StemSamples>& all) {
  StemSamples sum;
  for (const StemSamples& one : all) sum.resize(std::max(sum.size(), one.size()));
  for (std::size_t n = 0; n < sum.size(); ++n) {
    double total = 0;
    for (const StemSamples& one : all) total += n < one.size() ? static_cast<double>(one[n]) : 0.0;
    sum[n] = static_cast<float>(total);
  }
  return sum;
}

std::filesystem::path StemSession::write(const std::string& name, const StemSamples& samples, int rate_hz,
                                         int channels) {
  AudioFormat format;
  format.sample_rate_hz = rate_hz;
  format.channels = channels;
  format.encoding = Encoding::float32;
  format.frames = static_cast<std::int64_t>(samples.size()) / channels;
  testing::Bytes pcm(samples.size() * sizeof(float));
  std::memcpy(pcm.data(), samples.data(), pcm.size());
  testing::write_audio(folder_ / name, format, pcm);
  return folder_ / name;
}

TrackJob StemSession::job(std::size_t stems) {
  TrackJob job;
  job.input = folder_.path();
  job.out_dir = folder_.path();
  for (std::size_t i = 0; i < stems; ++i) {
    StemTrack stem;
    stem.input = folder_ / (std::to_string(i) + ".wav");
    job.stems.push_back(stem);
  }
  job.outputs = {{"", folder_ / "mix-out.wav", Container::wav, Encoding::float32, Dither::none}};
  return job;
}

StemSamples StemSession::samples_in(const MasteredTrack& track, std::size_t output) {
  AudioReader reader(track.files.at(output).path());
  const testing::Bytes pcm = testing::read_audio(reader);
  StemSamples samples(pcm.size() / sizeof(float));
  std::memcpy(samples.data(), pcm.data(), pcm.size());
  return samples;
}

std::vector<StemSamples> StemSession::write_three() {
  const std::vector<StemSamples> stems{stem_music(1, 5 * kStemRate, 0.3), stem_music(2, 5 * kStemRate, 0.2),
                                       stem_music(3, 5 * kStemRate, 0.1)};
  for (std::size_t i = 0; i < stems.size(); ++i) write(std::to_string(i) + ".wav", stems[i]);
  write("mix.wav", sum_of_stems(stems));
  return stems;
}

}  // namespace lathe::test
