// Whether the identifiers in a file's tags can be what they claim to be: ISRC and UPC or EAN.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "host/audit/file_audit.h"

namespace lathe {

// An ISRC of ISO 3901:2019: five characters of a prefix code (two letters, then three letters or digits), two digits
// of the year, five of the designation; "USRC17607839" or "US-RC1-76-07839", hyphens all or none. Letters of either
// case, as ISO 3901 has readers accept. Empty when it is one, else what is wrong.
std::string isrc_problem(std::string_view isrc);

// A GTIN of 8, 12 (UPC-A), 13 (EAN-13) or 14 digits whose last one checks (GS1 General Specifications, 7.9): digits
// weigh 3 and 1 in turn from the right, and the sum ends in 0. Empty when it is one, else what is wrong.
std::string upc_problem(std::string_view upc);

// "isrc-invalid" and "upc-invalid" (warnings) for the tags `isrc` and `upc`, where they are there and not empty.
std::vector<AuditFinding> check_identifiers(const std::map<std::string, std::string>& tags);

}  // namespace lathe
