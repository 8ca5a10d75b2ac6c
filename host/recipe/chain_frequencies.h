// The frequencies a recipe's chains name: none of them may lie at or above half the rate the chain runs at.
#pragma once

#include <string>
#include <vector>

#include "lathe/v1/recipe.pb.h"

namespace lathe {

struct ChainFrequency {
  std::string path;  // chain[0].eq.bands[1].freq_hz
  double hz = 0;
};

// Of equaliser bands, crossovers and stereo edges, stems counted. Takes recipes with and without defaults.
std::vector<ChainFrequency> chain_frequencies(const v1::Recipe& recipe);

}  // namespace lathe
