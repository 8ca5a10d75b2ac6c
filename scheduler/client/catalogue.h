// From what lies on the client's disks to the tracks of a job.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "host/recipe/recipe.h"
#include "lathe/v1/job.pb.h"
#include "lathe/v1/task.pb.h"
#include "scheduler/worker/scan.h"

namespace lathe::scheduler {

struct Catalogue {
  std::vector<v1::TaskSpec> tasks;  // in the order of the scan; what was named and cannot be looked at comes last
  std::int64_t tracks = 0;          // a task may hold several
  std::int64_t problems = 0;        // of those, in tasks that say why they cannot be worked on
  std::vector<std::string> warnings;
  std::int64_t bytes = 0;
  double cost_s = 0;
};

// The scan's tracks planned by plan_order(); those that belong together (group_tracks()) are one task. Tracks whose
// masters would get another's name get a problem.
Catalogue master_catalogue(const Scan& scan, const RecipeSource& recipe, const std::filesystem::path& out_dir,
                           int threads = 1);
Catalogue audit_catalogue(const Scan& scan);

// "Album One, Album Two and 3 more": what a job is called that nobody has named.
std::string name_of_inputs(const std::vector<std::string>& inputs);

}  // namespace lathe::scheduler
