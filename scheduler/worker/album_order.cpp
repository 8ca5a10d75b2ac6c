#include "scheduler/worker/album_order.h"

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <string_view>

namespace lathe::scheduler {
namespace {

bool is_letter(char c) { return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'); }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

std::string upper(std::string_view text) {
  std::string up(text);
  std::ranges::transform(up, up.begin(), [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; });
  return up;
}

// "7", "07" and "7/12" are 7; 0 for what is no number.
int leading_number(std::string_view text) {
  int number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return std::max(number, 0);
}

// "A" and "Side A" are A; empty for what is no side.
std::string side_named(std::string_view text) {
  std::string side = upper(text);
  if (side.starts_with("SIDE")) side.erase(0, 4);
  std::erase(side, ' ');
  const bool is_side = !side.empty() && side.size() <= 2 && std::ranges::all_of(side, is_letter);
  return is_side ? side : std::string();
}

// "A1" and "AA12" stand on a side; a letter alone does too, unless more letters follow.
AlbumPlace place_named(std::string_view text) {
  const auto letters = static_cast<std::size_t>(std::ranges::find_if_not(text, is_letter) - text.begin());
  const auto end = static_cast<std::size_t>(
      std::find_if_not(text.begin() + static_cast<std::ptrdiff_t>(letters), text.end(), is_digit) - text.begin());
  const bool is_place = letters >= 1 && letters <= 2 && end - letters <= 2 &&
                        (end == text.size() || (!is_letter(text[end]) && !is_digit(text[end])));
  if (!is_place) return {0, {}, leading_number(text)};
  return {0, upper(text.substr(0, letters)), leading_number(text.substr(letters))};
}

}  // namespace

AlbumPlace place_of(const ScannedTrack& track, const Tags& tags) {
  const auto said = [&track, &tags](const char* column, const char* tag) -> std::string_view {
    if (track.row != nullptr) {
      const auto found = track.row->tags.find(column);
      if (found != track.row->tags.end() && !found->second.empty()) return found->second;
    }
    return tags.first(tag);
  };
  AlbumPlace place = place_named(said("track", "TRACKNUMBER"));
  place.disc = leading_number(said("disc", "DISCNUMBER"));
  for (const std::string_view text : {tags.first("VINYLSIDE"), said("side", "SIDE")}) {
    if (const std::string side = side_named(text); !side.empty()) place.side = side;
  }
  if (!place.side.empty()) return place;
  const AlbumPlace by_name = place_named(std::filesystem::path(track.input).filename().string());
  if (by_name.side.empty() || by_name.number == 0) return place;
  place.side = by_name.side;
  if (place.number == 0) place.number = by_name.number;
  return place;
}

void AlbumSides::add(const AlbumPlace& place) {
  if (place.disc > 0) discs_[place.side].insert(place.disc);
}

std::string AlbumSides::name_of(const AlbumPlace& place) const {
  const auto discs = discs_.find(place.side);
  if (place.side.empty() || discs == discs_.end() || discs->second.size() < 2) return place.side;
  return place.disc > 0 ? std::to_string(place.disc) + place.side : std::string();
}

}  // namespace lathe::scheduler
