// A spectrum's balance: its power density, smoothed, on a grid of equal ratios; and where it holds more than noise.
#pragma once

#include <cstddef>
#include <vector>

#include "kernels/tonal_balance/long_term_spectrum.h"

namespace lathe {

// 24 points an octave, from 15.6 Hz to 40.3 kHz; kBalanceMiddle is at 1 kHz.
constexpr int kBalancePerOctave = 24;
constexpr int kBalanceMiddle = 144;
constexpr int kBalancePoints = kBalanceMiddle + 129;

double balance_hz(int point);

// A value at any frequency, linear in its logarithm between the points and level beyond them.
double balance_at(const std::vector<double>& points, double frequency_hz);

struct BalanceLine {
  std::vector<double> db;    // power density a Hz, kBalancePoints of them
  int first = 0, last = -1;  // the points between which there is real energy

  bool is_empty() const { return last < first; }
  bool holds(int point) const { return point >= first && point <= last; }
};

// Of powers a bin of `bin_hz`: the mean density under a raised cosine in log frequency whose half-width is 1/6 octave,
// and two bins at least (1/4 octave at 50 Hz). Real energy ends where the line falls off a cliff (a low-pass of lossy
// coding: 18 dB in 1/4 octave, or 24 dB in half an octave downwards), lies 80 dB (downwards 60) under the loudest
// point's power an octave, or as low as the noise of 16 bits; and at 20 Hz.
BalanceLine balance_of(const std::vector<double>& power, double bin_hz);

// The power average of several, each brought to the same K-weighted power: `weighted[i]` is that of lines[i]. At each
// point of those that have real energy there; -400 dB where, between them, none has.
BalanceLine mean_balance(const std::vector<BalanceLine>& lines, const std::vector<double>& weighted);

}  // namespace lathe
