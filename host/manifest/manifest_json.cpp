#include <fmt/format.h>

#include <memory>
#include <nlohmann/json.hpp>

#include "host/manifest/manifest_record.h"

namespace lathe {
namespace {

// nlohmann's parser says where it is only when it fails, so its input counts.
class CountingIterator {
 public:
  using iterator_category = std::input_iterator_tag;
  using value_type = char;
  using difference_type = std::ptrdiff_t;
  using pointer = const char*;
  using reference = const char&;

  CountingIterator(const char* at, const char** furthest) : at_(at), furthest_(furthest) {}
  reference operator*() const { return *at_; }
  CountingIterator& operator++() {
    *furthest_ = ++at_;
    return *this;
  }
  CountingIterator operator++(int) {
    CountingIterator before = *this;
    ++*this;
    return before;
  }
  bool operator==(const CountingIterator& other) const { return at_ == other.at_; }

 private:
  const char* at_;
  const char** furthest_;
};

// What stands in the document, by depth: [tracks] or {"tracks": [...]} or {"albums": [{"album": ..., "tracks":
// [...]}]}.
class Handler : public nlohmann::json_sax<nlohmann::json> {
 public:
  Handler(std::string_view text, const char* const& at, ManifestProblems& problems)
      : text_(text), at_(at), problems_(problems) {}

  std::vector<ManifestRecord> take() { return std::move(records_); }

  bool null() override { return value({}); }
  bool boolean(bool is_true) override { return value(is_true ? "yes" : "no"); }
  bool number_integer(number_integer_t number) override { return value(std::to_string(number)); }
  bool number_unsigned(number_unsigned_t number) override { return value(std::to_string(number)); }
  bool number_float(number_float_t, const string_t& text) override { return value(text); }
  bool string(string_t& text) override { return value(text); }
  bool binary(binary_t&) override { return true; }

  bool key(string_t& name) override {
    key_ = name;
    key_offset_ = offset();
    if (place() == Place::top && name != "tracks" && name != "albums")
      return wrong(fmt::format("unknown key '{}'; a manifest has tracks or albums", name));
    if (place() == Place::album && name != "tracks" && name != "album")
      return wrong(fmt::format("unknown key '{}'; an album has album and tracks", name));
    return true;
  }

  bool start_object(std::size_t) override {
    const Place outer = place();
    if (outer == Place::nowhere) return enter(Place::top);
    if (outer == Place::albums) {
      album_.clear();
      first_of_album_ = records_.size();
      return enter(Place::album);
    }
    if (outer != Place::tracks) return wrong("an object has no place here");
    records_.push_back({offset() - 1, {}});
    return enter(Place::track);
  }
  bool end_object() override {
    if (place() == Place::album && !album_.empty()) {
      for (std::size_t i = first_of_album_; i < records_.size(); ++i)
        records_[i].cells.push_back({"album", album_, records_[i].offset});
    }
    return leave();
  }

  bool start_array(std::size_t) override {
    const Place outer = place();
    if (outer == Place::nowhere) return enter(Place::tracks);
    if ((outer == Place::top || outer == Place::album) && key_ == "tracks") return enter(Place::tracks);
    if (outer == Place::top && key_ == "albums") return enter(Place::albums);
    return wrong("a list has no place here");
  }
  bool end_array() override { return leave(); }

  bool parse_error(std::size_t position, const std::string&, const nlohmann::detail::exception& error) override {
    std::string what = error.what();  // "[json.exception.parse_error.101] parse error at line 1, column 2: what"
    if (const std::size_t colon = what.find(": "); colon != std::string::npos) what.erase(0, colon + 2);
    problems_.add(position > 0 ? position - 1 : 0, "this is not JSON: " + what);
    return false;
  }

 private:
  enum class Place { nowhere, top, albums, album, tracks, track };

  Place place() const { return places_.empty() ? Place::nowhere : places_.back(); }
  bool enter(Place place) {
    places_.push_back(place);
    return true;
  }
  bool leave() {
    places_.pop_back();
    return true;
  }
  std::size_t offset() const { return static_cast<std::size_t>(at_ - text_.data()); }
  bool wrong(std::string message) {
    problems_.add(offset() > 0 ? offset() - 1 : 0, std::move(message));
    return false;
  }

  bool value(const std::string& text) {
    switch (place()) {
      case Place::track:
        records_.back().cells.push_back({key_, text, key_offset_ > 0 ? key_offset_ - 1 : 0});
        return true;
      case Place::album:
        if (key_ == "tracks") return wrong("tracks are a list");
        album_ = text;
        return true;
      case Place::tracks:  // a path alone
        records_.push_back({offset() > 0 ? offset() - 1 : 0, {{"path", text, offset() > 0 ? offset() - 1 : 0}}});
        return true;
      default:
        return wrong("a manifest is a list of tracks, or an object with tracks or albums");
    }
  }

  std::string_view text_;
  const char* const& at_;
  ManifestProblems& problems_;
  std::vector<ManifestRecord> records_;
  std::vector<Place> places_;
  std::string key_, album_;
  std::size_t key_offset_ = 0, first_of_album_ = 0;
};

}  // namespace

std::vector<ManifestRecord> read_manifest_json(std::string_view text, ManifestProblems& problems) {
  const char* at = text.data();
  Handler handler(text, at, problems);
  const char* const end = text.data() + text.size();
  nlohmann::json::sax_parse(CountingIterator(text.data(), &at), CountingIterator(end, &at), &handler);
  return handler.take();
}

}  // namespace lathe
