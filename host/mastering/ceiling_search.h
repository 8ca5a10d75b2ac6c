// The limiter's ceiling at which what a lossy codec makes of the track holds the one that was asked for.
//
// A codec's quantisation noise adds to the peaks that the limiter left at its ceiling. Lowering that by what is over
// brings the decoded peak down by nearly as much, but not quite: at the same loudness the limiter has more to do, and
// leaves more peaks for the noise to fall upon. So the steps are of a secant, from the response seen in the last one,
// and a little longer.
#pragma once

#include <optional>
#include <string>

namespace lathe {

class CeilingSearch {
 public:
  // How often a track is limited again. Of 20 hot tracks through AAC 256, MP3 320 and Opus 128 one needed five, the
  // others four or less (docs/checks.md).
  static constexpr int kMostRounds = 6;

  explicit CeilingSearch(double asked_dbtp) : asked_dbtp_(asked_dbtp), ceiling_dbtp_(asked_dbtp) {}

  double asked_dbtp() const { return asked_dbtp_; }
  double ceiling_dbtp() const { return ceiling_dbtp_; }
  int rounds() const { return rounds_; }
  bool may_go_on() const { return rounds_ < kMostRounds; }

  // `what` (a codec and an output, by any name) decodes to so much under the ceiling in hand: lowers it. Precondition:
  // that is over what was asked for, and may_go_on().
  void lower(const std::string& what, double decoded_dbtp);

 private:
  struct Seen {
    std::string what;
    double ceiling_dbtp = 0, decoded_dbtp = 0;
  };

  double asked_dbtp_, ceiling_dbtp_;
  int rounds_ = 0;
  std::optional<Seen> last_;
};

}  // namespace lathe
