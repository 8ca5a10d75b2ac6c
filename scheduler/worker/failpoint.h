// Places where tests make an executor die or a step fail: LATHE_FAILPOINTS=NAME=ACTION[:PART][,...] with ACTION kill,
// abort, throw or stop (SIGSTOP to itself), for tracks whose path holds PART. Without the variable they cost one look
// at a bool.
#pragma once

#include <string>
#include <string_view>

namespace lathe::scheduler {

void failpoint(std::string_view name, const std::string& path);

}  // namespace lathe::scheduler
