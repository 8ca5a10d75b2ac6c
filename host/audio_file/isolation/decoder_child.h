// A decoder's own side: in its sandbox, it does with files what it is told.
#pragma once

namespace lathe::isolation {

// Obeys what comes over kDecoderSocket until nothing more can come. Does not return.
[[noreturn]] void decode_files();

}  // namespace lathe::isolation
