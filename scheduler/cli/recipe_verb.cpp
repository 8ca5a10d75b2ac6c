// `lathe recipe list | show NAME | lint FILE | schema`.
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "host/recipe/json_schema.h"
#include "host/recipe/recipe.h"
#include "scheduler/cli/named_profiles.h"
#include "scheduler/cli/verbs.h"

namespace lathe::cli {
namespace {

int list_recipes() {
  for (const std::string& name : shipped_recipe_names()) {
    const EffectiveRecipe recipe = RecipeSource::load(name).effective();
    std::printf("%-16s %s\n", name.c_str(), recipe.recipe.about().c_str());
  }
  return kOk;
}

int show_recipe(const std::string& name, bool effective, const std::vector<std::string>& sets) {
  try {
    const RecipeSource source = RecipeSource::load(name, sets);
    if (effective || !is_shipped_recipe(name)) {
      const EffectiveRecipe recipe = source.effective();
      std::printf("%s\n", recipe.canonical_json.c_str());
      std::fprintf(stderr, "sha256 %s\n", recipe.sha256.c_str());
    } else {
      std::fputs(shipped_recipe_text(name).c_str(), stdout);
    }
    return kOk;
  } catch (const RecipeErrors& errors) {
    std::fprintf(stderr, "%s\n", errors.what());
    return kUsage;
  }
}

// Warnings do not fail a recipe, unless `is_strict`.
int lint(const std::string& file, const std::vector<std::string>& sets, bool is_strict) {
  try {
    const RecipeSource source = RecipeSource::load(file, sets);
    check_named_profiles(source);
    const std::vector<RecipeProblem> unbuilt = source.unbuilt(), warnings = source.warnings();
    const char* severity = is_strict ? "error" : "warning";
    for (const RecipeProblem& problem : unbuilt) std::printf("%s\n", problem.text(severity).c_str());
    for (const RecipeProblem& problem : warnings) std::printf("%s\n", problem.text(severity).c_str());
    const std::size_t count = unbuilt.size() + warnings.size();
    if (is_strict && count > 0) {
      std::printf("%zu error%s (--strict)\n", count, count == 1 ? "" : "s");
      return kUsage;
    }
    std::string notes;
    if (!warnings.empty())
      notes = ", " + std::to_string(warnings.size()) + (warnings.size() == 1 ? " warning" : " warnings");
    if (!unbuilt.empty()) notes += ", but this version cannot run it";
    std::printf("%s: no errors%s\n", file.c_str(), notes.c_str());
    return kOk;
  } catch (const RecipeErrors& errors) {
    std::printf("%s\n", errors.what());
    return kUsage;
  }
}

}  // namespace

void add_recipe(CLI::App& app, Run& run) {
  CLI::App* recipe = app.add_subcommand("recipe", "Lists, shows and checks recipes");
  recipe->require_subcommand(1);
  recipe->add_subcommand("list", "Names the recipes that come with Lathe")->callback([&run] { run = list_recipes; });
  recipe->add_subcommand("schema", "Prints the recipe's JSON Schema, for editors")->callback([&run] {
    run = [] {
      std::fputs(json_schema().c_str(), stdout);
      return kOk;
    };
  });

  struct Options {
    std::string name;
    std::vector<std::string> sets;
    bool effective = false, strict = false;
  };
  const auto options = std::make_shared<Options>();
  CLI::App* show_app = recipe->add_subcommand(
      "show", "Prints a recipe; a file's, and with --effective any, with all defaults filled in");
  show_app->add_option("NAME", options->name, "A shipped recipe or a file")->required();
  show_app->add_option("--set", options->sets, "Changes one value: PATH=VALUE");
  show_app->add_flag("--effective", options->effective, "As canonical JSON with all defaults");
  show_app->callback(
      [&run, options] { run = [options] { return show_recipe(options->name, options->effective, options->sets); }; });
  CLI::App* lint_app = recipe->add_subcommand(
      "lint", "Checks a recipe and names every mistake, and what is likely one, with its line and column");
  lint_app->add_option("FILE", options->name, "A file or a shipped recipe")->required();
  lint_app->add_option("--set", options->sets, "Changes one value: PATH=VALUE");
  lint_app->add_flag("--strict", options->strict, "Warnings are errors");
  lint_app->callback(
      [&run, options] { run = [options] { return lint(options->name, options->sets, options->strict); }; });
}

}  // namespace lathe::cli
