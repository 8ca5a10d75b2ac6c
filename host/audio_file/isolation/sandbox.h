// What a decoder may still do: the limits and the filter of system calls that are laid on it before it meets a file.
#pragma once

#include <linux/filter.h>

#include <cstdint>
#include <vector>

namespace lathe::isolation {

// The one socket of a decoder has this number.
constexpr int kDecoderSocket = 3;

// Processor time of a decoder: LATHE_DECODER_CPU_S, or 20 s, and 1 s for each MiB of its file.
std::int64_t cpu_limit_s(std::int64_t file_bytes);

// The filter, made once and laid on every child. Throws std::runtime_error.
std::vector<sock_filter> compile_filter();

// What holds for the nursery and all its children: no new rights, no rights of root's, no files to write, no core
// files, limited memory.
void give_up_rights();

// Of a child, whose socket is kDecoderSocket: closes all else, traps what is forbidden. False: it must not go on.
bool enter_sandbox(const std::vector<sock_filter>& filter);

// From now on this process may use `seconds` more of a processor; for good, if it is to meet no other file.
void limit_cpu(std::int64_t seconds, bool is_final);

// Closes all descriptors but `kept` (and standard error where a sanitizer may have to say something).
void close_all_but(int kept);

}  // namespace lathe::isolation
