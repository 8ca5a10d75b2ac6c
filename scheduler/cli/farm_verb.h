// What all verbs that speak to a farm's scheduler share: their options, the line, and exit codes for what goes wrong.
#pragma once

#include <CLI/CLI.hpp>
#include <atomic>
#include <cstdint>
#include <functional>
#include <string>

#include "scheduler/client/farm_connection.h"

namespace lathe::cli {

struct FarmFlags {
  std::string scheduler, tls_ca, tls_cert, tls_key, tls_name, token_file;
  bool tls = false, json = false;
  double timeout_s = 0;   // 0: none
  double patience_s = 0;  // 0: FarmOptions' own
};

// --scheduler and what belongs to it; --json says `json_help`.
void add_farm_options(CLI::App& verb, FarmFlags& flags, const std::string& json_help = "One JSON document on stdout");

// Runs the body on a line to the scheduler. What it throws is said on stderr and becomes the exit code: 2 for what
// makes no sense or is not known there, 3 where nobody answers, 4 denied, 5 when --timeout is over, 1 where the state
// of things does not allow it.
int with_farm(const FarmFlags& flags, const std::function<int(scheduler::FarmConnection&)>& body,
              const std::atomic<bool>* is_interrupted = nullptr);

// " --scheduler ADDR", as the next command needs it; empty where the environment says it.
std::string scheduler_option(const FarmFlags& flags);

// A number, or `latest` or nothing for the newest. Throws std::invalid_argument.
std::int64_t job_of(scheduler::FarmConnection& farm, const std::string& text);

// Positive. Throws std::invalid_argument that says what `what` is.
std::int64_t number_of(const std::string& what, const std::string& text);

}  // namespace lathe::cli
