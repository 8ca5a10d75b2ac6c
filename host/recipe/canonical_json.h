// A recipe as canonical JSON: one text for one meaning, and itself a recipe that Lathe reads.
#pragma once

#include <string>

#include "lathe/v1/recipe.pb.h"

namespace lathe {

// Fields in the order of their numbers, what is unset left out, keys and names as recipes write them (`high-pass`,
// `auto`), map keys sorted, shortest numbers, no white space.
std::string canonical_json(const v1::Recipe& recipe);

// SHA-256 of the text, 64 hexadecimal digits in lower case.
std::string sha256_hex(const std::string& text);

}  // namespace lathe
