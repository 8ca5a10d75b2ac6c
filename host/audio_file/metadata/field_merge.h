// Joins the fields of one place of a file to those of another that says the same, perhaps shorter.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "host/audio_file/tags.h"

namespace lathe {

class FieldMerge {
 public:
  // What is in `tags` now is what new fields are compared with.
  explicit FieldMerge(Tags& tags) : tags_(tags), known_(tags.fields.size()) {}

  // As Tags::add_raw(), but for names that are known: what says the same, or its beginning (LIST INFO and AIFF's chunks
  // are often cut where ID3 is not), is left out, and what says otherwise too, with a note. Comments are all kept.
  void add_raw(std::string_view name, std::string_view value);

 private:
  enum class Known { nothing, same, other };
  Known known(const std::pair<std::string, std::string>& field) const;

  Tags& tags_;
  std::size_t known_;
};

}  // namespace lathe
