// What a store throws when it cannot do its work at all. Outcomes that are part of the work are returned instead.
#pragma once

#include <stdexcept>
#include <string>

namespace lathe::scheduler {

class StoreError : public std::runtime_error {
 public:
  enum class Kind {
    kUnavailable,  // missing or read-only folder, no permission, failing disk, server not reachable
    kDamaged,      // not a store of Lathe's, or a broken one
    kNewer,        // written by a newer Lathe
    kBusy,         // others held it for longer than the store waits; try again
    kFull,         // no space left
    kInternal,     // a defect of Lathe's
  };
  // `what` names the store and says what to do.
  StoreError(Kind kind, const std::string& what, bool is_outcome_unknown = false)
      : std::runtime_error(what), kind_(kind), is_outcome_unknown_(is_outcome_unknown) {}
  Kind kind() const { return kind_; }
  // The connection broke while the change was being made: it was made as a whole, or not at all.
  bool is_outcome_unknown() const { return is_outcome_unknown_; }

 private:
  Kind kind_;
  bool is_outcome_unknown_;
};

}  // namespace lathe::scheduler
