#include "host/recipe/recipe_reader.h"

#include <google/protobuf/struct.pb.h>

#include <memory>
#include <set>
#include <stdexcept>

#include "host/recipe/field_reader.h"
#include "host/recipe/field_rules.h"
#include "host/recipe/suggestion.h"

namespace lathe {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;
using Kind = RecipeNode::Kind;

class Reader {
 public:
  Reader(RecipePositions& positions, std::vector<RecipeProblem>& problems)
      : positions_(positions), problems_(problems) {}

  void read_message(const RecipeNode& node, Message& message, const std::string& path) {
    if (node.kind == Kind::list || node.kind == Kind::scalar) {
      const bool is_kind = is_one_of_kinds(*message.GetDescriptor()) && node.kind == Kind::scalar &&
                           message.GetDescriptor()->FindFieldByName(node.text);
      return report(node.position, is_kind ? "write '- " + node.text + ": {}': a stage is a map"
                                           : name_of(path) + " is a map of keys, not " + called(node));
    }
    if (is_one_of_kinds(*message.GetDescriptor())) return read_one_of_kinds(node, message, path);
    std::set<std::string> seen;
    for (const RecipeEntry& entry : node.entries) {
      const FieldDescriptor* field = field_of_key(*message.GetDescriptor(), entry.key);
      if (!field) {
        report_unknown(entry, *message.GetDescriptor(), path);
        continue;
      }
      seen.insert(entry.key);
      read_field(entry, *field, message, path.empty() ? entry.key : path + "." + entry.key);
    }
    report_missing(node, *message.GetDescriptor(), seen, path);
  }

 private:
  void report(const RecipePosition& position, std::string message) {
    problems_.push_back(problem_at(position, std::move(message)));
  }

  static std::string name_of(const std::string& path) { return path.empty() ? "the recipe" : path; }

  static std::string called(const RecipeNode& node) {
    if (node.kind == Kind::scalar) return in_quotes(node.text);
    return node.kind == Kind::list ? "a list" : node.kind == Kind::map ? "a map" : "nothing";
  }

  void report_unknown(const RecipeEntry& entry, const Descriptor& message, const std::string& path) {
    report(entry.position, "unknown key " + in_quotes(entry.key) + (path.empty() ? "" : " in " + path) +
                               suggestion(entry.key, key_names(message)));
  }

  void report_missing(const RecipeNode& node, const Descriptor& message, const std::set<std::string>& seen,
                      const std::string& path) {
    for (int i = 0; i < message.field_count(); ++i) {
      const FieldDescriptor& field = *message.field(i);
      if (!rule_of(field).required() || seen.contains(field.name())) continue;
      const std::string hint = path.empty() ? " (recipe: v1)" : in_unit(field.name());
      report(node.position, name_of(path) + " needs the key '" + field.name() + "'" + hint);
    }
  }

  void read_one_of_kinds(const RecipeNode& node, Message& message, const std::string& path) {
    const Descriptor& type = *message.GetDescriptor();
    if (node.entries.empty()) {
      return report(node.position, path + " names no stage; one of " + joined(key_names(type), " | "));
    }
    const RecipeEntry& first = node.entries.front();
    for (const RecipeEntry& entry : node.entries) {
      const FieldDescriptor* kind = type.FindFieldByName(entry.key);
      if (!kind) {
        report(entry.position, "unknown stage " + in_quotes(entry.key) + suggestion(entry.key, key_names(type)));
      } else if (&entry != &first) {
        report(entry.position,
               "a stage is one of its kinds: '" + entry.key + "' beside '" + first.key + "' needs its own '-'");
        const std::unique_ptr<Message> second(message.New());  // read for its own mistakes, then dropped
        read_field_message(entry, *second->GetReflection()->MutableMessage(second.get(), kind), path + "." + entry.key);
      } else {
        read_field_message(entry, *message.GetReflection()->MutableMessage(&message, kind), path + "." + entry.key);
      }
    }
  }

  void read_field_message(const RecipeEntry& entry, Message& message, const std::string& path) {
    positions_[path] = entry.position;
    read_message(entry.value, message, path);
  }

  void read_field(const RecipeEntry& entry, const FieldDescriptor& field, Message& message, const std::string& path) {
    if (field.is_map()) return read_map(entry, field, message, path);
    if (field.is_repeated()) return read_list(entry, field, message, path);
    if (field.message_type() && !is_written_as_value(*field.message_type())) {
      return read_field_message(entry, *message.GetReflection()->MutableMessage(&message, &field), path);
    }
    positions_[path] = entry.value.position;
    read_value(entry.value, field, message, path);
  }

  void read_list(const RecipeEntry& entry, const FieldDescriptor& field, Message& message, const std::string& path) {
    positions_[path] = entry.position;
    const RecipeNode& list = entry.value;
    if (list.is_empty()) return;
    if (list.kind != Kind::list) {
      return report(list.position, path + " is a list, not " + called(list) + ": begin each item with '-'");
    }
    for (std::size_t i = 0; i < list.items.size(); ++i) {
      const RecipeNode& item = list.items[i];
      const std::string item_path = path + "[" + std::to_string(i) + "]";
      positions_[item_path] = item.position;
      if (field.message_type()) {
        read_message(item, *message.GetReflection()->AddMessage(&message, &field), item_path);
      } else {
        read_value(item, field, message, item_path);
      }
    }
  }

  void read_map(const RecipeEntry& entry, const FieldDescriptor& field, Message& message, const std::string& path) {
    positions_[path] = entry.position;
    const RecipeNode& map = entry.value;
    if (map.kind != Kind::map && !map.is_empty()) {
      return report(map.position, path + " is a map of keys, not " + called(map));
    }
    const Descriptor& pair = *field.message_type();
    if (map.entries.empty() && rule_of(field).required()) report(map.position, path + " is empty");
    for (const RecipeEntry& item : map.entries) {
      Message& added = *message.GetReflection()->AddMessage(&message, &field);
      added.GetReflection()->SetString(&added, pair.map_key(), item.key);
      const std::string item_path = path + "." + item.key;
      positions_[item_path] = item.position;
      if (pair.map_value()->message_type() == google::protobuf::Value::descriptor()) {
        *dynamic_cast<google::protobuf::Value*>(added.GetReflection()->MutableMessage(&added, pair.map_value())) =
            as_it_looks(item.value);
      } else {
        read_value(item.value, *pair.map_value(), added, item_path);
      }
    }
  }

  void read_value(const RecipeNode& node, const FieldDescriptor& field, Message& message, const std::string& path) {
    if (field.message_type() && node.kind == Kind::map) {
      for (int i = 0; i < field.message_type()->field_count(); ++i) {
        const FieldDescriptor& member = *field.message_type()->field(i);
        if (!member.message_type()) continue;
        Message& choice = *message.GetReflection()->MutableMessage(&message, &field);
        return read_message(node, *choice.GetReflection()->MutableMessage(&choice, &member), path);
      }
    }
    if (const auto problem = read_scalar(node, field, message)) report(node.position, path + ": " + *problem);
  }

  RecipePositions& positions_;
  std::vector<RecipeProblem>& problems_;
};

void fill_compress_bands(v1::Compress& compress) {
  for (v1::CompressBand& band : *compress.mutable_bands()) {
    for (int i = 0; i < band.GetDescriptor()->field_count(); ++i) {
      const FieldDescriptor& field = *band.GetDescriptor()->field(i);
      const FieldDescriptor& of_stage = *compress.GetDescriptor()->FindFieldByName(field.name());
      if (band.GetReflection()->HasField(band, &field) || !compress.GetReflection()->HasField(compress, &of_stage)) {
        continue;
      }
      band.GetReflection()->SetDouble(&band, &field, compress.GetReflection()->GetDouble(compress, &of_stage));
    }
  }
}

}  // namespace

RecipePosition position_of(const RecipePositions& positions, std::string path) {
  while (true) {
    if (const auto found = positions.find(path); found != positions.end()) return found->second;
    if (path.empty()) return {};
    const std::size_t end = path.find_last_of(".[");
    path.resize(end == std::string::npos ? 0 : end);
  }
}

ReadRecipe read_recipe(const RecipeNode& root, std::vector<RecipeProblem>& problems) {
  ReadRecipe read;
  read.positions[""] = root.position;
  Reader(read.positions, problems).read_message(root, read.recipe, "");
  return read;
}

void fill_defaults(Message& message) {
  const Reflection& reflection = *message.GetReflection();
  if (auto* output = dynamic_cast<v1::Output*>(&message)) {
    if (output->bits() == v1::OUTPUT_BITS_32F) output->set_dither(v1::DITHER_NONE);
  }
  if (is_written_as_value(*message.GetDescriptor())) return;
  for (int i = 0; i < message.GetDescriptor()->field_count(); ++i) {
    const FieldDescriptor& field = *message.GetDescriptor()->field(i);
    if (field.is_map()) continue;
    if (field.is_repeated()) {
      if (!field.message_type()) continue;
      for (int item = 0; item < reflection.FieldSize(message, &field); ++item) {
        fill_defaults(*reflection.MutableRepeatedMessage(&message, &field, item));
      }
      continue;
    }
    if (!reflection.HasField(message, &field) && rule_of(field).has_default_text()) {
      const RecipeNode value{.kind = Kind::scalar, .text = rule_of(field).default_text()};
      if (const auto problem = read_scalar(value, field, message)) {
        throw std::logic_error("the schema's default of " + field.full_name() + ": " + *problem);
      }
    }
    if (field.message_type() && reflection.HasField(message, &field)) {
      fill_defaults(*reflection.MutableMessage(&message, &field));
    }
  }
  if (auto* compress = dynamic_cast<v1::Compress*>(&message)) fill_compress_bands(*compress);
}

}  // namespace lathe
