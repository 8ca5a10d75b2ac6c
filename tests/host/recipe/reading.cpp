#include "tests/host/recipe/reading.h"

namespace lathe::testing {

RecipeSource read(const std::string& text, const Sets& sets) { return RecipeSource::parse(text, "bad.yaml", sets); }

v1::Recipe effective(const std::string& text, const Sets& sets) { return read(text, sets).effective().recipe; }

std::string hash_of(const std::string& text, const Sets& sets) { return read(text, sets).effective().sha256; }

std::vector<std::string> errors_in(const std::string& text, const Sets& sets) {
  std::vector<std::string> lines;
  try {
    read(text, sets);
  } catch (const RecipeErrors& errors) {
    for (const RecipeProblem& problem : errors.problems()) lines.push_back(problem.text());
  }
  return lines;
}

std::string error_in_line(const std::string& line) {
  const std::vector<std::string> lines = errors_in("recipe: v1\n" + line + "\n");
  if (lines.size() != 1) return std::to_string(lines.size()) + " errors";
  const std::string mark = ": error: ";
  return lines[0].substr(lines[0].find(mark) + mark.size());
}

}  // namespace lathe::testing
