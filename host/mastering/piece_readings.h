// What each file of a programme is by itself, as it was read: its hash and its loudness.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "host/mastering/programme_reader.h"
#include "host/mastering/track_report.h"

namespace lathe {

struct PieceReading {
  std::string payload_hash;  // XXH3-128 of the file's PCM bytes
  Measurement before;
};

class PieceReadings {
 public:
  // The reader outlives it.
  explicit PieceReadings(const ProgrammeSource& reader);
  ~PieceReadings();

  // The next frames of the programme, as they were read, and 16 bytes behind them that may be looked at.
  void take(const std::byte* bytes, std::int64_t frames);

  // One for each file, after the last frame.
  std::vector<PieceReading> finish();

 private:
  struct Piece;
  void take_part(const std::byte* bytes, std::int64_t frames);
  void end_piece();

  const ProgrammeSource& reader_;
  std::unique_ptr<Piece> piece_;
  std::vector<PieceReading> done_;
  std::vector<float> planes_;
  std::int64_t at_ = 0;
};

}  // namespace lathe
