// The program's verbs and options as data, read from the parser itself: what is made of it cannot go stale.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

namespace lathe::cli {

struct CommandOption {
  std::vector<std::string> names;  // "--quiet", "-q"; of a positional its name alone
  std::string help;
  std::string value;                 // what it takes: "FILE"; empty for a flag
  std::vector<std::string> choices;  // what it may be, where that is a list
  bool is_positional = false, is_required = false, is_repeatable = false;
  std::string default_text;
};

struct Command {
  std::string name;  // "list"
  std::string path;  // "lathe workers list"
  std::string help;
  std::vector<CommandOption> options;  // positionals among them, first
  std::vector<Command> commands;
};

Command command_tree(const CLI::App& app);

// For shells; `shell` is bash, zsh or fish.
std::string completion_script(const Command& program, const std::string& shell);

// lathe(1) in troff.
std::string manual_page(const Command& program, const std::string& version);

}  // namespace lathe::cli
