// What happened to one track: the facts that the JSON report, the manifest and the store keep of it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "kernels/loudness/loudness_reading.h"

namespace lathe {

// Figures of one measurement, with the reason where there are none.
struct Measurement {
  bool is_measurable = false;
  std::string reason;  // why not: "silence: no 400 ms block is above -70 LUFS"
  LoudnessFigures figures{};
};

// Of the reading of a track of `frames` frames.
Measurement measurement_of(const LoudnessReading& reading, std::int64_t frames, int sample_rate_hz);

struct OutputReport {
  std::string id;
  std::filesystem::path path;
  std::string container;
  std::int64_t frames = 0;
  int sample_rate_hz = 0;
  int channels = 0;
  std::string bits;  // 16, 24, 32 or 32f
  std::int64_t bytes = 0;
  std::string sha256;
  std::string pcm_md5;  // empty: not taken
  Measurement after;
  std::vector<std::string> dropped_tags;
};

// One stage's account: a name, what it was computed on ("cpu", "cuda"), and figures in the order they are to be
// printed.
struct StageReport {
  std::string name;
  std::string backend;
  std::vector<std::pair<std::string, double>> figures;
};

// Seconds of one thread, by kind of work.
struct BusySeconds {
  double decode = 0, kernels = 0, limiter = 0, encode = 0, io = 0;
  BusySeconds& operator+=(const BusySeconds& other);
};

struct TrackReport {
  std::filesystem::path input;
  std::string input_format;  // "WAV 24-bit, 44100 Hz, 2 channels"
  std::int64_t frames = 0;
  int sample_rate_hz = 0;
  int channels = 0;
  std::string payload_hash;  // XXH3-128 of the input's PCM bytes
  std::string reason;        // why what was asked was not reached; empty when it was
  std::vector<std::string> notes;
  Measurement before;
  std::optional<double> asked_lufs, asked_dbtp;
  std::vector<OutputReport> outputs;
  std::vector<StageReport> stages;
  BusySeconds busy;
};

}  // namespace lathe
