#include "host/recipe/set_path.h"

#include <google/protobuf/descriptor.h>

#include <optional>
#include <stdexcept>

#include "host/recipe/field_reader.h"
#include "host/recipe/field_rules.h"
#include "host/recipe/numbers.h"
#include "host/recipe/suggestion.h"
#include "lathe/v1/recipe.pb.h"

namespace lathe {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using Kind = RecipeNode::Kind;

struct BadPath : std::invalid_argument {
  using std::invalid_argument::invalid_argument;
};

// Goes down the tree and the schema together.
class Walk {
 public:
  Walk(RecipeNode& root, const RecipePosition& origin) : node_(&root), origin_(origin) {}

  void step(const PathStep& step) {
    if (const auto* index = std::get_if<std::size_t>(&step)) return to_item(*index);
    const std::string& key = std::get<std::string>(step);
    if (is_list_) return to_named_item(key);
    if (is_text_map_) return to_entry(key);
    if (!message_) throw BadPath(plain_path_ + " has nothing inside, so no " + in_quotes(key));
    to_field(key);
  }

  RecipeNode& node() { return *node_; }
  const std::string& plain_path() const { return plain_path_; }

 private:
  void to_item(std::size_t index) {
    if (!is_list_) throw BadPath(plain_path_ + " is no list, so it has no [" + std::to_string(index) + "]");
    if (index >= node_->items.size()) {
      throw BadPath(plain_path_ + " has " + std::to_string(node_->items.size()) +
                    " items, counted from 0; there is no [" + std::to_string(index) + "]");
    }
    enter_item(index);
  }

  void enter_item(std::size_t index) {
    node_ = &node_->items[index];
    plain_path_ += "[" + std::to_string(index) + "]";
    is_list_ = false;
  }

  // chain.limit, outputs.hd
  void to_named_item(const std::string& name) {
    const bool has_kinds = message_ && is_one_of_kinds(*message_);
    if (!has_kinds && !(message_ && message_->FindFieldByName("id"))) {
      throw BadPath(plain_path_ + " is a list: write " + plain_path_ + "[0]" + (message_ ? "." + name : ""));
    }
    std::vector<std::size_t> found;
    std::vector<std::string> names;
    for (std::size_t i = 0; i < node_->items.size(); ++i) {
      const RecipeNode& item = node_->items[i];
      const RecipeNode* id = has_kinds ? nullptr : item.find("id");
      if (has_kinds && !item.entries.empty()) names.push_back(item.entries[0].key);
      if (id) names.push_back(id->text);
      if ((has_kinds && item.find(name)) || (id && id->text == name)) found.push_back(i);
    }
    if (found.empty()) {
      throw BadPath(plain_path_ + " has no " + in_quotes(name) + suggestion(name, names) +
                    "; a path changes items of a list but adds none");
    }
    if (found.size() > 1) {
      throw BadPath(plain_path_ + " has " + std::to_string(found.size()) + " times " + in_quotes(name) + ": write " +
                    plain_path_ + "[" + std::to_string(found[0]) + "]" + (has_kinds ? "." + name : ""));
    }
    enter_item(found[0]);
    if (has_kinds) to_field(name);
  }

  void to_field(const std::string& key) {
    const FieldDescriptor* field = field_of_key(*message_, key);
    if (!field) {
      throw BadPath("unknown key " + in_quotes(key) + (plain_path_.empty() ? "" : " in " + plain_path_) +
                    suggestion(key, key_names(*message_)));
    }
    if (is_one_of_kinds(*message_) && !node_->find(key) && !node_->entries.empty()) {
      throw BadPath(plain_path_ + " is " + in_quotes(node_->entries[0].key) + ": write " + plain_path_ + "." +
                    node_->entries[0].key + "." + key);
    }
    to_entry(key);
    is_list_ = field->is_repeated() && !field->is_map();
    is_text_map_ = field->is_map();
    message_ = field->is_map() ? nullptr : field->message_type();
    if (is_list_ && node_->kind == Kind::null) node_->kind = Kind::list;
  }

  void to_entry(const std::string& key) {
    if (node_->kind == Kind::null) node_->kind = Kind::map;
    if (node_->kind != Kind::map) throw BadPath(plain_path_ + " is written as a value, so it has no " + in_quotes(key));
    if (!node_->find(key)) node_->entries.push_back({key, origin_, {.position = origin_}});
    node_ = node_->find(key);
    plain_path_ += (plain_path_.empty() ? "" : ".") + key;
    is_text_map_ = false;
  }

  RecipeNode* node_;
  RecipePosition origin_;
  const Descriptor* message_ =
      v1::Recipe::descriptor();  // of what stands at node_, or of the list's items; null: a value
  bool is_list_ = false;
  bool is_text_map_ = false;
  std::string plain_path_;
};

}  // namespace

std::vector<PathStep> path_steps(std::string_view path) {
  std::vector<PathStep> steps;
  const BadPath bad("not a path: " + in_quotes(path) +
                    "; write keys with points and items as [0]: chain.eq.bands[1].q");
  std::size_t at = 0;
  while (at < path.size()) {
    if (path[at] == '[') {
      const std::size_t close = path.find(']', at);
      const auto index = close == path.npos ? std::nullopt : parse_integer(path.substr(at + 1, close - at - 1));
      if (!index || *index < 0 || steps.empty()) throw bad;
      steps.emplace_back(static_cast<std::size_t>(*index));
      at = close + 1;
      if (at < path.size() && path[at] != '.' && path[at] != '[') throw bad;
    } else {
      if (path[at] == '.' && steps.empty()) throw bad;
      at += path[at] == '.' ? 1 : 0;
      const std::size_t end = std::min(path.find_first_of(".[", at), path.size());
      if (end == at) throw bad;
      steps.emplace_back(std::string(path.substr(at, end - at)));
      at = end;
    }
  }
  if (steps.empty()) throw bad;
  return steps;
}

SetOutcome set_at(RecipeNode& root, std::string_view path, RecipeNode value, const RecipePosition& origin) {
  try {
    RecipeNode changed = root;  // a path that turns out wrong leaves no half-made maps behind
    Walk walk(changed, origin);
    for (const PathStep& step : path_steps(path)) walk.step(step);
    walk.node() = std::move(value);
    root = std::move(changed);
    return {"", walk.plain_path()};
  } catch (const std::invalid_argument& bad) {
    return {bad.what(), ""};
  }
}

void apply_set(RecipeNode& root, const std::string& set, std::vector<RecipeProblem>& problems) {
  const std::string name = "--set " + set;
  const RecipePosition origin{std::make_shared<const std::string>(name), 0, 0};
  const std::size_t equals = set.find('=');
  if (equals == std::string::npos) {
    problems.push_back(problem_at(origin, "write PATH=VALUE, as in loudness.target_lufs=-16"));
    return;
  }
  const std::size_t problems_before = problems.size();
  std::optional<RecipeNode> value = parse_yaml(std::string_view(set).substr(equals + 1), name, true, problems);
  if (!value || problems.size() != problems_before) return;
  const SetOutcome outcome = set_at(root, set.substr(0, equals), std::move(*value), origin);
  if (!outcome.problem.empty()) problems.push_back(problem_at(origin, outcome.problem));
}

}  // namespace lathe
