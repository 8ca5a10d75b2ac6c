# cmake -DOUT=… -DFILE=lathe_v1.binpb -P embed_descriptors.cmake: writes the C++ file that holds the schema's descriptors.
file(READ ${FILE} bytes HEX)
string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${bytes}")
string(REGEX REPLACE "((0x..,)(0x..,)?(0x..,)?(0x..,)?(0x..,)?(0x..,)?(0x..,)?(0x..,)?)" "    \\1\n" bytes "${bytes}")
file(WRITE ${OUT} "#include \"host/recipe/schema_descriptors.h\"

namespace lathe {
namespace {

constexpr unsigned char kDescriptors[] = {
${bytes}};

}  // namespace

std::span<const unsigned char> schema_descriptors() { return kDescriptors; }

}  // namespace lathe
")
