#include "host/manifest/cue_sheet.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>

#include "host/audio_file/text_encoding.h"
#include "host/manifest/plain_words.h"
#include "host/recipe/recipe_problem.h"

namespace lathe {
namespace {

std::string upper(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return out;
}

// The first word, and what follows it.
std::pair<std::string_view, std::string_view> split(std::string_view text) {
  const std::size_t end = std::min(text.find_first_of(" \t"), text.size());
  return {text.substr(0, end), trimmed(text.substr(end))};
}

// Between its first and its last quote, if it begins with one: titles hold quotes of their own.
std::string_view unquoted(std::string_view text) {
  if (text.empty() || text.front() != '"') return text;
  const std::size_t last = text.rfind('"');
  return last == 0 ? text.substr(1) : text.substr(1, last - 1);
}

std::optional<std::int64_t> number_in(std::string_view text) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const bool is_number = error == std::errc() && end == text.data() + text.size() && number >= 0 && !text.empty();
  return is_number ? std::optional(number) : std::nullopt;
}

// "MM:SS:FF", of which minutes have as many digits as they need.
std::optional<std::int64_t> time_in(std::string_view text) {
  const std::size_t first = text.find(':'), second = text.find(':', first == text.npos ? first : first + 1);
  if (second == text.npos) return std::nullopt;
  const auto minutes = number_in(text.substr(0, first)),
             seconds = number_in(text.substr(first + 1, second - first - 1)),
             frames = number_in(text.substr(second + 1));
  const bool is_time =
      minutes && seconds && frames && *minutes < 100'000 && *seconds < 60 && *frames < kCueFramesASecond;
  if (!is_time) return std::nullopt;
  return (*minutes * 60 + *seconds) * kCueFramesASecond + *frames;
}

class SheetReader {
 public:
  explicit SheetReader(const std::string& name) : name_(name) {}

  void take(std::string_view line, int number) {
    line_ = number;
    const auto [word, rest] = split(trimmed(line));
    const std::string command = upper(word);
    if (command.empty()) return;
    if (command == "FILE") return take_file(rest);
    if (command == "TRACK") return take_track(rest);
    if (command == "INDEX") return take_index(rest);
    if (command == "REM") return take_remark(rest);
    if (command == "TITLE" || command == "PERFORMER" || command == "SONGWRITER") return take_text(lower(command), rest);
    if (command == "ISRC") return take_isrc(rest);
    if (command == "CATALOG") {
      sheet_.catalog_line = line_;
      return put(sheet_.texts, "catalog", unquoted(rest));
    }
    if (command == "PREGAP" || command == "POSTGAP")
      return note(command + " is passed over: silence that no file holds is not added");
    if (command != "FLAGS" && command != "CDTEXTFILE") note("unknown command " + std::string(word) + " is passed over");
  }

  CueSheet finish() {
    line_ = 0;
    end_track();
    if (sheet_.tracks.empty() && problems_.empty()) wrong("the cue sheet names no track");
    if (!problems_.empty()) throw RecipeErrors(std::move(problems_));
    return std::move(sheet_);
  }

 private:
  void wrong(std::string message) { problems_.push_back({name_, line_, line_ > 0 ? 1 : 0, std::move(message)}); }
  void note(const std::string& text) { sheet_.notes.push_back(fmt::format("{}:{}: {}", name_, line_, text)); }

  static void put(std::map<std::string, std::string>& texts, const std::string& key, std::string_view text) {
    const std::string_view plain = trimmed(text);
    if (!plain.empty()) texts[key] = std::string(plain);
  }

  // FILE "name" TYPE, or FILE name TYPE.
  void take_file(std::string_view rest) {
    const std::size_t last_quote = rest.rfind('"');
    const bool is_quoted = rest.starts_with('"') && last_quote > 0;
    const std::size_t name_end = is_quoted ? last_quote + 1 : rest.find_last_of(" \t");
    if (name_end == rest.npos || name_end == 0) return wrong("FILE wants a name and a kind: FILE \"album.wav\" WAVE");
    const std::string kind = upper(trimmed(rest.substr(name_end)));
    if (kind == "BINARY" || kind == "MOTOROLA")
      return wrong("FILE " + kind + " holds raw sectors of a disc, and is no audio file: rip it to WAV or FLAC");
    std::string name(unquoted(trimmed(rest.substr(0, name_end))));
    std::ranges::replace(name, '\\', '/');
    if (name.empty()) return wrong("FILE has no name");
    sheet_.files.push_back({line_, std::move(name)});
    last_time_ = -1;
  }

  void take_track(std::string_view rest) {
    end_track();
    const auto [number_text, kind] = split(rest);
    const auto number = number_in(number_text);
    if (!number || *number < 1 || *number > 99)
      return wrong(fmt::format("TRACK wants a number from 1 to 99, not '{}'", number_text));
    if (sheet_.files.empty()) return wrong("TRACK stands before any FILE");
    if (!sheet_.tracks.empty() && *number <= sheet_.tracks.back().number)
      wrong(fmt::format("track {} follows track {}: numbers rise", *number, sheet_.tracks.back().number));
    track_.emplace();
    track_->line = line_;
    track_->number = static_cast<int>(*number);
    track_->is_audio = kind.empty() || upper(kind) == "AUDIO";
  }

  void end_track() {
    if (!track_) return;
    if (track_->start < 0) {
      problems_.push_back({name_, track_->line, 1, fmt::format("track {} has no INDEX 01", track_->number)});
    } else {
      sheet_.tracks.push_back(std::move(*track_));
    }
    track_.reset();
  }

  void take_index(std::string_view rest) {
    if (!track_) return wrong("INDEX stands before any TRACK");
    const auto [number_text, time_text] = split(rest);
    const auto number = number_in(number_text);
    const auto time = time_in(time_text);
    if (!number || *number > 99) return wrong(fmt::format("INDEX wants a number from 0 to 99, not '{}'", number_text));
    if (!time) {
      return wrong(fmt::format(
          "'{}' is no time: INDEX wants minutes, seconds below 60 and frames below 75, as 03:25:07", time_text));
    }
    if (*time < last_time_) wrong(fmt::format("{} lies before the INDEX above it in the same file", time_text));
    last_time_ = *time;
    if (*number != 1) return;
    if (track_->start >= 0) return wrong("the track has an INDEX 01 already");
    const bool is_taken = !sheet_.tracks.empty() && sheet_.tracks.back().file == sheet_.files.size() - 1 &&
                          sheet_.tracks.back().start == *time;
    if (is_taken) wrong("the track before it begins there too");
    track_->file = sheet_.files.size() - 1;
    track_->start = *time;
    track_->start_line = line_;
  }

  void take_text(const std::string& key, std::string_view rest) {
    put(track_ ? track_->texts : sheet_.texts, key, unquoted(rest));
  }

  void take_isrc(std::string_view rest) {
    if (!track_) return wrong("ISRC stands before any TRACK");
    put(track_->texts, "isrc", unquoted(rest));
  }

  // REM GENRE "Soul", REM DATE 1974, REM DISCNUMBER 2.
  void take_remark(std::string_view rest) {
    static constexpr std::array kKnown = {"genre", "date", "discnumber"};
    const auto [word, text] = split(rest);
    const std::string key = lower(word);
    if (std::ranges::find(kKnown, key) != kKnown.end()) put(sheet_.texts, key, unquoted(text));
    if (key == "composer") take_text("songwriter", text);
  }

  const std::string& name_;
  int line_ = 0;
  std::int64_t last_time_ = -1;
  std::optional<CueTrack> track_;
  CueSheet sheet_;
  std::vector<RecipeProblem> problems_;
};

}  // namespace

CueSheet parse_cue_sheet(std::string_view text, const std::string& name) {
  if (text.starts_with("\xff\xfe") || text.starts_with("\xfe\xff"))
    throw RecipeErrors({{name, 0, 0, "the cue sheet is UTF-16: save it as UTF-8"}});
  if (text.find('\0') != text.npos) throw RecipeErrors({{name, 0, 0, "this is no cue sheet: it holds a NUL"}});
  if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);
  const std::string whole = is_utf8(text) ? std::string(text) : utf8_from_cp1252(text);
  SheetReader reader(name);
  int number = 0;
  for (std::size_t at = 0; at < whole.size();) {
    const std::size_t end = std::min(whole.find_first_of("\r\n", at), whole.size());
    reader.take(std::string_view(whole).substr(at, end - at), ++number);
    at = end + (whole.compare(end, 2, "\r\n") == 0 ? 2 : 1);
  }
  return reader.finish();
}

}  // namespace lathe
