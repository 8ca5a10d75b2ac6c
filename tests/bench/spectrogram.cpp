#include "tests/bench/spectrogram.h"

#include <png.h>

#include <algorithm>
#include <cmath>
#include <complex>
#include <cstdint>
#include <numbers>
#include <stdexcept>

#include "kernels/fft/real_fft_double.h"

namespace lathe::bench {
namespace {

constexpr std::size_t kPoints = 4096;
constexpr int kWidth = 480, kHeight = 200, kSteps = 48;
constexpr double kLowest_hz = 30, kQuiet_db = -110, kLoud_db = -20;

struct Colour {
  double r, g, b;
};
// Even steps of lightness, told apart in grey and by the colour-blind.
constexpr Colour kScale[] = {{10, 8, 40},   {50, 20, 110},  {130, 40, 120},
                             {215, 70, 90}, {250, 140, 60}, {252, 240, 150}};

Colour colour_of(double level) {
  const double at = std::clamp(level, 0.0, 1.0) * (std::size(kScale) - 1.001);
  const auto i = static_cast<std::size_t>(at);
  const double t = at - static_cast<double>(i);
  const Colour &a = kScale[i], &b = kScale[i + 1];
  return {a.r + t * (b.r - a.r), a.g + t * (b.g - a.g), a.b + t * (b.b - a.b)};
}

// Power of each bin in dB around this sample.
std::vector<double> frame_db(const std::vector<double>& samples, std::int64_t centre) {
  std::vector<std::complex<double>> x(kPoints);
  const std::int64_t first = centre - static_cast<std::int64_t>(kPoints / 2);
  for (std::size_t n = 0; n < kPoints; ++n) {
    const std::int64_t at = first + static_cast<std::int64_t>(n);
    if (at < 0 || at >= static_cast<std::int64_t>(samples.size())) continue;
    const double w = 0.5 - 0.5 * std::cos(2 * std::numbers::pi * static_cast<double>(n) / kPoints);
    x[n] = w * samples[static_cast<std::size_t>(at)];
  }
  fft_double(x);
  std::vector<double> db(kPoints / 2 + 1);
  for (std::size_t k = 0; k < db.size(); ++k) db[k] = 20 * std::log10(std::abs(x[k]) / (kPoints / 4.0) + 1e-9);
  return db;
}

}  // namespace

void write_spectrogram(const std::vector<double>& samples, double sample_rate_hz, const std::filesystem::path& png) {
  std::vector<std::uint8_t> pixels(kWidth * kHeight);  // steps of the scale: a third of the bytes of colours
  for (int column = 0; column < kWidth; ++column) {
    const auto centre = static_cast<std::int64_t>((column + 0.5) * static_cast<double>(samples.size()) / kWidth);
    const std::vector<double> db = frame_db(samples, centre);
    for (int row = 0; row < kHeight; ++row) {
      const double top_hz = sample_rate_hz / 2;
      const auto hz_at = [&](double y) { return kLowest_hz * std::pow(top_hz / kLowest_hz, 1 - y / kHeight); };
      const double bin_hz = sample_rate_hz / kPoints;
      const auto low = static_cast<std::size_t>(hz_at(row + 1) / bin_hz);
      const auto high = std::min(static_cast<std::size_t>(hz_at(row) / bin_hz) + 1, db.size() - 1);
      const double level = *std::max_element(db.begin() + static_cast<std::ptrdiff_t>(low),
                                             db.begin() + static_cast<std::ptrdiff_t>(high));
      const double share = std::clamp((level - kQuiet_db) / (kLoud_db - kQuiet_db), 0.0, 1.0);
      pixels[static_cast<std::size_t>(row * kWidth + column)] = static_cast<std::uint8_t>(share * (kSteps - 1) + 0.5);
    }
  }
  png_image image{};
  image.version = PNG_IMAGE_VERSION;
  image.width = kWidth;
  image.height = kHeight;
  image.format = PNG_FORMAT_RGB_COLORMAP;
  image.colormap_entries = kSteps;
  std::uint8_t scale[3 * kSteps];
  for (int i = 0; i < kSteps; ++i) {
    const Colour colour = colour_of(static_cast<double>(i) / (kSteps - 1));
    scale[3 * i] = static_cast<std::uint8_t>(colour.r);
    scale[3 * i + 1] = static_cast<std::uint8_t>(colour.g);
    scale[3 * i + 2] = static_cast<std::uint8_t>(colour.b);
  }
  if (png_image_write_to_file(&image, png.c_str(), 0, pixels.data(), 0, scale) == 0)
    throw std::runtime_error(png.string() + ": " + image.message);
}

}  // namespace lathe::bench
