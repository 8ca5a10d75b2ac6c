// The same tests with the reader's decoders in processes of their own.
#include <gtest/gtest.h>

#include "host/audio_file/isolation/decoders.h"

int main(int argc, char** argv) {
  lathe::start_decoders();
  ::testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
