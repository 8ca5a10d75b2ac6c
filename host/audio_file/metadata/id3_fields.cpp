// Names as MusicBrainz Picard and TagLib map them, so that what other programs wrote is found, and they find it.
#include "host/audio_file/metadata/id3_fields.h"

#include <algorithm>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string_view>

#include "host/audio_file/metadata/id3_tag.h"

namespace lathe {
namespace {

struct FrameName {
  std::string_view frame, name;
};

constexpr FrameName kTextFrames[] = {
    {"TIT1", "GROUPING"},         {"TIT2", "TITLE"},        {"TIT3", "SUBTITLE"},      {"TPE1", "ARTIST"},
    {"TPE2", "ALBUMARTIST"},      {"TPE3", "CONDUCTOR"},    {"TPE4", "REMIXER"},       {"TALB", "ALBUM"},
    {"TCOM", "COMPOSER"},         {"TEXT", "LYRICIST"},     {"TCON", "GENRE"},         {"TDRC", "DATE"},
    {"TDOR", "ORIGINALDATE"},     {"TDRL", "RELEASEDATE"},  {"TCOP", "COPYRIGHT"},     {"TENC", "ENCODEDBY"},
    {"TSSE", "ENCODER"},          {"TSRC", "ISRC"},         {"TBPM", "BPM"},           {"TKEY", "KEY"},
    {"TLAN", "LANGUAGE"},         {"TMED", "MEDIA"},        {"TMOO", "MOOD"},          {"TPUB", "LABEL"},
    {"TCMP", "COMPILATION"},      {"TLEN", "LENGTH"},       {"TOAL", "ORIGINALALBUM"}, {"TOPE", "ORIGINALARTIST"},
    {"TOLY", "ORIGINALLYRICIST"}, {"TSOA", "ALBUMSORT"},    {"TSOP", "ARTISTSORT"},    {"TSOT", "TITLESORT"},
    {"TSO2", "ALBUMARTISTSORT"},  {"TSOC", "COMPOSERSORT"}, {"TSST", "DISCSUBTITLE"},  {"MVNM", "MOVEMENTNAME"},
    {"MVIN", "MOVEMENT"}};

// Two fields in one frame, "3/12".
struct CountedName {
  std::string_view frame, number, total;
};
constexpr CountedName kCounted[] = {{"TRCK", "TRACKNUMBER", "TRACKTOTAL"}, {"TPOS", "DISCNUMBER", "DISCTOTAL"}};

// Descriptions of TXXX that differ from the field's name.
constexpr FrameName kDescribed[] = {{"MusicBrainz Artist Id", "MUSICBRAINZ_ARTISTID"},
                                    {"MusicBrainz Album Id", "MUSICBRAINZ_ALBUMID"},
                                    {"MusicBrainz Album Artist Id", "MUSICBRAINZ_ALBUMARTISTID"},
                                    {"MusicBrainz Release Group Id", "MUSICBRAINZ_RELEASEGROUPID"},
                                    {"MusicBrainz Release Track Id", "MUSICBRAINZ_RELEASETRACKID"},
                                    {"MusicBrainz Work Id", "MUSICBRAINZ_WORKID"},
                                    {"MusicBrainz Disc Id", "MUSICBRAINZ_DISCID"},
                                    {"MusicBrainz Album Type", "RELEASETYPE"},
                                    {"MusicBrainz Album Status", "RELEASESTATUS"},
                                    {"MusicBrainz Album Release Country", "RELEASECOUNTRY"},
                                    {"Acoustid Id", "ACOUSTID_ID"},
                                    {"Acoustid Fingerprint", "ACOUSTID_FINGERPRINT"}};

constexpr FrameName kAddresses[] = {{"WOAR", "WEBSITE"}, {"WCOP", "LICENSE"}};

// Who did what; roles that have a field of their own.
constexpr FrameName kRoles[] = {{"producer", "PRODUCER"},
                                {"engineer", "ENGINEER"},
                                {"arranger", "ARRANGER"},
                                {"mix", "MIXER"},
                                {"DJ-mix", "DJMIXER"}};

constexpr std::string_view kRecordingName = "MUSICBRAINZ_TRACKID", kRecordingOwner = "http://musicbrainz.org";

template <std::size_t N>
std::string_view name_of(const FrameName (&table)[N], std::string_view frame) {
  const auto* found = std::ranges::find(table, frame, &FrameName::frame);
  return found == std::end(table) ? std::string_view() : found->name;
}

template <std::size_t N>
std::string_view frame_of(const FrameName (&table)[N], std::string_view name) {
  const auto* found = std::ranges::find(table, name, &FrameName::name);
  return found == std::end(table) ? std::string_view() : found->frame;
}

bool is_number(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

// "3/12" in its two halves.
std::optional<std::pair<std::string, std::string>> halves_of(std::string_view text) {
  const std::size_t slash = text.find('/');
  if (slash == std::string_view::npos) return std::nullopt;
  const std::string_view number = text.substr(0, slash), total = text.substr(slash + 1);
  if (!is_number(number) || !is_number(total)) return std::nullopt;
  return std::pair(std::string(number), std::string(total));
}

// Puts fields into their one form, as every reader does.
void add(TagFields& fields, std::string_view name, std::string_view value) {
  Tags clean;
  clean.add_raw(name, value);
  fields.insert(fields.end(), clean.fields.begin(), clean.fields.end());
}

TagFields people_of(const std::vector<std::string>& strings, bool are_musicians) {
  TagFields fields;
  for (std::size_t i = 0; i + 1 < strings.size(); i += 2) {
    const std::string &role = strings[i], &person = strings[i + 1];
    const std::string_view name = are_musicians ? std::string_view() : name_of(kRoles, role);
    if (!name.empty()) {
      add(fields, name, person);
    } else {
      add(fields, are_musicians ? "PERFORMER" : "CREDIT", person + (role.empty() ? "" : " (" + role + ")"));
    }
  }
  return fields;
}

TagFields described_fields(const Id3Frame& frame, const std::string& plain, bool has_language) {
  TagFields fields;
  std::string_view rest = std::string_view(frame.body).substr(1);
  if (has_language) rest.remove_prefix(std::min<std::size_t>(3, rest.size()));
  const auto described = id3_strings(frame.body[0], take_id3_string(frame.body[0], rest));
  const std::string description = described.empty() ? "" : described.front();
  std::string name = description.empty() ? plain : plain + ":" + description;
  if (plain.empty()) {
    const std::string_view known = name_of(kDescribed, description);
    name = known.empty() ? description : std::string(known);
  }
  for (const std::string& value : id3_strings(frame.body[0], rest)) add(fields, name, value);
  return fields;
}

TagFields text_fields(const Id3Frame& frame) {
  const auto strings = id3_strings(frame.body[0], std::string_view(frame.body).substr(1));
  if (frame.id == "TIPL" || frame.id == "TMCL") return people_of(strings, frame.id == "TMCL");
  TagFields fields;
  const auto* counted = std::ranges::find(kCounted, std::string_view(frame.id), &CountedName::frame);
  const std::string_view known = name_of(kTextFrames, frame.id);
  for (const std::string& value : strings) {
    if (counted != std::end(kCounted)) {
      const auto halves = halves_of(value);
      add(fields, counted->number, halves ? halves->first : value);
      if (halves) add(fields, counted->total, halves->second);
    } else {
      add(fields, known.empty() ? std::string_view(frame.id) : known, value);
    }
  }
  return fields;
}

// A frame of one text or several.
Id3Frame text_frame(std::string_view id, const std::vector<std::string>& values, const std::string& before = "") {
  std::string body = "\x03" + before;
  for (std::size_t i = 0; i < values.size(); ++i) body += (i == 0 ? "" : std::string(1, '\0')) + values[i];
  return {std::string(id), std::move(body)};
}

bool is_ascii(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c >= 0x20 && c < 0x7f; });
}

bool is_text_frame_id(std::string_view name) {
  return name.size() == 4 && name[0] == 'T' && name != "TXXX" && name != "TIPL" && name != "TMCL" &&
         std::ranges::all_of(name, [](char c) { return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); }) &&
         (name == "TOFN" || name == "TOWN" || name == "TPRO" || name == "TDEN" || name == "TDLY" || name == "TDTG" ||
          name == "TFLT" || name == "TRSN" || name == "TRSO" || name == "TCAT" || name == "TKWD");
}

// All frames of a field with these values.
void add_frames(std::vector<Id3Frame>& frames, const std::string& name, const std::vector<std::string>& values) {
  const std::string nul(1, '\0');
  if (const std::string_view id = frame_of(kTextFrames, name); !id.empty()) {
    frames.push_back(text_frame(id, values));
  } else if (is_text_frame_id(name)) {
    frames.push_back(text_frame(name, values));
  } else if (name == "COMMENT" || name == "LYRICS") {
    frames.push_back(text_frame(name == "COMMENT" ? "COMM" : "USLT", values, "XXX" + nul));
  } else if (name.starts_with("COMMENT:") || name.starts_with("LYRICS:")) {
    const std::size_t colon = name.find(':');
    frames.push_back(text_frame(name[0] == 'C' ? "COMM" : "USLT", values, "XXX" + name.substr(colon + 1) + nul));
  } else if (const std::string_view address = frame_of(kAddresses, name);
             !address.empty() &&
             std::ranges::all_of(values, [](const std::string& v) { return v.starts_with("http") && is_ascii(v); })) {
    for (const std::string& value : values) frames.push_back({std::string(address), value});
  } else {
    const std::string_view described = frame_of(kDescribed, name);
    frames.push_back(text_frame("TXXX", values, (described.empty() ? name : std::string(described)) + nul));
    // Where taggers look for it; and above, where anybody does.
    if (name == kRecordingName && is_ascii(values.front()) && values.front().size() <= 64)
      frames.push_back({"UFID", std::string(kRecordingOwner) + nul + values.front()});
  }
}

using Counted = std::multiset<std::pair<std::string, std::string>>;

const std::pair<std::string, std::string>* find_field(const TagFields& fields, std::string_view name) {
  const auto found = std::ranges::find_if(fields, [name](const auto& field) { return field.first == name; });
  return found == fields.end() ? nullptr : &*found;
}

bool has_all(const Counted& fields, const TagFields& wanted) {
  const Counted once(wanted.begin(), wanted.end());
  return std::ranges::includes(fields, once);
}

}  // namespace

TagFields fields_of_frame(const Id3Frame& frame) {
  if (frame.body.empty()) return {};
  if (frame.id == "TXXX") return described_fields(frame, "", false);
  if (frame.id == "COMM") return described_fields(frame, "COMMENT", true);
  if (frame.id == "USLT") return described_fields(frame, "LYRICS", true);
  if (frame.id == "WXXX") {
    TagFields fields;
    std::string_view rest = std::string_view(frame.body).substr(1);
    take_id3_string(frame.body[0], rest);
    add(fields, "WEBSITE", rest);
    return fields;
  }
  if (frame.id[0] == 'T' || frame.id.starts_with("MV")) return text_fields(frame);
  TagFields fields;
  if (frame.id[0] == 'W') {
    const std::string_view known = name_of(kAddresses, frame.id);
    add(fields, known.empty() ? std::string_view(frame.id) : known, frame.body);
  } else if (frame.id == "UFID") {
    std::string_view rest = frame.body;
    if (take_id3_string(0, rest) == kRecordingOwner) add(fields, kRecordingName, rest);
  }
  return fields;
}

std::vector<Id3Frame> frames_of_fields(const TagFields& fields, const std::vector<Id3Frame>& as_they_came) {
  const TagFields wanted = canonical_fields(fields);
  // A frame stays if all it says is wanted, and if it says all that is wanted under its names: a name has one frame.
  std::vector<Id3Frame> kept = as_they_came;
  std::set<std::string> to_make;
  // This one stands in two frames, which are made anew.
  std::erase_if(kept, [](const Id3Frame& frame) {
    return std::ranges::any_of(fields_of_frame(frame), [](const auto& f) { return f.first == kRecordingName; });
  });
  for (bool is_settled = false; !is_settled;) {
    is_settled = true;
    Counted left(wanted.begin(), wanted.end());
    std::set<std::string> names;  // of kept frames' fields
    std::erase_if(kept, [&](const Id3Frame& frame) {
      const TagFields said = fields_of_frame(frame);
      const bool is_made = std::ranges::any_of(said, [&](const auto& f) { return to_make.contains(f.first); });
      if (said.empty()) return false;
      if (is_made || !has_all(left, said)) return true;
      for (const auto& field : said) left.erase(left.find(field));
      for (const auto& field : said) names.insert(field.first);
      return false;
    });
    to_make.clear();
    for (const auto& [name, value] : left) to_make.insert(name);
    for (const auto& counted : kCounted) {
      if (!to_make.contains(std::string(counted.number)) && !to_make.contains(std::string(counted.total))) continue;
      to_make.insert({std::string(counted.number), std::string(counted.total)});
    }
    is_settled = std::ranges::none_of(to_make, [&names](const std::string& name) { return names.contains(name); });
  }
  std::vector<Id3Frame> frames;
  std::set<std::string> done;
  std::map<std::string, std::vector<std::string>, std::less<>> all_values;
  for (const auto& [name, value] : wanted) all_values[name].push_back(value);
  const auto values_of = [&all_values](std::string_view name) {
    const auto found = all_values.find(name);
    return found == all_values.end() ? std::vector<std::string>() : found->second;
  };
  for (const auto& [name, value] : wanted) {
    if (!to_make.contains(name) || !done.insert(name).second) continue;
    const auto* counted =
        std::ranges::find_if(kCounted, [&name](const CountedName& c) { return c.number == name || c.total == name; });
    if (counted == std::end(kCounted)) {
      add_frames(frames, name, values_of(name));
      continue;
    }
    const auto numbers = values_of(counted->number), totals = values_of(counted->total);
    done.insert({std::string(counted->number), std::string(counted->total)});
    if (numbers.size() == 1 && totals.size() == 1 && is_number(numbers[0]) && is_number(totals[0])) {
      frames.push_back(text_frame(counted->frame, {numbers[0] + "/" + totals[0]}));
      continue;
    }
    if (!numbers.empty()) frames.push_back(text_frame(counted->frame, numbers));
    if (!totals.empty()) add_frames(frames, std::string(counted->total), totals);
  }
  frames.insert(frames.end(), kept.begin(), kept.end());
  return frames;
}

TagFields canonical_fields(const TagFields& fields) {
  TagFields out;
  for (const auto& [name, value] : fields) {
    const auto* counted = std::ranges::find(kCounted, std::string_view(name), &CountedName::number);
    const auto halves = counted == std::end(kCounted) ? std::nullopt : halves_of(value);
    const auto* total = !halves ? nullptr : find_field(fields, counted->total);
    const bool is_at_odds = total != nullptr && total->second != halves->second;
    out.emplace_back(name, halves && !is_at_odds ? halves->first : value);
    if (halves && total == nullptr) out.emplace_back(std::string(counted->total), halves->second);
  }
  return out;
}

}  // namespace lathe
