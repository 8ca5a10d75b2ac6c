#include "kernels/tonal_balance/target_curves.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <stdexcept>

namespace lathe {
namespace {

constexpr double kNone = -999;

// Power density at 25 Hz to 16 kHz in thirds of an octave, relative to 1 kHz, in dB.
struct Target {
  std::string_view name;
  std::array<double, 29> db;
};
constexpr int kFirstThird = -16;  // of an octave, from 1 kHz

constexpr Target kTargets[] = {
    // Equal power in every octave: -3.01 dB an octave by definition.
    {"pink",
     {16.1, 15.1, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0, -1, -2, -3, -4, -5, -6, -7, -8, -9, -10, -11, -12}},
    // After the mean spectrum of popular recordings that Pestana, Ma, Reiss, Barbosa and Black describe ("Spectral
    // characteristics of popular commercial recordings 1950-2010", AES 135, 2013): a straight line of -5 dB an octave
    // from 100 Hz to 4 kHz, steeper above, cut below 60 Hz. The figures outside the straight line are ours.
    {"pop", {4,   9.5, 13.5, 17,   19, 19.3, 18.2, 16.6, 15,  13.3,  11.6,  10,    8.3,   6.6, 5,
             3.3, 0,   -1.6, -3.3, -5, -6.6, -8.3, -10,  -12, -14.2, -16.6, -19.2, -22.2, -26}},
    // Measured by long_term_spectrum.h as the power average at equal loudness of whole tracks, smoothed over
    // neighbouring thirds (1/4, 1/2, 1/4) and rounded to 0.5 dB: the 8 songs of Debian's fretsonfire-songs-muldjord and
    // fretsonfire-songs-sectoid, their guitar mixed in.
    {"metal", {3.5, 7.5, 11.5, 15, 17,   17.5, 17,   17,   16, 15,   12.5, 9.5, 7,   4,  3,
               1.5, 0,   -1,   -1, -0.5, 0,    -0.5, -2.5, -5, -8.5, -11,  -13, -17, -23}},
    // In the same way: the 16 tracks of Debian's singularity-music (calm electronic music). They end at 16 kHz, so the
    // last figure goes on as the ones before it fall.
    {"electronic", {18,  19.5, 20.5, 20,   19.5, 18,    16.5,  15,    14,  13,    12,  11,  9.5, 6.5, 4,
                    2.5, 0,    -2.5, -5.5, -8,   -10.5, -13.5, -16.5, -18, -18.5, -20, -23, -26, -29}},
    // In the same way: the 34 tracks over 600 kB of Debian's wesnoth-1.16-music (sampled orchestra).
    {"orchestral", {9.5, 12, 10.5, 9.5,  11,   13,  12.5,  10,  8.5, 8,     7,   7,     7,     5.5,  3.5,
                    1.5, 0,  -2,   -4.5, -7.5, -10, -13.5, -17, -21, -24.5, -27, -29.5, -31.5, -32.5}},
    // Byrne et al., "An international comparison of long-term average speech spectra", JASA 96 (1994), table II: men
    // and
    // women together, 63 Hz to 16 kHz, of levels in thirds of an octave made densities (1 dB a third less).
    {"speech", {kNone, kNone, kNone, kNone, -3.1, 0.8,  10.7,  13,    11.1,  13.5,  12.6, 10.3,  12.4,  11.4, 8.8,
                4.1,   0,     -1.7,  -3.7,  -8,   -9.6, -11.9, -14.1, -16.2, -17.4, -19,  -20.3, -23.4, -25}},
};

const Target* find(std::string_view name) {
  for (const Target& target : kTargets) {
    if (target.name == name) return &target;
  }
  return nullptr;
}

}  // namespace

std::vector<std::string> target_names() {
  std::vector<std::string> names;
  for (const Target& target : kTargets) names.emplace_back(target.name);
  return names;
}

ToneAim target_aim(std::string_view name) {
  const Target* target = find(name);
  if (target == nullptr) throw std::invalid_argument("there is no target '" + std::string(name) + "'");
  ToneAim aim;
  aim.whole.db.assign(kBalancePoints, kNone);
  aim.whole.first = kBalancePoints;
  for (int i = 0; i < kBalancePoints; ++i) {
    // In thirds of an octave from the table's first.
    const double place = 3.0 * (i - kBalanceMiddle) / kBalancePerOctave - kFirstThird;
    const auto left = static_cast<std::size_t>(std::max(place, 0.0));
    if (place < 0 || left + 1 >= target->db.size() || target->db[left] == kNone) continue;
    const double part = place - static_cast<double>(left);
    aim.whole.db[static_cast<std::size_t>(i)] = target->db[left] + part * (target->db[left + 1] - target->db[left]);
    aim.whole.first = std::min(aim.whole.first, i);
    aim.whole.last = i;
  }
  return aim;
}

}  // namespace lathe
