// `lathe help [VERB...]`, `lathe completion SHELL`: the program about itself.
#include <cstdio>
#include <memory>

#include "scheduler/cli/command_tree.h"
#include "scheduler/cli/verbs.h"

namespace lathe::cli {
namespace {

struct HelpOptions {
  std::vector<std::string> verbs;
  std::string shell;
  bool man = false;
};

int help(const CLI::App& app, const HelpOptions& options) {
  if (options.man) {
    std::fputs(manual_page(command_tree(app), LATHE_VERSION).c_str(), stdout);
    return kOk;
  }
  const CLI::App* at = &app;
  std::string above = app.get_name();
  for (const std::string& verb : options.verbs) {
    const auto found = at->get_subcommands([&verb](const CLI::App* one) { return one->get_name() == verb; });
    if (found.empty()) {
      std::fprintf(stderr, "lathe: there is no verb '%s'; lathe help lists them\n", verb.c_str());
      return kUsage;
    }
    if (at != &app) above += " " + at->get_name();
    at = found.front();
  }
  std::fputs(at == &app ? app.help().c_str() : at->help(above).c_str(), stdout);
  return kOk;
}

}  // namespace

void add_help(CLI::App& app, Run& run) {
  const auto options = std::make_shared<HelpOptions>();
  CLI::App* help_app = app.add_subcommand("help", "What a verb does and takes; --man is the manual page");
  help_app->add_option("VERB", options->verbs, "As workers list; left out: all verbs");
  help_app->add_flag("--man", options->man, "The manual page of all of them, for man(1)");
  help_app->callback([&run, &app, options] { run = [&app, options] { return help(app, *options); }; });
  CLI::App* completion = app.add_subcommand("completion", "Prints a shell's completion of verbs and options");
  completion->add_option("SHELL", options->shell, "bash, zsh or fish")
      ->required()
      ->check(CLI::IsMember({"bash", "zsh", "fish"}));
  completion->callback([&run, &app, options] {
    run = [&app, options] {
      std::fputs(completion_script(command_tree(app), options->shell).c_str(), stdout);
      return kOk;
    };
  });
}

}  // namespace lathe::cli
