#include "scheduler/cli/command_tree.h"

namespace lathe::cli {
namespace {

// CLI11 says "TEXT:{auto,cpu,cuda}" or "INT:INT in [1 - 1024]".
void split_type(const std::string& type, CommandOption& option) {
  option.value = type.substr(0, type.find(':'));
  const std::size_t open = type.find('{'), close = type.find('}', open);
  if (open == std::string::npos || close == std::string::npos) return;
  for (std::size_t at = open + 1; at <= close;) {
    const std::size_t end = std::min(type.find(',', at), close);
    option.choices.push_back(type.substr(at, end - at));
    at = end + 1;
  }
}

CommandOption option_of(const CLI::Option& from) {
  CommandOption option;
  option.help = from.get_description();
  option.is_positional = from.get_positional();
  option.is_required = from.get_required();
  option.is_repeatable = from.get_items_expected_max() > 1;
  option.default_text = from.get_default_str();
  if (option.is_positional) {
    option.names.push_back(from.get_name(true));
  } else {
    for (const std::string& name : from.get_lnames()) option.names.push_back("--" + name);
    for (const std::string& name : from.get_snames()) option.names.push_back("-" + name);
  }
  if (from.get_items_expected_max() > 0) split_type(from.get_type_name(), option);
  return option;
}

Command command_of(const CLI::App& app, const std::string& above) {
  Command command;
  command.name = app.get_name();
  command.path = above.empty() ? command.name : above + " " + command.name;
  command.help = app.get_description();
  for (const bool positional : {true, false}) {
    for (const CLI::Option* option : app.get_options()) {
      if (option->get_positional() == positional) command.options.push_back(option_of(*option));
    }
  }
  for (const CLI::App* sub : app.get_subcommands([](const CLI::App* one) { return !one->get_group().empty(); }))
    command.commands.push_back(command_of(*sub, command.path));
  return command;
}

}  // namespace

Command command_tree(const CLI::App& app) { return command_of(app, ""); }

}  // namespace lathe::cli
