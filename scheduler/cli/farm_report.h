// The reports of a farm's jobs: the documents that `lathe master` and `lathe audit` give on one machine.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>

#include "lathe/v1/job.pb.h"
#include "scheduler/client/farm_connection.h"

namespace lathe::cli {

struct ReportChoice {
  std::string format;            // table, json, csv or html; empty: by the name of `out`, else a table
  std::string out;               // a file; empty: stdout
  bool with_joins = true;        // of audits: reads tracks that run into each other once more, as one stream
  bool is_silent = false;        // no report, only what follows from it
  bool writes_manifest = false;  // of masters: lathe-manifest.json beside them, as `lathe master` writes it
};

// Prints or writes the report; the job may still be going on. Returns the exit code of the job: of masters 6 cancelled,
// 3 nothing could be read, 1 some failed; of audits 6, 3, 8, 7; else 5 where its deadline was missed, 0. Throws
// FarmError, std::runtime_error where the report cannot be written.
int report_job(scheduler::FarmConnection& farm, std::int64_t job_id, const ReportChoice& choice);

// Each by its kind.
int report_master(scheduler::FarmConnection& farm, const v1::Job& job, const ReportChoice& choice);
int report_audit(scheduler::FarmConnection& farm, const v1::Job& job, const ReportChoice& choice);

// After the deadline that it was submitted with.
bool is_late(const v1::Job& job);

}  // namespace lathe::cli
