#include "host/mastering/ceiling_search.h"

#include <algorithm>

namespace lathe {
namespace {

// Decibels that the decoded peak falls by for each that the ceiling falls by: until seen, and as far as it is believed.
// What lies outside is a peak that has jumped elsewhere, as codecs' noise does from one rendering to the next; steps by
// it overshoot by decibels.
constexpr double kFirstResponse = 0.9, kLeastResponse = 0.6, kMostResponse = 1.1, kJumped = 1.0;
// In the last two rounds it is better to end too low than over.
constexpr double kLastResponse = 0.6;
// Beyond what is over: less than anybody hears, and enough that the next peak in line, or dither, is not over again.
constexpr double kMarginDb = 0.03;

}  // namespace

void CeilingSearch::lower(const std::string& what, double decoded_dbtp) {
  double response = kFirstResponse;
  if (last_ && last_->what == what && ceiling_dbtp_ < last_->ceiling_dbtp) {
    response = (last_->decoded_dbtp - decoded_dbtp) / (last_->ceiling_dbtp - ceiling_dbtp_);
    if (response < kLeastResponse || response > kMostResponse) response = kJumped;
  }
  if (rounds_ + 2 >= kMostRounds) response = std::min(response, kLastResponse);
  last_ = Seen{what, ceiling_dbtp_, decoded_dbtp};
  ceiling_dbtp_ -= (decoded_dbtp - asked_dbtp_) / response + kMarginDb;
  ++rounds_;
}

}  // namespace lathe
