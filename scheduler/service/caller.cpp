#include "scheduler/service/caller.h"

#include <array>

namespace lathe::scheduler {
namespace {

constexpr std::array kRoles{Role::kViewer, Role::kSubmitter, Role::kOperator, Role::kAdmin, Role::kWorker};

}  // namespace

std::string_view to_string(Role role) {
  switch (role) {
    case Role::kViewer:
      return "viewer";
    case Role::kSubmitter:
      return "submitter";
    case Role::kOperator:
      return "operator";
    case Role::kAdmin:
      return "admin";
    case Role::kWorker:
      return "worker";
  }
  return "";
}

std::optional<Role> role_named(std::string_view name) {
  for (const Role role : kRoles) {
    if (to_string(role) == name) return role;
  }
  return std::nullopt;
}

bool may(Role role, Role needed) {
  if (role == Role::kAdmin) return true;
  if (role == Role::kWorker || needed == Role::kWorker) return role == needed;
  return static_cast<int>(role) >= static_cast<int>(needed);
}

bool may_steer(const Caller& caller, const std::string& submitted_by) {
  return may(caller.role, Role::kOperator) || caller.who == submitted_by;
}

}  // namespace lathe::scheduler
