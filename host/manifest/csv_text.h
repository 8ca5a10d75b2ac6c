// CSV by RFC 4180, as spreadsheets of all countries write it.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "host/manifest/manifest_record.h"

namespace lathe {

struct CsvCell {
  std::string text;
  std::size_t offset = 0;  // in the file, in bytes
};

using CsvRow = std::vector<CsvCell>;

// All rows but empty ones, the header among them. The delimiter is the one of comma, semicolon and tab that the first
// row has most of, or the one that a first line "sep=;" names. Mistakes are added to `problems`: a quote that is not
// closed, text after one that is, a quote within a cell that has none around it.
std::vector<CsvRow> read_csv(std::string_view text, ManifestProblems& problems);

}  // namespace lathe
