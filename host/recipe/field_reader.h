// One scalar of a recipe into one field of a message, strictly.
#pragma once

#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>
#include <google/protobuf/struct.pb.h>

#include <optional>
#include <string>
#include <string_view>

#include "host/recipe/recipe_node.h"

namespace lathe {

// Sets the field, or adds to a repeated one. Returns what is wrong with the value, in words that name the field, and
// leaves the message as it was: a wrong type, a unit in the value, a number out of range, an unknown name.
std::optional<std::string> read_scalar(const RecipeNode& node, const google::protobuf::FieldDescriptor& field,
                                       google::protobuf::Message& message);

// A value whose field is not known: a plain scalar that looks like a number, true or false is one.
google::protobuf::Value as_it_looks(const RecipeNode& node);

// 'text', shortened when it is long.
std::string in_quotes(std::string_view text);

}  // namespace lathe
