# cmake -DOUT=… -DFUNCTION=name -DFILES=a;b -P embed_schema.cmake: writes the C++ file that holds a schema's migrations.
set(entries "")
foreach(file IN LISTS FILES)
  get_filename_component(name ${file} NAME_WE)
  if(NOT name MATCHES "^([0-9][0-9][0-9])_[a-z0-9_]+$")
    message(FATAL_ERROR "${file}: a migration is called NNN_name.sql")
  endif()
  string(REGEX MATCH "[1-9][0-9]*" number ${CMAKE_MATCH_1})
  file(READ ${file} sql)
  string(APPEND entries "    {${number}, \"${name}\", R\"schema(${sql})schema\"},\n")
endforeach()
file(WRITE ${OUT} "#include \"scheduler/store/migrations.h\"

namespace lathe::scheduler {

std::span<const Migration> ${FUNCTION}() {
  static constexpr Migration kMigrations[] = {
${entries}};
  return kMigrations;
}

}  // namespace lathe::scheduler
")
