// A finished album's sound in a small file, to which a later delivery is mastered as to the album itself.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "host/mastering/reference_tone.h"

namespace lathe {

struct SignatureFile {
  std::string name;  // within the album's folder
  std::string sha256;
  std::int64_t frames = 0;
  int sample_rate_hz = 0;
  int channels = 0;
};

struct AlbumSignature {
  std::vector<SignatureFile> made_of;  // in the order in which they were read
  ReferenceReading reading;            // what match_eq and a target of `reference` go by
  double loudness_range_lu = 0;        // of all files as one programme (EBU Tech 3342)
  double true_peak_dbtp = 0;           // the highest of all
};

// Of what reference_files() gives for the folder or file. `check` as for ReferenceTones::get, which says what is
// thrown.
AlbumSignature measure_signature(const std::filesystem::path& album, const std::function<void()>& check);

// {schema: lathe.signature.v1, engine, integrated_lufs, loudness_range_lu, true_peak_dbtp, spectrum:
// {points_per_octave, point_of_1000_hz, whole: {first, last, db}, mid, side}, made_of: [{name, sha256, frames,
// sample_rate_hz, channels}]}. Numbers come back as the very doubles that they were.
std::string signature_json(const AlbumSignature& signature, const std::string& engine);

// Whether a reference of this name is taken for a signature: .json, any case.
bool is_signature_name(const std::filesystem::path& path);

// Throws std::invalid_argument that names the file: not there, no JSON, another schema, a spectrum of another grid,
// figures that no album has.
AlbumSignature read_signature(const std::filesystem::path& file);

}  // namespace lathe
