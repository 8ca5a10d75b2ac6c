#include "host/manifest/csv_text.h"

#include <algorithm>

namespace lathe {
namespace {

bool ends_line(char c) { return c == '\n' || c == '\r'; }

// Of the first line, outside quotes.
char delimiter_of(std::string_view text) {
  constexpr std::string_view kKnown = ",;\t";
  std::size_t counts[3] = {};
  bool is_quoted = false;
  for (const char c : text) {
    if (c == '"') is_quoted = !is_quoted;
    if (!is_quoted && ends_line(c)) break;
    if (const std::size_t which = kKnown.find(c); !is_quoted && which != kKnown.npos) ++counts[which];
  }
  return kKnown[static_cast<std::size_t>(std::max_element(counts, counts + 3) - counts)];
}

class CsvReader {
 public:
  CsvReader(std::string_view text, ManifestProblems& problems) : text_(text), problems_(problems) {
    if (text_.starts_with("\xEF\xBB\xBF")) at_ = 3;
    delimiter_ = delimiter_of(text_.substr(at_));
    const std::string_view rest = text_.substr(at_);
    if (rest.size() >= 6 && rest.starts_with("sep=") && ends_line(rest[5])) {
      delimiter_ = rest[4];
      at_ += 5;
      end_line();
    }
  }

  std::vector<CsvRow> read() {
    std::vector<CsvRow> rows;
    while (at_ < text_.size()) {
      CsvRow row = read_row();
      if (std::ranges::any_of(row, [](const CsvCell& cell) { return !cell.text.empty(); }))
        rows.push_back(std::move(row));
    }
    return rows;
  }

 private:
  CsvRow read_row() {
    CsvRow row;
    for (;;) {
      row.push_back(read_cell());
      if (at_ == text_.size()) return row;
      if (text_[at_] != delimiter_) break;
      ++at_;
    }
    end_line();
    return row;
  }

  CsvCell read_cell() {
    CsvCell cell{{}, at_};
    if (at_ < text_.size() && text_[at_] == '"') {
      read_quoted(cell);
      const std::size_t after = at_;
      skip_to_end_of_cell();
      if (at_ > after) problems_.add(after, "text after a closing quote; a quote within a cell is written twice");
      return cell;
    }
    skip_to_end_of_cell();
    cell.text = text_.substr(cell.offset, at_ - cell.offset);
    if (const std::size_t quote = cell.text.find('"'); quote != std::string::npos)
      problems_.add(cell.offset + quote, "a quote within a cell that is not in quotes itself");
    return cell;
  }

  void read_quoted(CsvCell& cell) {
    for (++at_;;) {
      const std::size_t quote = text_.find('"', at_);
      if (quote == std::string_view::npos) {
        problems_.add(cell.offset, "a quote that is opened here is never closed");
        at_ = text_.size();
        return;
      }
      cell.text += text_.substr(at_, quote - at_);
      at_ = quote + 1;
      if (at_ == text_.size() || text_[at_] != '"') return;
      cell.text += '"';
      ++at_;
    }
  }

  void skip_to_end_of_cell() {
    while (at_ < text_.size() && text_[at_] != delimiter_ && !ends_line(text_[at_])) ++at_;
  }

  void end_line() {
    if (at_ < text_.size() && text_[at_] == '\r') ++at_;
    if (at_ < text_.size() && text_[at_] == '\n') ++at_;
  }

  std::string_view text_;
  ManifestProblems& problems_;
  std::size_t at_ = 0;
  char delimiter_ = ',';
};

}  // namespace

std::vector<CsvRow> read_csv(std::string_view text, ManifestProblems& problems) {
  return CsvReader(text, problems).read();
}

}  // namespace lathe
