#include "host/recipe/field_reader.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "host/recipe/field_rules.h"
#include "host/recipe/numbers.h"
#include "host/recipe/suggestion.h"

namespace lathe {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using Kind = RecipeNode::Kind;
using Problem = std::optional<std::string>;

std::string not_what_is_expected(const RecipeNode& node, const FieldDescriptor& field) {
  const std::string expected = "expected " + expected_value(field);
  switch (node.kind) {
    case Kind::null:
      return "no value; " + expected;
    case Kind::list:
      return expected + ", not a list";
    case Kind::map:
      return expected + ", not a map";
    case Kind::scalar:
      return expected + ", not " + in_quotes(node.text);
  }
  return expected;
}

std::string_view without_sign(std::string_view text) {
  return text.substr(std::min(text.find_first_not_of("-+"), text.size()));
}

bool is_nan_or_infinity(std::string_view text) {
  std::string word;
  for (const char c : without_sign(text)) {
    if (c != '.') word += (c >= 'A' && c <= 'Z') ? static_cast<char>(c - 'A' + 'a') : c;
  }
  return word == "nan" || word == "inf" || word == "infinity";
}

// The number that `text` begins with, behind which something else stands; "" if it does not begin with one.
std::string_view number_before_letters(std::string_view text) {
  if (text.find_first_not_of("0123456789.eE+-") == text.npos) return "";  // all of it looks like a number, and is none
  const std::string_view number = text.substr(0, text.find_first_not_of("0123456789.+-"));
  return parse_number(number) ? number : "";
}

// Why a scalar is not the number `field` asks for.
std::string not_a_number(const RecipeNode& node, const FieldDescriptor& field) {
  if (node.is_quoted && parse_number(node.text)) return in_quotes(node.text) + " is text: write it without quotes";
  if (is_nan_or_infinity(node.text)) {
    return in_quotes(node.text) + " is not a finite number; expected " + expected_value(field);
  }
  const std::string_view digits = without_sign(node.text);
  if (digits.starts_with('0') && parse_number(digits.substr(std::min(digits.find_first_not_of('0'), digits.size())))) {
    return in_quotes(node.text) + ": a number has no leading zeros";
  }
  if (!number_before_letters(node.text).empty()) {
    const std::string unit = unit_of(field.name());
    return in_quotes(node.text) + ": write the number alone, '" + field.name() + "' " +
           (unit.empty() ? "has no unit" : "is in " + unit);
  }
  return not_what_is_expected(node, field);
}

Problem check_range(double value, const std::string& text, const FieldDescriptor& field) {
  const v1::FieldRule& rule = rule_of(field);
  const bool is_inside = (!rule.has_min() || value >= rule.min()) && (!rule.has_max() || value <= rule.max());
  if (!is_inside) return text + " is out of range, " + range_text(field);
  if (rule.has_multiple_of() && std::fmod(value, rule.multiple_of()) != 0) {
    return text + " is not a multiple of " + shortest(rule.multiple_of()) + ", " + range_text(field);
  }
  return std::nullopt;
}

template <typename Value, typename Set, typename Add>
void store(Message& message, const FieldDescriptor& field, const Value& value, Set set, Add add) {
  const auto& reflection = *message.GetReflection();
  field.is_repeated() ? (reflection.*add)(&message, &field, value) : (reflection.*set)(&message, &field, value);
}

using Reflection = google::protobuf::Reflection;

// `named` is the field whose key the recipe writes; `field` is the same or a choice within it.
Problem read_double(const RecipeNode& node, const FieldDescriptor& field, const FieldDescriptor& named,
                    Message& message) {
  const FieldDescriptor* word = word_for(field);
  if (word && node.text == word->name()) {
    message.GetReflection()->SetBool(&message, word, true);
    return std::nullopt;
  }
  const auto value = node.is_quoted ? std::nullopt : parse_number(node.text);
  if (!value) return not_a_number(node, named);
  if (auto problem = check_range(*value, node.text, named)) return problem;
  store(message, field, *value, &Reflection::SetDouble, &Reflection::AddDouble);
  return std::nullopt;
}

Problem read_int(const RecipeNode& node, const FieldDescriptor& field, const FieldDescriptor& named, Message& message) {
  const auto value = node.is_quoted ? std::nullopt : parse_integer(node.text);
  if (!value) {
    const bool has_fraction = !node.is_quoted && parse_number(node.text);
    return has_fraction ? not_what_is_expected(node, named) : not_a_number(node, named);
  }
  if (auto problem = check_range(static_cast<double>(*value), node.text, named)) return problem;
  if (*value < std::numeric_limits<std::int32_t>::min() || *value > std::numeric_limits<std::int32_t>::max()) {
    return node.text + " is out of range";
  }
  store(message, field, static_cast<std::int32_t>(*value), &Reflection::SetInt32, &Reflection::AddInt32);
  return std::nullopt;
}

Problem read_enum(const RecipeNode& node, const FieldDescriptor& field, Message& message) {
  const auto* value = value_named(*field.enum_type(), node.text);
  if (!value) {
    const std::vector<std::string> names = yaml_names(*field.enum_type());
    const std::string near = nearest(node.text, names);
    return "unknown value " + in_quotes(node.text) + "; one of " + joined(names, " | ") +
           (near.empty() ? "" : " (did you mean '" + near + "'?)");
  }
  store(message, field, value, &Reflection::SetEnum, &Reflection::AddEnum);
  return std::nullopt;
}

// A message whose fields are written without their names: the keyword, else the number, else the text.
Problem read_choice(const RecipeNode& node, const FieldDescriptor& field, Message& message) {
  Message& choice = *message.GetReflection()->MutableMessage(&message, &field);
  const FieldDescriptor* number = nullptr;
  const FieldDescriptor* text = nullptr;
  for (int i = 0; i < choice.GetDescriptor()->field_count(); ++i) {
    const FieldDescriptor& member = *choice.GetDescriptor()->field(i);
    const auto type = member.cpp_type();
    if (type == FieldDescriptor::CPPTYPE_BOOL && node.text == member.name()) {
      choice.GetReflection()->SetBool(&choice, &member, true);
      return std::nullopt;
    }
    if (type == FieldDescriptor::CPPTYPE_DOUBLE || type == FieldDescriptor::CPPTYPE_INT32) number = &member;
    if (type == FieldDescriptor::CPPTYPE_STRING) text = &member;
  }
  Problem problem;
  if (number) {
    problem = number->cpp_type() == FieldDescriptor::CPPTYPE_DOUBLE ? read_double(node, *number, field, choice)
                                                                    : read_int(node, *number, field, choice);
  } else if (text && !node.text.empty()) {
    choice.GetReflection()->SetString(&choice, text, node.text);
  } else {
    problem = not_what_is_expected(node, field);
  }
  if (problem) message.GetReflection()->ClearField(&message, &field);
  return problem;
}

}  // namespace

Problem read_scalar(const RecipeNode& node, const FieldDescriptor& field, Message& message) {
  if (node.kind != Kind::scalar) return not_what_is_expected(node, field);
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_DOUBLE:
      return read_double(node, field, field, message);
    case FieldDescriptor::CPPTYPE_INT32:
      return read_int(node, field, field, message);
    case FieldDescriptor::CPPTYPE_ENUM:
      return read_enum(node, field, message);
    case FieldDescriptor::CPPTYPE_MESSAGE:
      return read_choice(node, field, message);
    case FieldDescriptor::CPPTYPE_BOOL:
      if (node.is_quoted || (node.text != "true" && node.text != "false")) return not_what_is_expected(node, field);
      store(message, field, node.text == "true", &Reflection::SetBool, &Reflection::AddBool);
      return std::nullopt;
    case FieldDescriptor::CPPTYPE_STRING:
      store(message, field, node.text, &Reflection::SetString, &Reflection::AddString);
      return std::nullopt;
    default:
      throw std::logic_error("recipes have no fields of the type of " + field.full_name());
  }
}

google::protobuf::Value as_it_looks(const RecipeNode& node) {
  google::protobuf::Value value;
  switch (node.kind) {
    case Kind::null:
      value.set_null_value(google::protobuf::NULL_VALUE);
      break;
    case Kind::list:
      value.mutable_list_value();
      for (const RecipeNode& item : node.items) *value.mutable_list_value()->add_values() = as_it_looks(item);
      break;
    case Kind::map:
      value.mutable_struct_value();
      for (const RecipeEntry& entry : node.entries) {
        (*value.mutable_struct_value()->mutable_fields())[entry.key] = as_it_looks(entry.value);
      }
      break;
    case Kind::scalar:
      if (const auto number = parse_number(node.text); number && !node.is_quoted) {
        value.set_number_value(*number);
      } else if (!node.is_quoted && (node.text == "true" || node.text == "false")) {
        value.set_bool_value(node.text == "true");
      } else {
        value.set_string_value(node.text);
      }
  }
  return value;
}

std::string in_quotes(std::string_view text) {
  constexpr std::size_t kLongest = 48;
  std::string shown(text.substr(0, kLongest));
  if (text.size() > kLongest) {
    while (!shown.empty() && (static_cast<unsigned char>(shown.back()) & 0xC0) == 0x80) shown.pop_back();
    if (!shown.empty() && (static_cast<unsigned char>(shown.back()) & 0x80) != 0) shown.pop_back();
    shown += "…";
  }
  for (char& c : shown) {
    if (c == '\n' || c == '\t') c = ' ';
  }
  return "'" + shown + "'";
}

}  // namespace lathe
