#include "host/recipe/text_places.h"

#include <algorithm>

#include "host/recipe/text_check.h"

namespace lathe {

TextPlaces::TextPlaces(std::string_view text, const std::string& name, bool is_value)
    : text_(text), file_(std::make_shared<const std::string>(name)), is_value_(is_value) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool ends = text[i] == '\n' || (text[i] == '\r' && (i + 1 == text.size() || text[i + 1] != '\n'));
    if (ends) line_starts_.push_back(i + 1);
  }
}

RecipePosition TextPlaces::at(int line, int byte_column) const {
  const std::size_t row = std::min(static_cast<std::size_t>(std::max(line, 0)), line_starts_.size() - 1);
  return at_offset(line_starts_[row] + static_cast<std::size_t>(std::max(byte_column, 0)));
}

RecipePosition TextPlaces::at_offset(std::size_t offset) const {
  if (is_value_) return nowhere();
  offset = std::min(offset, text_.find_last_not_of(" \t\r\n") + 1);
  const auto next = std::upper_bound(line_starts_.begin(), line_starts_.end(), offset);
  const auto row = static_cast<std::size_t>(next - line_starts_.begin()) - 1;
  const auto before = count_characters(text_.substr(line_starts_[row], offset - line_starts_[row]));
  return {file_, static_cast<int>(row) + 1, static_cast<int>(before) + 1};
}

}  // namespace lathe
