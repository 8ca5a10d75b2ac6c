# cmake -DOUT=… -DFILES=a;b -P embed_presets.cmake: writes the C++ file that holds the shipped recipes.
set(entries "")
foreach(file IN LISTS FILES)
  get_filename_component(name ${file} NAME_WE)
  file(READ ${file} yaml)
  string(APPEND entries "    {\"${name}\", R\"preset(${yaml})preset\"},\n")
endforeach()
file(WRITE ${OUT} "#include \"host/recipe/shipped_recipes.h\"

namespace lathe {
namespace {

constexpr ShippedRecipe kShippedRecipes[] = {
${entries}};

}  // namespace

std::span<const ShippedRecipe> shipped_recipes() { return kShippedRecipes; }

}  // namespace lathe
")
