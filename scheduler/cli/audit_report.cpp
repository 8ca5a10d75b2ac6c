#include "scheduler/cli/audit_report.h"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <ctime>
#include <filesystem>

#include "host/recipe/recipe_problem.h"
#include "host/report/audit_csv.h"
#include "host/report/audit_html.h"
#include "host/report/audit_json.h"
#include "host/report/audit_table.h"
#include "scheduler/cli/master_request.h"
#include "scheduler/cli/verbs.h"
#include "scheduler/worker/backend_choice.h"
#include "scheduler/worker/task_runner.h"

namespace lathe::cli {

using namespace lathe::scheduler;
namespace fs = std::filesystem;

namespace {

// https://no-color.org: set and not empty, whatever it is.
bool wants_no_colour() {
  const char* no_color = std::getenv("NO_COLOR");
  const char* terminal = std::getenv("TERM");
  return (no_color && *no_color) || (terminal && std::string_view(terminal) == "dumb");
}

int terminal_columns() {
  winsize size{};
  return ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 100;
}

}  // namespace

std::optional<std::vector<DeliveryProfile>> load_profiles(const std::vector<std::string>& names) {
  std::vector<DeliveryProfile> profiles;
  bool all_well = true;
  for (const std::string& name : names) {
    try {
      DeliveryProfile profile = load_profile(name);
      if (std::ranges::find(profiles, profile.name, &DeliveryProfile::name) != profiles.end()) {
        say(fmt::format("--profile {}: there is a profile '{}' before it; give each another name", name, profile.name));
        all_well = false;
      }
      profiles.push_back(std::move(profile));
    } catch (const RecipeErrors& errors) {
      std::fprintf(stderr, "%s\n", errors.what());
      all_well = false;
    }
  }
  if (!all_well) return std::nullopt;
  return profiles;
}

AuditHead audit_head(const std::string& subject, const std::vector<DeliveryProfile>& profiles) {
  AuditHead head;
  head.engine = engine_name();
  head.standard = "ITU-R BS.1770-5, EBU Tech 3341 V4, EBU Tech 3342 V4";
  head.filter = "K-weighting in float32 with float64 between hops of 10 ms; true peak at 16 points a sample by 64 taps";
  head.backend = backend_name({});
  for (const DeliveryProfile& p : profiles) {
    head.profiles.push_back({p.name, p.title, p.version, std::string(word_of(p.status)), p.source, p.date,
                             limits_in_words(p), playback_in_words(p), p.not_judged});
  }
  head.subject = subject;
  head.date = fmt::format("{:%Y-%m-%d}", fmt::gmtime(std::time(nullptr)));
  return head;
}

std::string report_format(const std::string& format, const std::string& out) {
  if (!format.empty()) return format;
  const std::string extension = fs::path(out).extension().string();
  for (const char* known : {"json", "csv", "html"}) {
    if (extension == std::string(".") + known) return known;
  }
  return extension == ".htm" ? "html" : "table";
}

std::unique_ptr<AuditWriter> audit_writer(const std::string& format, std::ostream& out, bool is_stdout,
                                          const AuditHead& head) {
  if (format == "json") return make_audit_json(out, head);
  if (format == "csv") return make_audit_csv(out, head);
  if (format == "html") return make_audit_html(out, head);
  const bool to_terminal = is_stdout && ::isatty(STDOUT_FILENO) == 1;
  return make_audit_table(out, head, {to_terminal ? terminal_columns() : 160, to_terminal && !wants_no_colour()});
}

int audit_exit_code(const AuditSummary& summary) {
  if (summary.was_interrupted) return kCancelled;
  if (summary.files == summary.unreadable) return kNothingRead;
  if (summary.unmeasurable > 0 || summary.unreadable > 0) return kUnmeasurable;
  for (const auto& [name, failed] : summary.failed_by_profile) {
    if (failed > 0) return kViolations;
  }
  return kOk;
}

}  // namespace lathe::cli
