// A decoder that misbehaves on purpose, to prove that it is stopped.
#pragma once

#include <string_view>

namespace lathe::isolation {

// LATHE_DECODER_FAULT=crash|spin|fork|socket|open|memory[:PART]: does that, if PART stands in the file's path. Called
// in the sandbox. `memory` throws std::bad_alloc; the others do not return, unless the sandbox has a hole.
void misbehave_if_asked(std::string_view path);

}  // namespace lathe::isolation
