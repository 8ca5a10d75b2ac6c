// What a store throws when it cannot do its work at all. Outcomes that are part of the work are returned instead.
#pragma once

#include <stdexcept>
#include <string>

namespace lathe::scheduler {

class StoreError : public std::runtime_error {
 public:
  enum class Kind {
    kUnavailable,  // missing or read-only folder, no permission, failing disk
    kDamaged,      // not a store of Lathe's, or a broken one
    kNewer,        // written by a newer Lathe
    kBusy,         // another process held it for longer than the store waits; try again
    kFull,         // no space left
    kInternal,     // a defect of Lathe's
  };
  // `what` names the store and says what to do.
  StoreError(Kind kind, const std::string& what) : std::runtime_error(what), kind_(kind) {}
  Kind kind() const { return kind_; }

 private:
  Kind kind_;
};

}  // namespace lathe::scheduler
