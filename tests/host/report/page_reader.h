// Reads a page as strictly as XML: every element closed, every attribute quoted, every ampersand an entity.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace lathe::testing {

struct PageElement {
  std::string name;
  std::map<std::string, std::string> attributes;
};

struct Page {
  std::vector<PageElement> elements;  // in order of their start tags
  std::string tags;                   // all tags and nothing else, attributes by name only: the page's skeleton
  std::string text;                   // between tags, entities resolved, without style and script
  std::string script;
};

// Throws std::runtime_error, saying where, for what is not well-formed.
Page read_page(std::string_view html);

}  // namespace lathe::testing
