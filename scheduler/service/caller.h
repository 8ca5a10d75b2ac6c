// Who calls, and what they may do.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace lathe::scheduler {

// Each may do what those before it may; a worker may only do a worker's calls.
enum class Role { kViewer, kSubmitter, kOperator, kAdmin, kWorker };

struct Caller {
  std::string who;  // "token:anna", "cert:lathe://worker/studio-3", "local"
  Role role = Role::kViewer;
};

// "viewer", "submitter", "operator", "admin", "worker", and the way back.
std::string_view to_string(Role role);
std::optional<Role> role_named(std::string_view name);

// An admin may do everything, a worker's calls included.
bool may(Role role, Role needed);

// Submitters steer the jobs they have submitted, operators all.
bool may_steer(const Caller& caller, const std::string& submitted_by);

}  // namespace lathe::scheduler
