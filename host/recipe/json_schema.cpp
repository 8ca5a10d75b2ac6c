#include "host/recipe/json_schema.h"

#include <google/protobuf/descriptor.pb.h>
#include <google/protobuf/descriptor_database.h>
#include <google/protobuf/struct.pb.h>
#include <nlohmann/json.hpp>

#include <set>
#include <stdexcept>

#include "host/recipe/field_rules.h"
#include "host/recipe/numbers.h"
#include "host/recipe/schema_descriptors.h"
#include "lathe/v1/recipe.pb.h"

namespace lathe {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using Json = nlohmann::ordered_json;

// The comments above fields and messages, which compiled-in descriptors have lost.
class Comments {
 public:
  Comments() {
    google::protobuf::FileDescriptorSet files;
    const auto bytes = schema_descriptors();
    if (!files.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
      throw std::logic_error("the schema's descriptors do not parse");
    }
    for (const auto& file : files.file()) database_.Add(file);
  }

  // In one line; empty if there is none.
  template <typename Described>
  std::string of(const Described& described) const {
    google::protobuf::SourceLocation location;
    const auto* with_comments = find(described);
    if (!with_comments || !with_comments->GetSourceLocation(&location)) return "";
    std::string text;
    for (const char c : location.leading_comments) {
      if (c != '\n') {
        text += c;
      } else if (!text.empty() && text.back() != ' ') {
        text += ' ';
      }
    }
    const std::size_t first = text.find_first_not_of(' ');
    if (first == text.npos) return "";
    text = text.substr(first, text.find_last_not_of(' ') - first + 1);
    for (std::size_t at = text.find("  "); at != text.npos; at = text.find("  ")) text.erase(at, 1);
    return text;
  }

 private:
  const FieldDescriptor* find(const FieldDescriptor& field) const { return pool_.FindFieldByName(field.full_name()); }
  const Descriptor* find(const Descriptor& message) const { return pool_.FindMessageTypeByName(message.full_name()); }

  google::protobuf::SimpleDescriptorDatabase database_;
  google::protobuf::DescriptorPoolDatabase compiled_in_{*google::protobuf::DescriptorPool::generated_pool()};
  google::protobuf::MergedDescriptorDatabase both_{&database_,
                                                   &compiled_in_};  // the second for google/protobuf/*.proto
  google::protobuf::DescriptorPool pool_{&both_};
};

// Names that are all digits, as bits are, are numbers in YAML.
Json word(const std::string& name) {
  if (const auto number = parse_integer(name)) return *number;
  return name;
}

class SchemaWriter {
 public:
  Json write() {
    Json schema = message_schema(*v1::Recipe::descriptor());
    Json whole = {{"$schema", "https://json-schema.org/draft/2020-12/schema"}, {"title", "Lathe recipe v1"}};
    whole.update(schema);
    whole["$defs"] = std::move(definitions_);
    return whole;
  }

 private:
  Json message_schema(const Descriptor& message) {
    Json schema = {{"type", "object"}};
    if (const std::string text = comments_.of(message); !text.empty()) schema["description"] = text;
    Json required = Json::array();
    for (int i = 0; i < message.field_count(); ++i) {
      const FieldDescriptor& field = *message.field(i);
      if (is_written_in_another(field)) continue;
      schema["properties"][field.name()] = described(field, is_one_of_kinds(message));
      if (rule_of(field).required()) required.push_back(field.name());
    }
    schema["additionalProperties"] = false;
    if (!required.empty()) schema["required"] = required;
    if (is_one_of_kinds(message)) schema["minProperties"] = schema["maxProperties"] = 1;
    return schema;
  }

  Json described(const FieldDescriptor& field, bool may_be_null) {
    Json schema;
    if (field.is_map()) {
      const Descriptor* value = field.message_type()->map_value()->message_type();
      const bool is_any = value == google::protobuf::Value::descriptor();
      // `year: 1999` is text in a label, whatever it looks like.
      const Json text = {{"type", Json::array({"string", "number", "boolean"})}};
      schema = {{"type", "object"}, {"additionalProperties", is_any ? Json(true) : text}};
      if (rule_of(field).required()) schema["minProperties"] = 1;
    } else if (field.is_repeated()) {
      schema = {{"type", "array"}, {"items", value_schema(field, field)}};
    } else {
      schema = value_schema(field, field);
    }
    if (may_be_null) schema = {{"anyOf", {schema, {{"type", "null"}}}}};
    const std::string text =
        comments_.of(field) + (unit_of(field.name()).empty() ? "" : " [" + unit_of(field.name()) + "]");
    if (!text.empty()) schema["description"] = text[0] == ' ' ? text.substr(1) : text;
    if (rule_of(field).has_default_text()) schema["default"] = default_of(field);
    return schema;
  }

  static Json default_of(const FieldDescriptor& field) {
    const std::string& text = rule_of(field).default_text();
    if (field.cpp_type() == FieldDescriptor::CPPTYPE_BOOL) return text == "true";
    if (field.cpp_type() == FieldDescriptor::CPPTYPE_ENUM || field.cpp_type() == FieldDescriptor::CPPTYPE_STRING) {
      return text;
    }
    if (const auto whole = parse_integer(text)) return *whole;
    if (const auto number = parse_number(text)) return *number;
    return text;
  }

  static Json number_schema(const char* type, const FieldDescriptor& named) {
    const auto number = [](double value) {
      return value == static_cast<int>(value) ? Json(static_cast<int>(value)) : Json(value);
    };
    Json schema = {{"type", type}};
    const v1::FieldRule& rule = rule_of(named);
    if (rule.has_min()) schema["minimum"] = number(rule.min());
    if (rule.has_max()) schema["maximum"] = number(rule.max());
    if (rule.has_multiple_of()) schema["multipleOf"] = number(rule.multiple_of());
    return schema;
  }

  // `named` is the field whose rule holds; `field` is the same or a choice within it.
  Json value_schema(const FieldDescriptor& field, const FieldDescriptor& named) {
    switch (field.cpp_type()) {
      case FieldDescriptor::CPPTYPE_DOUBLE:
        if (const FieldDescriptor* word = word_for(field))
          return {{"anyOf", {number_schema("number", named), {{"const", word->name()}}}}};
        return number_schema("number", named);
      case FieldDescriptor::CPPTYPE_INT32:
        return number_schema("integer", named);
      case FieldDescriptor::CPPTYPE_BOOL:
        return {{"type", "boolean"}};
      case FieldDescriptor::CPPTYPE_STRING:
        return {{"type", "string"}};
      case FieldDescriptor::CPPTYPE_ENUM: {
        Json names = Json::array();
        for (const std::string& name : yaml_names(*field.enum_type())) names.push_back(word(name));
        return {{"enum", names}};
      }
      default:
        break;
    }
    const Descriptor& message = *field.message_type();
    if (is_written_as_value(message)) return choice_schema(message, named);
    if (known_.insert(message.name()).second) {
      Json schema = message_schema(message);  // first: it adds its own definitions
      definitions_[message.name()] = std::move(schema);
    }
    return {{"$ref", "#/$defs/" + message.name()}};
  }

  Json choice_schema(const Descriptor& message, const FieldDescriptor& named) {
    Json choices = Json::array();
    for (int i = 0; i < message.field_count(); ++i) {
      const FieldDescriptor& member = *message.field(i);
      const bool is_keyword = member.cpp_type() == FieldDescriptor::CPPTYPE_BOOL;
      choices.push_back(is_keyword ? Json{{"const", member.name()}} : value_schema(member, named));
    }
    return {{"anyOf", choices}};
  }

  Comments comments_;
  Json definitions_ = Json::object();
  std::set<std::string> known_;
};

}  // namespace

std::string json_schema() { return SchemaWriter().write().dump(2) + "\n"; }

}  // namespace lathe
