// A track in the bytes of a file and the first pass it is to go through: what a backend is checked with.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "kernels/chain/first_pass.h"

namespace lathe::bench {

struct Job {
  std::string name;
  FirstPassSetup setup;
  std::vector<std::byte> bytes;  // of setup.frames frames
};

struct JobResult {
  std::vector<std::vector<float>> samples;  // one row a channel
  FirstPassResult found;
};

// Makes a pass on some backend. A backend is opened for one thread; passes do not outlive it.
using MakePass = std::function<std::unique_ptr<FirstPass>(FirstPassSetup, AudioSink*)>;
using OpenBackend = std::function<MakePass()>;

// Pushes the track through a pass, at most `most_frames` at a time. Throws what the pass throws.
JobResult run(const Job& job, const MakePass& make_pass, std::int64_t most_frames);

// Which part of two results differs by a bit: "samples", "figures", "peaks", "hops", "trace", "damage"; empty where
// none does.
std::string differing(const JobResult& a, const JobResult& b);
std::string differing(const LoudnessReading& a, const LoudnessReading& b);

// An equaliser of 8,191 taps at 44.1 and 48 kHz, twice as long at twice the rate; 24 kHz or more.
std::vector<EqBand> eq_of_8191_taps();
// What the recipe `streaming` has: it acts on the bass alone.
std::vector<EqBand> eq_of_the_bass();

// Loud noise with most of its energy in the bass, of wandering level, clipped where it is loudest: `frames` frames in
// rows, and the same as the bytes of a file, of integers or float32.
struct Material {
  std::vector<std::vector<float>> rows;
  std::vector<std::byte> bytes;
};
Material made_up_material(std::uint64_t seed, double sample_rate_hz, int channels, std::int64_t frames,
                          Encoding encoding);

// One job for each way through the chain, over encodings, rates and numbers of channels: tracks of `seconds`, cut into
// several segments where they are longer than one and a half seconds.
std::vector<Job> made_up_jobs(double seconds);

// The first minute of each audio file, and of those in folders (12 files at most, in the order of their names), through
// an equaliser and a gain. Throws AudioFileError, std::invalid_argument where there is none.
std::vector<Job> jobs_of_music(const std::vector<std::filesystem::path>& paths);

}  // namespace lathe::bench
