# One library target a folder, one test program a folder of tests, and lane files compiled once per instruction level.

add_library(lathe_warnings INTERFACE)
set(warnings -Wall -Wextra -Wshadow -Wconversion -Wno-sign-conversion -Wnon-virtual-dtor -Woverloaded-virtual)
if(LATHE_WERROR)
  list(APPEND warnings -Werror)
endif()
list(JOIN warnings "," host_warnings)
target_compile_options(lathe_warnings INTERFACE
  "$<$<COMPILE_LANGUAGE:CXX>:${warnings}>" "$<$<COMPILE_LANGUAGE:CUDA>:-Xcompiler=${host_warnings}>")

# lathe_library(NAME SOURCES … LANES … CUDA … ABSENT … LINK …): target lathe_NAME, alias lathe::NAME.
# LANES names files that are compiled once per instruction level (see kernels/simd/README.md), CUDA those of a build
# with the CUDA backend, ABSENT those that stand in for them in a build without.
function(lathe_library name)
  cmake_parse_arguments(ARG "" "" "SOURCES;LANES;CUDA;ABSENT;LINK;PRIVATE_LINK" ${ARGN})
  add_library(lathe_${name} STATIC ${ARG_SOURCES})
  add_library(lathe::${name} ALIAS lathe_${name})
  target_include_directories(lathe_${name} PUBLIC ${PROJECT_SOURCE_DIR})
  target_link_libraries(lathe_${name} PUBLIC ${ARG_LINK} PRIVATE lathe_warnings ${ARG_PRIVATE_LINK})
  if(LATHE_HAS_CUDA AND ARG_CUDA)
    target_sources(lathe_${name} PRIVATE ${ARG_CUDA})
    target_link_libraries(lathe_${name} PRIVATE lathe_cuda_flags CUDA::cudart_static ${CMAKE_DL_LIBS})
  else()
    target_sources(lathe_${name} PRIVATE ${ARG_ABSENT})
  endif()
  foreach(source IN LISTS ARG_LANES)
    _lathe_lanes(lathe_${name} ${source} sse2 x86-64)
    _lathe_lanes(lathe_${name} ${source} avx2 x86-64-v3)
    _lathe_lanes(lathe_${name} ${source} avx512 x86-64-v4)
  endforeach()
endfunction()

function(_lathe_lanes target source level march)
  string(MAKE_C_IDENTIFIER ${source} id)
  set(object ${target}_${id}_${level})
  add_library(${object} OBJECT ${source})
  target_include_directories(${object} PRIVATE ${PROJECT_SOURCE_DIR})
  target_compile_definitions(${object} PRIVATE LATHE_LEVEL=${level})
  # -Wno-psabi: vectors cross no call here. prefer-vector-width: the level is chosen for its width, so use it.
  target_compile_options(${object} PRIVATE -O3 -march=${march} -Wno-psabi -fno-math-errno -fno-trapping-math)
  if(level STREQUAL avx512)
    # GCC 12's own AVX-512 header starts vectors from themselves (GCC bug 105593); the warning is about that.
    set(width_flags -mprefer-vector-width=512 -Wno-maybe-uninitialized -Wno-uninitialized)
  endif()
  target_link_libraries(${object} PRIVATE lathe_warnings)
  target_compile_options(${object} PRIVATE ${width_flags})
  target_sources(${target} PRIVATE $<TARGET_OBJECTS:${object}>)
endfunction()

# lathe_test(NAME SOURCES … LINK … [LABELS …] [TIMEOUT s]): program NAME_test, each case a ctest named NAME/Suite.Case.
function(lathe_test name)
  cmake_parse_arguments(ARG "" "TIMEOUT" "SOURCES;LINK;LABELS" ${ARGN})
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 120)
  endif()
  add_executable(${name}_test ${ARG_SOURCES})
  target_link_libraries(${name}_test PRIVATE ${ARG_LINK} GTest::gtest_main lathe_warnings)
  set_target_properties(${name}_test PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/tests)
  gtest_discover_tests(${name}_test TEST_PREFIX "${name}/" DISCOVERY_MODE PRE_TEST
    PROPERTIES TIMEOUT ${ARG_TIMEOUT} LABELS "${ARG_LABELS}")
endfunction()

# lathe_embed_yaml(OUT HEADER TYPE FUNCTION FILE...): makes OUT, the C++ file that holds the YAML files (embed_yaml.cmake).
function(lathe_embed_yaml out header type function_name)
  set(script ${PROJECT_SOURCE_DIR}/scripts/cmake/embed_yaml.cmake)
  add_custom_command(OUTPUT ${out}
    COMMAND ${CMAKE_COMMAND} -DOUT=${out} -DHEADER=${header} -DTYPE=${type} -DFUNCTION=${function_name} "-DFILES=${ARGN}"
      -P ${script}
    DEPENDS ${ARGN} ${script} VERBATIM)
endfunction()
