#include "scheduler/worker/failpoint.h"

#include <csignal>
#include <cstdlib>
#include <sstream>
#include <stdexcept>
#include <vector>

namespace lathe::scheduler {
namespace {

struct Point {
  std::string name, action, part;
};

std::vector<Point> points_of(const char* text) {
  std::vector<Point> points;
  std::istringstream list(text == nullptr ? "" : text);
  for (std::string item; std::getline(list, item, ',');) {
    const std::size_t equals = item.find('=');
    if (equals == std::string::npos) continue;
    const std::size_t colon = item.find(':', equals);
    points.push_back({item.substr(0, equals),
                      item.substr(equals + 1, colon == std::string::npos ? colon : colon - equals - 1),
                      colon == std::string::npos ? "" : item.substr(colon + 1)});
  }
  return points;
}

}  // namespace

void failpoint(std::string_view name, const std::string& path) {
  static const std::vector<Point> kPoints = points_of(std::getenv("LATHE_FAILPOINTS"));
  for (const Point& point : kPoints) {
    if (point.name != name || path.find(point.part) == std::string::npos) continue;
    if (point.action == "kill") std::raise(SIGKILL);
    if (point.action == "abort") std::abort();
    if (point.action == "stop") std::raise(SIGSTOP);
    if (point.action == "throw") throw std::runtime_error("failpoint " + point.name);
  }
}

}  // namespace lathe::scheduler
