// What scripts/bench restoration works with: damages a track in known ways, scores what became of it, draws it.
#include <fmt/format.h>
#include <sndfile.h>

#include <CLI/CLI.hpp>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <vector>

#include "tests/bench/spectrogram.h"
#include "tests/support/damage.h"
#include "tests/support/restoration_score.h"

namespace {

namespace fs = std::filesystem;
using lathe::test::Damage;
using lathe::test::NoiseColour;
using lathe::test::Random;
using lathe::test::Signal;

struct Audio {
  int rate_hz = 0;
  std::vector<Signal> channels;
};

Audio read(const fs::path& path, double start_s = 0, double seconds = 1e9) {
  SF_INFO info{};
  SNDFILE* file = sf_open(path.c_str(), SFM_READ, &info);
  if (file == nullptr) throw std::runtime_error(path.string() + ": " + sf_strerror(nullptr));
  const auto first = std::min<sf_count_t>(info.frames, static_cast<sf_count_t>(start_s * info.samplerate));
  const auto frames =
      static_cast<sf_count_t>(std::min(static_cast<double>(info.frames - first), seconds * info.samplerate));
  std::vector<double> mixed(static_cast<std::size_t>(frames * info.channels));
  sf_seek(file, first, SEEK_SET);
  sf_readf_double(file, mixed.data(), frames);
  sf_close(file);
  Audio audio{info.samplerate, {}};
  for (int c = 0; c < info.channels; ++c) {
    Signal channel(static_cast<std::size_t>(frames));
    for (std::size_t n = 0; n < channel.size(); ++n)
      channel[n] = mixed[n * static_cast<std::size_t>(info.channels) + static_cast<std::size_t>(c)];
    audio.channels.push_back(std::move(channel));
  }
  return audio;
}

void write(const fs::path& path, int rate_hz, const std::vector<Signal>& channels) {
  SF_INFO info{};
  info.samplerate = rate_hz;
  info.channels = static_cast<int>(channels.size());
  info.format = SF_FORMAT_WAV | SF_FORMAT_FLOAT;
  SNDFILE* file = sf_open(path.c_str(), SFM_WRITE, &info);
  if (file == nullptr) throw std::runtime_error(path.string() + ": " + sf_strerror(nullptr));
  std::vector<double> mixed(channels.size() * channels[0].size());
  for (std::size_t c = 0; c < channels.size(); ++c) {
    for (std::size_t n = 0; n < channels[c].size(); ++n) mixed[n * channels.size() + c] = channels[c][n];
  }
  sf_writef_double(file, mixed.data(), static_cast<sf_count_t>(channels[0].size()));
  sf_close(file);
}

void damage(const fs::path& in, const fs::path& folder, double start_s, double seconds, std::uint64_t seed) {
  Audio audio = read(in, start_s, seconds);
  lathe::test::normalize_peak(audio.channels, -3);
  for (Signal& channel : audio.channels) {
    for (double& x : channel) x = static_cast<float>(x);  // as the files hold it
  }
  fs::create_directories(folder);
  const double rate = audio.rate_hz;
  const std::vector<Signal>& clean = audio.channels;
  const auto put = [&](const std::string& name, const std::vector<Signal>& channels) {
    write(folder / (name + ".wav"), audio.rate_hz, channels);
  };
  put("clean", clean);
  Random random(seed);
  const Damage clicks = lathe::test::add_clicks(random, clean, rate);
  put("clicks", clicks.channels);
  put("clip", lathe::test::clip(clean, 6).channels);
  const Damage hum = lathe::test::add_hum(random, clean, rate);
  put("hum", hum.channels);
  const Damage hiss = lathe::test::add_hiss(random, clean, rate, NoiseColour::white, 30);
  put("white30", hiss.channels);
  put("white20", lathe::test::add_hiss(random, clean, rate, NoiseColour::white, 20).channels);
  put("pink30", lathe::test::add_hiss(random, clean, rate, NoiseColour::pink, 30).channels);
  put("pink20", lathe::test::add_hiss(random, clean, rate, NoiseColour::pink, 20).channels);
  std::vector<Signal> all = clean;
  for (std::size_t c = 0; c < all.size(); ++c) {
    for (std::size_t n = 0; n < all[c].size(); ++n)
      all[c][n] = clicks.channels[c][n] + hum.channels[c][n] + hiss.channels[c][n] - 2 * clean[c][n];
  }
  put("all", all);
}

Damage damage_between(const Audio& clean, const Audio& damaged) {
  Damage d{damaged.channels, {}};
  for (std::size_t c = 0; c < clean.channels.size(); ++c) {
    std::vector<std::uint8_t> touched(clean.channels[c].size());
    for (std::size_t n = 0; n < touched.size(); ++n) touched[n] = clean.channels[c][n] != damaged.channels[c][n];
    d.touched.push_back(std::move(touched));
  }
  return d;
}

void fit(Audio& audio, const Audio& like, const fs::path& path) {
  if (audio.rate_hz != like.rate_hz || audio.channels.size() != like.channels.size())
    throw std::runtime_error(path.string() + ": another rate or number of channels than the clean file");
  for (Signal& channel : audio.channels) channel.resize(like.channels[0].size());
}

void score(const fs::path& clean_path, const fs::path& damaged_path, const fs::path& restored_path, int lag,
           bool with_lsd) {
  const Audio clean = read(clean_path);
  Audio damaged = read(damaged_path), restored = read(restored_path);
  for (Signal& channel : restored.channels)
    channel.erase(channel.begin(), channel.begin() + std::min<std::ptrdiff_t>(lag, std::ssize(channel)));
  fit(damaged, clean, damaged_path);
  fit(restored, clean, restored_path);
  const Damage d = damage_between(clean, damaged);
  const lathe::test::RestorationScore s =
      lathe::test::score(clean.channels, d, restored.channels, clean.rate_hz, with_lsd);
  fmt::print("{:.2f} {:.2f} {:.2f} {:.2f} {:.1f} {:.3f}\n", s.gain_db(), s.snr_in_db, s.lsd_in_db, s.lsd_out_db,
             std::min(s.kept_db, 999.0), s.event_f1);
}

void subtract(const fs::path& a, const fs::path& b, const fs::path& out) {
  Audio x = read(a);
  Audio y = read(b);
  fit(y, x, b);
  for (std::size_t c = 0; c < x.channels.size(); ++c) {
    for (std::size_t n = 0; n < x.channels[c].size(); ++n) x.channels[c][n] -= y.channels[c][n];
  }
  write(out, x.rate_hz, x.channels);
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Damages a track in known ways, scores what became of it, draws it");
  app.require_subcommand(1);
  fs::path a, b, c;
  double start_s = 0, seconds = 60;
  std::uint64_t seed = 1;
  int lag = 0;
  bool with_lsd = false;
  auto* damaging = app.add_subcommand("damage", "Writes clean, clicks, clip, hum, white30, … and all as float WAV");
  damaging->add_option("in", a)->required();
  damaging->add_option("folder", b)->required();
  damaging->add_option("--start", start_s, "seconds");
  damaging->add_option("--seconds", seconds);
  damaging->add_option("--seed", seed);
  auto* scoring = app.add_subcommand("score",
                                     "Prints: SNR gain, SNR before, log-spectral distance before and after, SNR "
                                     "of samples that were not damaged, event F1");
  scoring->add_option("clean", a)->required();
  scoring->add_option("damaged", b)->required();
  scoring->add_option("restored", c)->required();
  scoring->add_flag("--lsd", with_lsd, "the log-spectral distances too, which take most of the time; 0 without");
  scoring->add_option("--lag", lag, "frames that the restored file comes late");
  auto* ceiling = app.add_subcommand("ceiling", "The SNR gain of a Wiener filter that knows the clean track");
  ceiling->add_option("clean", a)->required();
  ceiling->add_option("damaged", b)->required();
  auto* subtracting = app.add_subcommand("subtract", "Writes the first file less the second");
  subtracting->add_option("a", a)->required();
  subtracting->add_option("b", b)->required();
  subtracting->add_option("out", c)->required();
  auto* drawing = app.add_subcommand("spectrogram", "Draws a file's first channel as a PNG");
  drawing->add_option("in", a)->required();
  drawing->add_option("png", b)->required();
  drawing->add_option("--start", start_s, "seconds");
  drawing->add_option("--seconds", seconds);
  CLI11_PARSE(app, argc, argv);
  try {
    if (damaging->parsed()) damage(a, b, start_s, seconds, seed);
    if (scoring->parsed()) score(a, b, c, lag, with_lsd);
    if (ceiling->parsed()) {
      const Audio clean = read(a);
      fmt::print("{:.2f}\n", lathe::test::oracle_wiener_gain_db(clean.channels, damage_between(clean, read(b))));
    }
    if (subtracting->parsed()) subtract(a, b, c);
    if (drawing->parsed()) {
      const Audio audio = read(a, start_s, seconds);
      lathe::bench::write_spectrogram(audio.channels.at(0), audio.rate_hz, b);
    }
  } catch (const std::exception& error) {
    fmt::print(stderr, "restoration_lab: {}\n", error.what());
    return 1;
  }
  return 0;
}
