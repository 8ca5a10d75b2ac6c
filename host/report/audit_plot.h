// A track's loudness over time as a drawing in a page.
#pragma once

#include <string>

#include "host/audit/file_audit.h"

namespace lathe {

// What every plot refers to, once in a page: levels of 0, -20, -40 and -60 with their lines.
std::string plot_definitions();

// Inline SVG of momentary and short-term loudness from -60 to +3 (LUFS), the integrated loudness as a line, and the
// true peak (dBTP) as a mark where it is, or as a line where that is not known. At most 300 points a curve: each is the
// loudest value of its stretch, so no loud moment is lost. Colours come from the page's style. Empty without a series.
std::string loudness_plot(const FileAudit& file);

}  // namespace lathe
