#include "host/recipe/recipe_problem.h"

#include <algorithm>
#include <tuple>

namespace lathe {
namespace {

std::vector<RecipeProblem> sorted(std::vector<RecipeProblem> problems) {
  if (problems.empty()) throw std::invalid_argument("RecipeErrors: no problem to report");
  std::sort(problems.begin(), problems.end(), [](const RecipeProblem& a, const RecipeProblem& b) {
    return std::tie(a.line, a.column, a.file, a.message) < std::tie(b.line, b.column, b.file, b.message);
  });
  problems.erase(std::unique(problems.begin(), problems.end()), problems.end());
  return problems;
}

std::string in_lines(const std::vector<RecipeProblem>& problems) {
  std::string text;
  for (const RecipeProblem& problem : problems) text += problem.text() + "\n";
  return text + std::to_string(problems.size()) + (problems.size() == 1 ? " error" : " errors");
}

}  // namespace

std::string RecipeProblem::text(std::string_view severity) const {
  std::string text = file + ":";
  if (line > 0) text += std::to_string(line) + ":" + std::to_string(column) + ":";
  return text.append(" ").append(severity).append(": ").append(message);
}

RecipeProblem problem_at(const RecipePosition& position, std::string message) {
  return {position.file ? *position.file : std::string("recipe"), position.line, position.column, std::move(message)};
}

RecipeErrors::RecipeErrors(std::vector<RecipeProblem> problems)
    : std::runtime_error(in_lines(problems = sorted(std::move(problems)))), problems_(std::move(problems)) {}

}  // namespace lathe
