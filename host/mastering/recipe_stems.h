// Which rule of a recipe's `stems` each file of a mix falls under.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "host/mastering/output_path.h"
#include "host/mastering/track_master.h"
#include "lathe/v1/recipe.pb.h"

namespace lathe {

struct StemPlan {
  std::vector<StemTrack> stems;        // one a file, in the order of the files
  std::vector<std::string> missing;    // rules that no file falls under: "drums (*drum*)"
  std::vector<std::string> unmatched;  // names of files under no rule: they go into the mix as they are
};

// The stems that an output of stems has files for, all but those of the roles that it goes without, and how these are
// called; in the order of the files. Throws as stems_of() does.
struct NamedStem {
  StemPart part;
  StemName name;
};
std::vector<NamedStem> named_stems(const v1::Recipe& recipe, const v1::Output& output,
                                   const std::vector<StemFile>& files);

// `recipe` is effective. The first rule that fits a file's name, with or without its extension, upper or lower case, is
// its own; one rule may fit several. A file that has its role from elsewhere goes by the first rule of that role
// (whatever its `match`), else by the first rule without a role that fits its name. Throws std::invalid_argument as
// chain_of() does.
StemPlan stems_of(const v1::Recipe& recipe, const std::vector<StemFile>& files);

}  // namespace lathe
