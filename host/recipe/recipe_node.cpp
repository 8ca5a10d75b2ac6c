#include "host/recipe/recipe_node.h"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <map>
#include <set>
#include <sstream>

#include "host/recipe/text_check.h"
#include "host/recipe/text_places.h"

namespace lathe {
namespace {

// Ends the reading.
struct Refused {
  RecipePosition position;
  std::string message;
};

RecipePosition at(const TextPlaces& places, const YAML::Mark& mark) {
  return mark.is_null() ? places.at(0, 0) : places.at(mark.line, mark.column);
}

int count_nodes(const RecipeNode& node) {
  int count = 1;
  for (const RecipeNode& item : node.items) count += count_nodes(item);
  for (const RecipeEntry& entry : node.entries) count += count_nodes(entry.value);
  return count;
}

int depth_of(const RecipeNode& node) {
  int deepest = 0;
  for (const RecipeNode& item : node.items) deepest = std::max(deepest, depth_of(item));
  for (const RecipeEntry& entry : node.entries) deepest = std::max(deepest, depth_of(entry.value));
  return deepest + 1;
}

// Builds the tree from yaml-cpp's events: its own nodes would take duplicate keys and share aliased nodes silently.
class TreeBuilder : public YAML::EventHandler {
 public:
  TreeBuilder(const TextPlaces& places, std::vector<RecipeProblem>& problems) : places_(places), problems_(problems) {}

  RecipeNode take() { return std::move(root_); }
  const RecipePosition& last_quoted() const { return last_quoted_; }

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (++documents_ > 1) throw Refused{at(mark), "a second document: a file holds one recipe"};
  }
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    if (expects_key()) throw Refused{at(mark), "a key is missing before ':'"};
    add({.position = place_of_nothing(mark)}, anchor);
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    const RecipePosition position = at(mark);
    refuse_tag(tag, position);
    for (const char c : value) {
      const bool is_control = static_cast<unsigned char>(c) < 0x20 && c != '\n' && c != '\t';
      if (is_control) throw Refused{position, "the text holds a control character"};
    }
    const bool is_quoted = tag == "!";
    if (is_quoted) last_quoted_ = position;
    if (expects_key()) return take_key(value, position);
    if (!is_quoted && (value.empty() || value == "null" || value == "~"))
      return add({.position = place_of_nothing(mark)}, anchor);
    add({.kind = RecipeNode::Kind::scalar, .position = position, .text = value, .is_quoted = is_quoted}, anchor);
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const auto found = anchored_.find(anchor);
    if (expects_key()) throw Refused{at(mark), "an alias cannot be a key"};
    if (found == anchored_.end()) throw Refused{at(mark), "the alias stands inside what it names"};
    count(count_nodes(found->second), at(mark));
    refuse_depth(static_cast<int>(open_.size()) + depth_of(found->second), at(mark));
    attach(found->second);
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    open(RecipeNode::Kind::list, mark, tag, anchor);
  }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    open(RecipeNode::Kind::map, mark, tag, anchor);
  }
  void OnSequenceEnd() override { close(); }
  void OnMapEnd() override { close(); }

 private:
  struct Open {
    RecipeNode node;
    YAML::anchor_t anchor = 0;
    bool has_key = false;
    bool is_duplicate = false;  // of the key: the value is read and dropped
    std::string key = {};
    RecipePosition key_position = {};
    std::set<std::string> keys = {};
  };

  RecipePosition at(const YAML::Mark& mark) const { return lathe::at(places_, mark); }

  // yaml-cpp puts a value left out where the next word stands: at its key it is easier to find.
  RecipePosition place_of_nothing(const YAML::Mark& mark) const {
    const bool is_value = !open_.empty() && open_.back().node.kind == RecipeNode::Kind::map;
    return is_value ? open_.back().key_position : at(mark);
  }

  bool expects_key() const {
    return !open_.empty() && open_.back().node.kind == RecipeNode::Kind::map && !open_.back().has_key;
  }

  static void refuse_tag(const std::string& tag, const RecipePosition& position) {
    if (tag.empty() || tag == "?" || tag == "!") return;
    throw Refused{position, "a recipe has no tags: take '" + tag + "' away"};
  }

  static void refuse_depth(int depth, const RecipePosition& position) {
    if (depth > kMaxRecipeDepth) {
      throw Refused{position, "nested deeper than " + std::to_string(kMaxRecipeDepth) + " levels"};
    }
  }

  void count(int nodes, const RecipePosition& position) {
    nodes_ += nodes;
    if (nodes_ > kMaxRecipeNodes) {
      throw Refused{position, "more than " + std::to_string(kMaxRecipeNodes) + " values, aliases counted in full"};
    }
  }

  void take_key(const std::string& key, const RecipePosition& position) {
    Open& map = open_.back();
    if (key == "<<") throw Refused{position, "merge keys (<<) are not taken: write the values out"};
    map.has_key = true;
    map.key = key;
    map.key_position = position;
    map.is_duplicate = !map.keys.insert(key).second;
    if (map.is_duplicate) problems_.push_back(problem_at(position, "duplicate key '" + key + "'"));
  }

  void open(RecipeNode::Kind kind, const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor) {
    const RecipePosition position = at(mark);
    refuse_tag(tag, position);
    if (expects_key()) throw Refused{position, "a key is one word, not a list or a map (is a bracket before it open?)"};
    refuse_depth(static_cast<int>(open_.size()) + 1, position);
    count(1, position);
    open_.push_back({.node = {.kind = kind, .position = position}, .anchor = anchor});
  }

  void close() {
    Open done = std::move(open_.back());
    open_.pop_back();
    remember(done.node, done.anchor);
    attach(std::move(done.node));
  }

  void add(RecipeNode node, YAML::anchor_t anchor) {
    count(1, node.position);
    remember(node, anchor);
    attach(std::move(node));
  }

  // The copy that an anchor keeps counts, so that anchors around anchors are bounded too.
  void remember(const RecipeNode& node, YAML::anchor_t anchor) {
    if (anchor == 0) return;
    count(count_nodes(node), node.position);
    anchored_[anchor] = node;
  }

  void attach(RecipeNode node) {
    if (open_.empty()) {
      root_ = std::move(node);
    } else if (Open& parent = open_.back(); parent.node.kind == RecipeNode::Kind::list) {
      parent.node.items.push_back(std::move(node));
    } else {
      if (!parent.is_duplicate) parent.node.entries.push_back({parent.key, parent.key_position, std::move(node)});
      parent.has_key = false;
    }
  }

  const TextPlaces& places_;
  std::vector<RecipeProblem>& problems_;
  std::vector<Open> open_;
  std::map<YAML::anchor_t, RecipeNode> anchored_;
  RecipeNode root_;
  RecipePosition last_quoted_;
  int nodes_ = 0;
  int documents_ = 0;
};

// Takes events and does nothing.
class Ignore : public YAML::EventHandler {
  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark&, YAML::anchor_t) override {}
  void OnAlias(const YAML::Mark&, YAML::anchor_t) override {}
  void OnScalar(const YAML::Mark&, const std::string&, YAML::anchor_t, const std::string&) override {}
  void OnSequenceStart(const YAML::Mark&, const std::string&, YAML::anchor_t, YAML::EmitterStyle::value) override {}
  void OnSequenceEnd() override {}
  void OnMapStart(const YAML::Mark&, const std::string&, YAML::anchor_t, YAML::EmitterStyle::value) override {}
  void OnMapEnd() override {}
};

void parse(std::string_view text, YAML::EventHandler& handler) {
  std::istringstream stream{std::string(text)};
  YAML::Parser parser(stream);
  while (parser.HandleNextDocument(handler)) {
  }
}

// yaml-cpp 0.7 closes a quote that is open at the end by itself if a line end comes last, and misses it only without.
bool ends_in_a_quote(std::string_view text) {
  text = text.substr(0, text.find_last_not_of(" \t\r\n") + 1);
  try {
    Ignore nothing;
    parse(text, nothing);
  } catch (const YAML::Exception& error) {
    return error.msg == YAML::ErrorMsg::EOF_IN_SCALAR;
  }
  return false;
}

std::string explained(const std::string& yaml_message) {
  const bool is_bracket = yaml_message.find("flow") != std::string::npos;
  return "not YAML: " + yaml_message + (is_bracket ? " (a bracket is open; quote text that holds [ ] { } or ,)" : "");
}

}  // namespace

const RecipeNode* RecipeNode::find(std::string_view key) const {
  for (const RecipeEntry& entry : entries) {
    if (entry.key == key) return &entry.value;
  }
  return nullptr;
}

RecipeNode* RecipeNode::find(std::string_view key) {
  return const_cast<RecipeNode*>(static_cast<const RecipeNode*>(this)->find(key));
}

std::optional<RecipeNode> parse_yaml(std::string_view text, const std::string& name, bool is_value,
                                     std::vector<RecipeProblem>& problems) {
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  const TextPlaces places(text, name, is_value);
  if (text.size() > kMaxRecipeBytes) {
    problems.push_back(problem_at(places.nowhere(), "over 1 MiB: this is no recipe"));
    return std::nullopt;
  }
  if (const auto bad = find_bad_text(text)) {
    problems.push_back(problem_at(places.at_offset(bad->offset), bad->what));
    return std::nullopt;
  }
  try {
    TreeBuilder builder(places, problems);
    parse(text, builder);
    if (ends_in_a_quote(text)) throw Refused{builder.last_quoted(), "not YAML: this quote is never closed"};
    RecipeNode root = builder.take();
    if (!root.position.file) root.position = places.at(0, 0);
    return root;
  } catch (const Refused& refused) {
    problems.push_back(problem_at(refused.position, refused.message));
  } catch (const YAML::Exception& error) {
    problems.push_back(problem_at(at(places, error.mark), explained(error.msg)));
  }
  return std::nullopt;
}

}  // namespace lathe
