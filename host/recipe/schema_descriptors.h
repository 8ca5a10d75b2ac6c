// The schema's descriptors with the comments of the .proto files, as a serialised FileDescriptorSet.
#pragma once

#include <span>

namespace lathe {

std::span<const unsigned char> schema_descriptors();

}  // namespace lathe
