// Decibels and ratios. Not for the sample path: the C library's exp and log may differ between machines.
#pragma once

#include <cmath>
#include <limits>

namespace lathe {

// 20 log10(amplitude); minus infinity for 0.
inline double amplitude_to_db(double amplitude) {
  return amplitude > 0 ? 20.0 * std::log10(amplitude) : -std::numeric_limits<double>::infinity();
}
inline double db_to_amplitude(double db) { return std::pow(10.0, db / 20.0); }

// 10 log10(power); minus infinity for 0.
inline double power_to_db(double power) {
  return power > 0 ? 10.0 * std::log10(power) : -std::numeric_limits<double>::infinity();
}
inline double db_to_power(double db) { return std::pow(10.0, db / 10.0); }

}  // namespace lathe
