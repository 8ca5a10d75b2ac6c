#include <fmt/format.h>

#include <functional>
#include <stdexcept>

#include "scheduler/cli/command_tree.h"

namespace lathe::cli {
namespace {

// For each command of the tree, the program itself first.
void each(const Command& command, const std::function<void(const Command&)>& body) {
  body(command);
  for (const Command& sub : command.commands) each(sub, body);
}

// Between single quotes of a shell.
std::string quoted(const std::string& text) {
  std::string out = "'";
  for (const char c : text) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out + "'";
}

// fish has a backslash inside of single quotes.
std::string fish_quoted(const std::string& text) {
  std::string out = "'";
  for (const char c : text) out += (c == '\'' || c == '\\' ? "\\" : "") + std::string(1, c);
  return out + "'";
}

std::string words_of(const Command& command) {
  std::string words;
  for (const Command& sub : command.commands) words += sub.name + " ";
  for (const CommandOption& option : command.options) {
    for (const std::string& word : option.is_positional ? option.choices : option.names) words += word + " ";
  }
  if (!words.empty()) words.pop_back();
  return words;
}

// The verb is the longest path of words without dashes that is one.
std::string bash(const Command& program) {
  std::string verbs, words, choices;
  each(program, [&](const Command& command) {
    verbs += fmt::format("    {}) verb=\"$try\" ;;\n", quoted(command.path));
    words += fmt::format("    {}) words={} ;;\n", quoted(command.path), quoted(words_of(command)));
    for (const CommandOption& option : command.options) {
      if (option.choices.empty() || option.is_positional) continue;
      for (const std::string& name : option.names)
        choices += fmt::format("    {}) words={}; only=1 ;;\n", quoted(command.path + " " + name),
                               quoted(fmt::format("{}", fmt::join(option.choices, " "))));
    }
  });
  return fmt::format(R"(# bash completion of lathe: source it, or put it where bash-completion looks.
_lathe() {{
  local cur=${{COMP_WORDS[COMP_CWORD]}} previous=${{COMP_WORDS[COMP_CWORD-1]}} verb=lathe try words= only= i
  for ((i = 1; i < COMP_CWORD; ++i)); do
    try="$verb ${{COMP_WORDS[i]}}"
    case $try in
{}    esac
  done
  case $verb in
{}  esac
  case "$verb $previous" in
{}  esac
  COMPREPLY=($(compgen -W "$words" -- "$cur"))
  if [[ ${{#COMPREPLY[@]}} -eq 0 && -z $only && $cur != -* ]]; then
    compopt -o filenames 2>/dev/null
    COMPREPLY=($(compgen -f -- "$cur"))
  fi
}}
complete -F _lathe lathe
)",
                     verbs, words, choices);
}

// "--out[Folder for the masters]:DIR:_files" for _arguments.
std::string zsh_option(const CommandOption& option, const std::string& name) {
  std::string help;
  for (const char c : option.help) help += c == '[' || c == ']' || c == ':' ? std::string("\\") + c : std::string(1, c);
  if (option.value.empty()) return quoted(fmt::format("{}[{}]", name, help));
  const std::string action = option.choices.empty() ? "_files" : fmt::format("({})", fmt::join(option.choices, " "));
  return quoted(fmt::format("*{}[{}]:{}:{}", name, help, option.value, action));
}

std::string zsh_function(const std::string& path) {
  std::string name = "_";
  for (const char c : path) name += c == ' ' ? '_' : c;
  return name;
}

std::string zsh(const Command& program) {
  std::string out = "#compdef lathe\n# zsh completion of lathe: put it as _lathe into a folder of $fpath.\n\n";
  each(program, [&](const Command& command) {
    out += fmt::format("{}() {{\n  local curcontext=\"$curcontext\" state line\n  typeset -A opt_args\n  _arguments -C",
                       zsh_function(command.path));
    for (const CommandOption& option : command.options) {
      if (option.is_positional) continue;
      for (const std::string& name : option.names) out += " \\\n    " + zsh_option(option, name);
    }
    if (command.commands.empty()) {
      out += " \\\n    '*:file:_files'\n}\n\n";
      return;
    }
    out += " \\\n    '1:verb:->verb' '*::argument:->rest'\n  case $state in\n    verb) _values verb";
    for (const Command& sub : command.commands) {
      std::string help;
      for (const char c : sub.help) help += c == '[' || c == ']' ? std::string("\\") + c : std::string(1, c);
      out += " \\\n      " + quoted(fmt::format("{}[{}]", sub.name, help));
    }
    out += " ;;\n    rest) case $words[1] in\n";
    for (const Command& sub : command.commands)
      out += fmt::format("      {}) {} ;;\n", sub.name, zsh_function(sub.path));
    out += "    esac ;;\n  esac\n}\n\n";
  });
  return out + "_lathe \"$@\"\n";
}

std::string fish(const Command& program) {
  std::string out = "# fish completion of lathe: put it as lathe.fish into ~/.config/fish/completions.\n";
  each(program, [&](const Command& command) {
    // Seen: all words of the path; not seen: those of the commands below.
    std::string condition = command.commands.empty() || !(&command == &program) ? "" : "__fish_use_subcommand";
    for (std::size_t at = command.path.find(' '); at != std::string::npos;) {
      const std::size_t end = command.path.find(' ', at + 1);
      condition += (condition.empty() ? "" : "; and ") +
                   ("__fish_seen_subcommand_from " + command.path.substr(at + 1, end - at - 1));
      at = end;
    }
    for (const Command& sub : command.commands) {
      out +=
          fmt::format("complete -c lathe -n {} -a {} -d {}\n", fish_quoted(condition), sub.name, fish_quoted(sub.help));
    }
    for (const CommandOption& option : command.options) {
      if (option.is_positional) continue;
      out += fmt::format("complete -c lathe -n {}", fish_quoted(condition));
      for (const std::string& name : option.names)
        out += name.starts_with("--") ? " -l " + name.substr(2) : " -s " + name.substr(1);
      if (!option.value.empty()) out += " -r";
      if (!option.choices.empty())
        out += fmt::format(" -f -a {}", fish_quoted(fmt::format("{}", fmt::join(option.choices, " "))));
      out += fmt::format(" -d {}\n", fish_quoted(option.help));
    }
  });
  return out;
}

}  // namespace

std::string completion_script(const Command& program, const std::string& shell) {
  if (shell == "bash") return bash(program);
  if (shell == "zsh") return zsh(program);
  if (shell == "fish") return fish(program);
  throw std::invalid_argument("shell '" + shell + "'; there are bash, zsh and fish");
}

}  // namespace lathe::cli
