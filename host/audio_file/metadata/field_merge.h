// Joins the fields of one place of a file to those of another that says the same, perhaps shorter.
#pragma once

#include <string_view>

#include "host/audio_file/tags.h"

namespace lathe {

class FieldMerge {
 public:
  // What is in `tags` now is what new fields are compared with.
  explicit FieldMerge(Tags& tags) : tags_(tags), known_(tags.fields.size()) {}

  // As Tags::add_raw(), but for a value that a field of the name has, or begins with: LIST INFO and AIFF's chunks
  // are often cut where ID3 is not.
  void add_raw(std::string_view name, std::string_view value);

 private:
  Tags& tags_;
  std::size_t known_;
};

}  // namespace lathe
