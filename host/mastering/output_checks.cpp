#include "host/mastering/output_checks.h"

#include <algorithm>
#include <stdexcept>

namespace lathe {
namespace {

bool is_for(const v1::Check& check, const v1::Output& output) {
  return check.outputs().empty() || std::ranges::find(check.outputs(), output.id()) != check.outputs().end();
}

void add_codec(const std::string& name, bool lowers_ceiling, std::vector<CodecWish>& codecs) {
  const std::optional<CodecAtRate> codec = codec_named(name);
  if (!codec) throw std::invalid_argument("checks: " + codec_problem(name));
  const auto known = std::ranges::find(codecs, *codec, &CodecWish::codec);
  if (known == codecs.end()) {
    codecs.push_back({*codec, lowers_ceiling});
  } else {
    known->lowers_ceiling = known->lowers_ceiling || lowers_ceiling;
  }
}

}  // namespace

std::vector<CodecWish> OutputChecks::lowering() const {
  std::vector<CodecWish> some;
  std::ranges::copy_if(codecs, std::back_inserter(some), &CodecWish::lowers_ceiling);
  return some;
}

OutputChecks checks_of(const v1::Recipe& recipe, const v1::Output& output) {
  OutputChecks checks;
  for (const v1::Check& check : recipe.checks()) {
    // Profiles and codecs are of what is delivered to be heard, which a stem is not.
    if (!is_for(check, output) || output.of() == v1::OUTPUT_OF_STEMS) continue;
    if (check.has_profile() && std::ranges::find(checks.profiles, check.profile()) == checks.profiles.end())
      checks.profiles.push_back(check.profile());
    for (const std::string& name : check.codec_check())
      add_codec(name, check.on_overs() == v1::ON_CODEC_OVERS_LOWER_CEILING, checks.codecs);
  }
  checks.cd_frames = output.snap_588() == v1::SNAP588_REPORT;
  return checks;
}

std::string checks_not_made(const std::vector<OutputChecks>& outputs) {
  const bool judges = std::ranges::any_of(outputs, [](const OutputChecks& of) { return !of.profiles.empty(); });
  const bool tries = std::ranges::any_of(outputs, [](const OutputChecks& of) { return !of.codecs.empty(); });
  const bool lowers = std::ranges::any_of(outputs, [](const OutputChecks& of) { return !of.lowering().empty(); });
  if (!judges && !tries) return {};
  std::string note = "a dry run ";
  if (tries) note += "encodes nothing";
  if (judges) note += tries ? " and judges no delivery profile" : "judges no delivery profile";
  note += ": the recipe's checks are made when the master is";
  if (lowers) note += ", and may lower the limiter's ceiling";
  return note;
}

}  // namespace lathe
