#include "kernels/inspection/click_finder.h"

#include <algorithm>

namespace lathe {

void ClickFinder::take(const float* rows, std::int64_t count) {
  rows_.insert(rows_.end(), rows, rows + count);
  const std::size_t reach = kReach;
  std::size_t row = reach;
  for (; row + reach < rows_.size(); ++row) {
    if (rows_[row] >= kLeast) judge(row);
  }
  const std::size_t done = row - reach;
  rows_.erase(rows_.begin(), rows_.begin() + static_cast<std::ptrdiff_t>(done));
  first_row_ += static_cast<std::int64_t>(done);
}

void ClickFinder::judge(std::size_t row) {
  const float level = rows_[row], most = level / kRatio;
  if (rows_[row - 1] > level || rows_[row + 1] >= level) return;
  // A click on the border of two rows.
  std::size_t from = row - 1, to = row + 1;
  if (rows_[from] > most) --from;
  if (rows_[to] > most && from == row - 1) ++to;
  for (std::size_t r = row - kReach; r <= from; ++r) {
    if (rows_[r] > most) return;
  }
  for (std::size_t r = to; r <= row + kReach; ++r) {
    if (rows_[r] > most) return;
  }
  const std::int64_t frame = (first_row_ + static_cast<std::int64_t>(row)) * kRow;
  if (facts_.clicks++ == 0) facts_.first_frame = frame;
  if (level > facts_.worst) {
    facts_.worst = level;
    facts_.worst_frame = frame;
  }
}

}  // namespace lathe
