#include "host/recipe/field_rules.h"

#include <google/protobuf/message.h>

#include <array>
#include <utility>

#include "host/recipe/numbers.h"
#include "host/recipe/suggestion.h"

namespace lathe {

using google::protobuf::Descriptor;
using google::protobuf::EnumDescriptor;
using google::protobuf::EnumValueDescriptor;
using google::protobuf::FieldDescriptor;

const v1::FieldRule& rule_of(const FieldDescriptor& field) { return field.options().GetExtension(v1::rule); }

const std::string& yaml_name(const EnumValueDescriptor& value) { return value.options().GetExtension(v1::yaml_name); }

std::vector<std::string> yaml_names(const EnumDescriptor& type) {
  std::vector<std::string> names;
  for (int i = 0; i < type.value_count(); ++i) {
    if (!yaml_name(*type.value(i)).empty()) names.push_back(yaml_name(*type.value(i)));
  }
  return names;
}

const EnumValueDescriptor* value_named(const EnumDescriptor& type, std::string_view name) {
  for (int i = 0; i < type.value_count(); ++i) {
    if (!name.empty() && yaml_name(*type.value(i)) == name) return type.value(i);
  }
  return nullptr;
}

bool is_written_as_value(const Descriptor& message) { return message.options().GetExtension(v1::written_as_value); }

bool is_one_of_kinds(const Descriptor& message) {
  return !is_written_as_value(message) && message.real_oneof_decl_count() == 1 &&
         message.oneof_decl(0)->field_count() == message.field_count();
}

bool is_written_in_another(const FieldDescriptor& field) { return rule_of(field).has_written_in(); }

const FieldDescriptor* word_for(const FieldDescriptor& field) {
  const Descriptor& message = *field.containing_type();
  for (int i = 0; i < message.field_count(); ++i) {
    const v1::FieldRule& rule = rule_of(*message.field(i));
    if (rule.has_written_in() && rule.written_in() == field.name()) return message.field(i);
  }
  return nullptr;
}

const FieldDescriptor* field_of_key(const Descriptor& message, const std::string& key) {
  const FieldDescriptor* field = message.FindFieldByName(key);
  return field && is_written_in_another(*field) ? nullptr : field;
}

std::vector<std::string> key_names(const Descriptor& message) {
  std::vector<std::string> names;
  for (int i = 0; i < message.field_count(); ++i) {
    if (!is_written_in_another(*message.field(i))) names.push_back(message.field(i)->name());
  }
  return names;
}

std::string kind_name(const google::protobuf::Message& stage) {
  const auto* kinds = stage.GetDescriptor()->oneof_decl(0);
  const FieldDescriptor* kind = stage.GetReflection()->GetOneofFieldDescriptor(stage, kinds);
  return kind ? kind->name() : "";
}

std::string unit_of(std::string_view key) {
  // Longer endings first: slope_db_oct is no plain octave.
  static constexpr std::array<std::pair<std::string_view, std::string_view>, 8> kUnits = {{{"_db_oct", "dB/octave"},
                                                                                           {"_dbtp", "dBTP"},
                                                                                           {"_lufs", "LUFS"},
                                                                                           {"_lu", "LU"},
                                                                                           {"_db", "dB"},
                                                                                           {"_hz", "Hz"},
                                                                                           {"_ms", "ms"},
                                                                                           {"_s", "s"}}};
  for (const auto& [ending, unit] : kUnits) {
    if (key.ends_with(ending)) return std::string(unit);
  }
  return key == "sample_rate" ? "Hz" : "";
}

std::string in_unit(std::string_view key) {
  const std::string unit = unit_of(key);
  return unit.empty() ? "" : " in " + unit;
}

std::string expected_value(const FieldDescriptor& field) {
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_BOOL:
      return "true or false";
    case FieldDescriptor::CPPTYPE_DOUBLE:
      return "a number" + in_unit(field.name()) + (word_for(field) ? " or " + word_for(field)->name() : "");
    case FieldDescriptor::CPPTYPE_INT32:
      return "a whole number" + in_unit(field.name());
    case FieldDescriptor::CPPTYPE_STRING:
      return "text";
    case FieldDescriptor::CPPTYPE_ENUM:
      return "one of " + joined(yaml_names(*field.enum_type()), " | ");
    default:
      break;
  }
  const Descriptor& message = *field.message_type();
  if (!is_written_as_value(message)) return "a map of keys";
  std::vector<std::string> kinds;
  for (int i = 0; i < message.field_count(); ++i) {
    const FieldDescriptor& member = *message.field(i);
    switch (member.cpp_type()) {
      case FieldDescriptor::CPPTYPE_BOOL:
        kinds.push_back(member.name());
        break;
      case FieldDescriptor::CPPTYPE_DOUBLE:
        kinds.push_back("a number" + in_unit(field.name()));
        break;
      case FieldDescriptor::CPPTYPE_INT32:
        kinds.push_back("a whole number" + in_unit(field.name()));
        break;
      case FieldDescriptor::CPPTYPE_STRING:
        kinds.push_back("a " + member.name());
        break;
      default:
        kinds.push_back("{" + joined(key_names(*member.message_type()), ", ") + "}");
    }
  }
  return joined(kinds, " or ");
}

std::string range_text(const FieldDescriptor& field) {
  const v1::FieldRule& rule = rule_of(field);
  const std::string unit = unit_of(field.name()).empty() ? "" : " " + unit_of(field.name());
  if (rule.has_min() && rule.has_max()) return shortest(rule.min()) + " to " + shortest(rule.max()) + unit;
  if (rule.has_min()) return "at least " + shortest(rule.min()) + unit;
  if (rule.has_max()) return "at most " + shortest(rule.max()) + unit;
  return "";
}

}  // namespace lathe
