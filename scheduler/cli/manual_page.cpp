#include <fmt/format.h>

#include "host/report/audit_text.h"
#include "scheduler/cli/command_tree.h"

namespace lathe::cli {
namespace {

// Text that troff takes for text: no command at a line's start, dashes that can be copied.
std::string troff(const std::string& text) {
  std::string out;
  for (const char32_t c : code_points(text)) {
    if (c == '\\') {
      out += "\\e";
    } else if (c == '-') {
      out += "\\-";
    } else if (c < 128) {
      out += static_cast<char>(c);
    } else {
      out += fmt::format("\\[u{:04X}]", static_cast<std::uint32_t>(c));
    }
  }
  return !out.empty() && (out[0] == '.' || out[0] == '\'') ? "\\&" + out : out;
}

std::string synopsis(const Command& command) {
  std::string text = command.path;
  for (const CommandOption& option : command.options) {
    if (!option.is_positional) continue;
    const std::string name = option.names[0] + (option.is_repeatable ? "..." : "");
    text += option.is_required ? " " + name : " [" + name + "]";
  }
  return text;
}

void add_option(std::string& page, const CommandOption& option) {
  page += ".TP\n.B ";
  for (std::size_t i = 0; i < option.names.size(); ++i) page += (i > 0 ? ", " : "") + troff(option.names[i]);
  const std::string value = option.choices.empty() ? option.value : fmt::format("{}", fmt::join(option.choices, "|"));
  if (!value.empty() && !option.is_positional) page += " " + troff(value);
  page += "\n" + troff(option.help);
  if (!option.default_text.empty()) page += " (" + troff(option.default_text) + " when left out)";
  page += "\n";
}

void add_command(std::string& page, const Command& command) {
  page += ".SS " + troff(synopsis(command)) + "\n" + troff(command.help) + ".\n";
  for (const CommandOption& option : command.options) {
    if (option.names[0] != "--help") add_option(page, option);
  }
  for (const Command& sub : command.commands) add_command(page, sub);
}

}  // namespace

std::string manual_page(const Command& program, const std::string& version) {
  std::string page =
      fmt::format(".TH LATHE 1 \"\" \"lathe {}\" \"Lathe\"\n.SH NAME\nlathe \\- {}\n", version, troff(program.help));
  page += ".SH SYNOPSIS\n.B lathe\n.I VERB\n[options]\n.SH VERBS\n";
  for (const Command& command : program.commands) add_command(page, command);
  page += R"(.SH EXIT STATUS
.TP
.B 0
all well
.TP
.B 1
some tracks failed
.TP
.B 2
usage or recipe error
.TP
.B 3
nothing could be read or reached
.TP
.B 4
denied
.TP
.B 5
a deadline is over
.TP
.B 6
cancelled
.TP
.B 7
an audit found violations
.TP
.B 8
something was unmeasurable or unreadable
.SH ENVIRONMENT
.TP
.B LATHE_SCHEDULER
where the farm's scheduler is, for \-\-scheduler
.TP
.B LATHE_TOKEN
your token for it, where no \-\-token\-file is given
.TP
.B LATHE_STATE_DIR
where Lathe remembers what it has done on this machine
)";
  return page;
}

}  // namespace lathe::cli
