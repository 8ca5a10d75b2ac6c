# cmake -DOUT=… -DHEADER=… -DTYPE=… -DFUNCTION=… -DFILES=a;b -P embed_yaml.cmake: writes the C++ file that holds YAML
# files; HEADER has `struct TYPE { std::string_view name, text; }` and `std::span<const TYPE> FUNCTION()`. By name, without
# the endings: atsc-a85 stands before atsc-a85-short.
set(names "")
foreach(file IN LISTS FILES)
  get_filename_component(name ${file} NAME_WE)
  get_filename_component(folder ${file} DIRECTORY)
  list(APPEND names ${name})
endforeach()
list(SORT names)
set(entries "")
foreach(name IN LISTS names)
  file(READ ${folder}/${name}.yaml yaml)
  string(APPEND entries "    {\"${name}\", R\"yaml(${yaml})yaml\"},\n")
endforeach()
file(WRITE ${OUT} "#include \"${HEADER}\"

namespace lathe {
namespace {

constexpr ${TYPE} kEmbedded[] = {
${entries}};

}  // namespace

std::span<const ${TYPE}> ${FUNCTION}() { return kEmbedded; }

}  // namespace lathe
")
