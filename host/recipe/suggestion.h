// "did you mean": the known word nearest to one that is not known.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace lathe {

// The nearest of `known` by edit distance (a swap of neighbours is one edit), or "" if none is near enough to be meant.
std::string nearest(std::string_view word, std::span<const std::string> known);

// " (did you mean 'limit'?)", or "; one of a | b | c" if nothing is near.
std::string suggestion(std::string_view word, std::span<const std::string> known);

std::string joined(std::span<const std::string> words, std::string_view separator);

}  // namespace lathe
