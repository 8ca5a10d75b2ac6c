#include "host/recipe/chain_frequencies.h"

#include "host/recipe/field_rules.h"

namespace lathe {
namespace {

void add_chain(const google::protobuf::RepeatedPtrField<v1::Stage>& chain, const std::string& path,
               std::vector<ChainFrequency>& found) {
  for (int i = 0; i < chain.size(); ++i) {
    const v1::Stage& stage = chain[i];
    const std::string at = item(path, i) + "." + kind_name(stage);
    for (int b = 0; b < stage.eq().bands_size(); ++b)
      found.push_back({item(at + ".bands", b) + ".freq_hz", stage.eq().bands(b).freq_hz()});
    for (int b = 0; b < stage.stereo().bands_size(); ++b) {
      if (stage.stereo().bands(b).has_up_to_hz())
        found.push_back({item(at + ".bands", b) + ".up_to_hz", stage.stereo().bands(b).up_to_hz()});
    }
    for (int c = 0; c < stage.compress().crossovers_hz_size(); ++c)
      found.push_back({item(at + ".crossovers_hz", c), stage.compress().crossovers_hz(c)});
  }
}

}  // namespace

std::vector<ChainFrequency> chain_frequencies(const v1::Recipe& recipe) {
  std::vector<ChainFrequency> found;
  add_chain(recipe.chain(), "chain", found);
  for (int i = 0; i < recipe.stems_size(); ++i) add_chain(recipe.stems(i).chain(), item("stems", i) + ".chain", found);
  return found;
}

}  // namespace lathe
