# cmake -DOUT=… -DFILES=a;b -P embed_profiles.cmake: writes the C++ file that holds the shipped delivery profiles.
set(names "")
foreach(file IN LISTS FILES)
  get_filename_component(name ${file} NAME_WE)
  get_filename_component(folder ${file} DIRECTORY)
  list(APPEND names ${name})
endforeach()
list(SORT names)  # without the endings: atsc-a85 stands before atsc-a85-short
set(entries "")
foreach(name IN LISTS names)
  file(READ ${folder}/${name}.yaml yaml)
  string(APPEND entries "    {\"${name}\", R\"profile(${yaml})profile\"},\n")
endforeach()
file(WRITE ${OUT} "#include \"host/audit/delivery_profile.h\"

namespace lathe {
namespace {

constexpr EmbeddedProfile kEmbeddedProfiles[] = {
${entries}};

}  // namespace

std::span<const EmbeddedProfile> embedded_profiles() { return kEmbeddedProfiles; }

}  // namespace lathe
")
