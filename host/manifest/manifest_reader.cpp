#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <iterator>
#include <unordered_map>

#include "host/audio_file/text_encoding.h"
#include "host/manifest/csv_text.h"
#include "host/manifest/manifest.h"
#include "host/manifest/manifest_record.h"
#include "host/manifest/plain_words.h"
#include "host/manifest/spreadsheet_damage.h"
#include "host/recipe/suggestion.h"

namespace lathe {
namespace {

namespace fs = std::filesystem;

const std::vector<std::string> kColumns = {"path", "album", "title", "artist", "version",    "track",
                                           "disc", "side",  "isrc",  "upc",    "contiguous", "contiguous_with_next",
                                           "mix",  "role"};

bool is_known(const std::string& column) { return std::ranges::find(kColumns, column) != kColumns.end(); }

std::string unknown(const char* what, const std::string& name) {
  return fmt::format("unknown {} '{}'{}", what, name, suggestion(name, kColumns));
}

// The header's names stand beside the cells of each row.
std::vector<ManifestRecord> records_of_csv(std::string_view text, ManifestProblems& problems) {
  const std::vector<CsvRow> rows = read_csv(text, problems);
  if (rows.empty()) {
    problems.add(0, "the manifest is empty; its first row names the columns, path among them");
    return {};
  }
  std::vector<std::string> columns;
  for (const CsvCell& cell : rows.front()) {
    const std::string name = lower(trimmed(cell.text));
    if (!name.empty() && !is_known(name)) problems.add(cell.offset, unknown("column", name));
    if (is_known(name) && std::ranges::find(columns, name) != columns.end())
      problems.add(cell.offset, fmt::format("column '{}' is there twice", name));
    columns.push_back(name);
  }
  if (std::ranges::find(columns, "path") == columns.end())
    problems.add(rows.front().front().offset, "there is no column 'path'; the first row names the columns");
  problems.throw_if_any();  // else every row would say it again
  std::vector<ManifestRecord> records;
  for (std::size_t r = 1; r < rows.size(); ++r) {
    ManifestRecord record{rows[r].front().offset, {}};
    for (std::size_t c = 0; c < rows[r].size(); ++c) {
      const CsvCell& cell = rows[r][c];
      const bool has_name = c < columns.size() && !columns[c].empty();
      if (has_name) record.cells.push_back({columns[c], cell.text, cell.offset});
      if (has_name || cell.text.empty()) continue;
      problems.add(cell.offset,
                   "a cell beyond the named columns: is there a delimiter that wants quotes around its cell?");
      break;
    }
    records.push_back(std::move(record));
  }
  return records;
}

std::optional<bool> yes_or_no(const std::string& text) {
  static constexpr std::array kYes = {"yes", "true", "1", "y"}, kNo = {"no", "false", "0", "n"};
  if (std::ranges::find(kYes, lower(text)) != kYes.end()) return true;
  if (std::ranges::find(kNo, lower(text)) != kNo.end()) return false;
  return std::nullopt;
}

// "A", "AA", "Side A".
bool is_side(const std::string& text) {
  std::string side = lower(text);
  if (side.starts_with("side")) side.erase(0, 4);
  std::erase(side, ' ');
  return !side.empty() && side.size() <= 2 && std::ranges::all_of(side, [](char c) { return c >= 'a' && c <= 'z'; });
}

class RowReader {
 public:
  RowReader(fs::path folder, ManifestProblems& problems) : folder_(std::move(folder)), problems_(problems) {}

  ManifestRow read(const ManifestRecord& record) {
    ManifestRow row;
    row.line = problems_.line_of(record.offset);
    for (const ManifestCell& cell : record.cells) take(cell, row);
    if (row.path.empty()) {
      problems_.add(record.offset, "the row has no path");
    } else if (const auto [found, is_new] = lines_.emplace(row.path, row.line); !is_new) {
      problems_.add(record.offset, fmt::format("{} is there before, on line {}", row.path, found->second));
    }
    return row;
  }

 private:
  void take(const ManifestCell& cell, ManifestRow& row) {
    const std::string text(trimmed(cell.text));
    if (!is_known(cell.column)) return problems_.add(cell.offset, unknown("key", cell.column));
    if (text.empty()) return;
    if (cell.column == "path") return take_path(cell, row);
    if (std::string damage = spreadsheet_damage(cell.column, text); !damage.empty()) {
      row.damage.push_back(std::move(damage));
    } else if (cell.column == "album") {
      row.album = text;
    } else if (cell.column == "mix") {
      row.mix = text;
    } else if (cell.column == "role") {
      row.role = text;
    } else if (cell.column == "contiguous" || cell.column == "contiguous_with_next") {
      row.contiguous = yes_or_no(text);
      if (!row.contiguous) problems_.add(cell.offset, fmt::format("contiguous is yes or no, not '{}'", text));
    } else {
      if (cell.column == "side" && !is_side(text))
        problems_.add(cell.offset, fmt::format("side is a letter or two, as A or AA, not '{}'", text));
      row.tags[cell.column] = text;
    }
  }

  // As it is written: a name may begin or end with a blank.
  void take_path(const ManifestCell& cell, ManifestRow& row) {
    if (cell.text.find('\0') != std::string::npos) return problems_.add(cell.offset, "the path holds a NUL");
    row.path = (folder_ / cell.text).lexically_normal().native();
  }

  fs::path folder_;
  ManifestProblems& problems_;
  std::unordered_map<std::string, int> lines_;
};

std::string text_of(const fs::path& file) {
  std::ifstream stream(file, std::ios::binary);
  std::string text{std::istreambuf_iterator<char>(stream), {}};
  if (!stream.is_open() || stream.bad()) throw RecipeErrors({{file.string(), 0, 0, "the manifest cannot be read"}});
  return text;
}

}  // namespace

bool is_manifest_name(const fs::path& path) {
  const std::string extension = lower(path.extension().string());
  return extension == ".csv" || extension == ".json";
}

Manifest read_manifest(const fs::path& file) {
  const std::string text = text_of(file);
  ManifestProblems problems(text, file.string());
  if (!is_utf8(text)) {
    problems.add(0, "the manifest is not UTF-8: in a spreadsheet, save it as \"CSV UTF-8\"");
    problems.throw_if_any();
  }
  const bool is_json = lower(file.extension().string()) == ".json";
  const std::vector<ManifestRecord> records =
      is_json ? read_manifest_json(text, problems) : records_of_csv(text, problems);
  Manifest manifest{file.string(), {}};
  RowReader reader(fs::absolute(file).lexically_normal().parent_path(), problems);
  for (const ManifestRecord& record : records) manifest.rows.push_back(reader.read(record));
  problems.throw_if_any();
  return manifest;
}

}  // namespace lathe
