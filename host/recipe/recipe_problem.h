// What is wrong in a recipe, and where.
#pragma once

#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace lathe {

// A place in a recipe. `line` and `column` count from 1, a column is a character; both are 0 where there is no line (a
// file that cannot be read, a `--set`).
struct RecipePosition {
  std::shared_ptr<const std::string> file;
  int line = 0;
  int column = 0;
};

struct RecipeProblem {
  std::string file;  // a path, a shipped recipe's name, or `--set PATH=VALUE`
  int line = 0;
  int column = 0;
  std::string message;

  // `file:line:column: error: message`, or `file: error: message` where there is no line.
  std::string text(std::string_view severity = "error") const;

  friend bool operator==(const RecipeProblem&, const RecipeProblem&) = default;
};

// "outputs[2]", as --set and problems name the places of a recipe; counted from 0.
inline std::string item(const std::string& list, int index) { return list + "[" + std::to_string(index) + "]"; }

RecipeProblem problem_at(const RecipePosition& position, std::string message);

// Everything that is wrong in a recipe, in the order of the lines (what has none comes first). what() is one line a
// problem and their number.
class RecipeErrors : public std::runtime_error {
 public:
  // Sorts by position, drops what is said twice. Precondition: at least one problem, else std::invalid_argument.
  explicit RecipeErrors(std::vector<RecipeProblem> problems);

  const std::vector<RecipeProblem>& problems() const { return problems_; }

 private:
  std::vector<RecipeProblem> problems_;
};

}  // namespace lathe
