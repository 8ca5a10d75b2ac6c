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
  lathe_joined(lathe_${name})
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

# lathe_joined(TARGET): its files are compiled several at a time where LATHE_UNITY says so (LatheDefaults.cmake).
function(lathe_joined target)
  if(LATHE_UNITY)
    set_target_properties(${target} PROPERTIES UNITY_BUILD ON)
    # What a .cpp keeps to itself looks like a header's to a file that includes it.
    target_compile_options(${target} PRIVATE $<$<COMPILE_LANGUAGE:CXX>:-Wno-subobject-linkage>)
  endif()
endfunction()

# lathe_glue(TARGET): a library or program that computes nothing: under sanitizers it is not optimised.
function(lathe_glue target)
  target_compile_options(${target} PRIVATE "$<$<COMPILE_LANGUAGE:CXX>:${LATHE_GLUE_OPTIONS}>")
  lathe_joined(${target})
endfunction()

# lathe_test_code(TARGET [COMPUTES] [APART]): compiles it as the code of tests (LatheDefaults.cmake); COMPUTES: it sums long
# signals or runs long models itself; APART: each file by itself, for their names are alike. Files that include block
# kernels or their launcher are found by their includes.
function(lathe_test_code target)
  cmake_parse_arguments(ARG "COMPUTES;APART" "" "" ${ARGN})
  if(ARG_COMPUTES)
    set(options ${LATHE_TEST_OPTIONS})
  else()
    set(options ${LATHE_DRIVER_OPTIONS})
  endif()
  if(ARG_APART)
    set_target_properties(${target} PROPERTIES UNITY_BUILD OFF)
  else()
    lathe_joined(${target})
  endif()
  target_compile_options(${target} PRIVATE "$<$<COMPILE_LANGUAGE:CXX>:${options}>")
  if(LATHE_BLOCK_OPTIONS)
    get_target_property(sources ${target} SOURCES)
    list(FILTER sources INCLUDE REGEX "\\.cpp$")
    foreach(source IN LISTS sources)
      file(STRINGS ${source} blocks LIMIT_COUNT 1
        REGEX "#include \"(kernels/block/|kernels/.*(_blocks?|/device_[a-z_]*)\\.h|tests/support/device_batch_on\\.h)")
      if(blocks)
        set_property(SOURCE ${source} APPEND PROPERTY COMPILE_OPTIONS ${LATHE_BLOCK_OPTIONS})
      endif()
    endforeach()
  endif()
endfunction()

# lathe_test(NAME SOURCES … LINK … [COMPUTES] [APART] [COST s] [LABELS …] [TIMEOUT s] [ALONE …] [SLOW …]
# [SLOW_ONLY …] [SLOW_TIMEOUT s]): program NAME_test, each case a ctest named NAME/Suite.Case. SLOW are cases, as GoogleTest filters them,
# that have a long form: under the label slow they run once more, named NAME_slow/Suite.Case, with LATHE_LONG_TESTS set;
# SLOW_ONLY those that run there alone. ALONE are cases that promise times, and so have the machine to themselves. COST,
# about what a case takes, puts long and waiting cases first, for a first run has no times to go by.
function(lathe_test name)
  cmake_parse_arguments(ARG "COMPUTES;APART" "COST;TIMEOUT;SLOW_TIMEOUT" "SOURCES;LINK;LABELS;SLOW;SLOW_ONLY;ALONE" ${ARGN})
  if(NOT ARG_TIMEOUT)
    # Several sanitized farms at once on two cores: one took 30 s alone and more than 120 beside others.
    if(LATHE_SANITIZE)
      set(ARG_TIMEOUT 300)
    else()
      set(ARG_TIMEOUT 120)
    endif()
  endif()
  set(how "")
  foreach(word COMPUTES APART)
    if(ARG_${word})
      list(APPEND how ${word})
    endif()
  endforeach()
  if(NOT ARG_COST)
    set(ARG_COST 0)
  endif()
  add_executable(${name}_test ${ARG_SOURCES})
  lathe_test_code(${name}_test ${how})
  target_link_libraries(${name}_test PRIVATE ${ARG_LINK} GTest::gtest_main lathe_warnings)
  set_target_properties(${name}_test PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/tests)
  set(fast_filter "")
  set(apart ${ARG_SLOW_ONLY} ${ARG_ALONE})
  if(apart)
    list(JOIN apart ":" apart)
    set(fast_filter TEST_FILTER "-${apart}")
  endif()
  gtest_discover_tests(${name}_test TEST_PREFIX "${name}/" DISCOVERY_MODE PRE_TEST ${fast_filter}
    PROPERTIES TIMEOUT ${ARG_TIMEOUT} COST ${ARG_COST} LABELS "${ARG_LABELS}")
  if(ARG_ALONE)
    list(JOIN ARG_ALONE ":" alone)
    gtest_discover_tests(${name}_test TEST_PREFIX "${name}/" DISCOVERY_MODE PRE_TEST TEST_FILTER "${alone}"
      TEST_LIST ${name}_alone_tests
      PROPERTIES TIMEOUT ${ARG_TIMEOUT} COST ${ARG_COST} LABELS "${ARG_LABELS}" RUN_SERIAL TRUE)
  endif()
  if(ARG_SLOW OR ARG_SLOW_ONLY)
    list(JOIN ARG_SLOW ":" slow)
    list(JOIN ARG_SLOW_ONLY ":" slow_only)
    gtest_discover_tests(${name}_test TEST_PREFIX "${name}_slow/" DISCOVERY_MODE PRE_TEST TEST_FILTER "${slow}:${slow_only}"
      TEST_LIST ${name}_slow_tests
      PROPERTIES TIMEOUT ${ARG_SLOW_TIMEOUT} LABELS slow ENVIRONMENT LATHE_LONG_TESTS=1)
  endif()
endfunction()

# lathe_embed_yaml(OUT HEADER TYPE FUNCTION FILE...): makes OUT, the C++ file that holds the YAML files (embed_yaml.cmake).
function(lathe_embed_yaml out header type function_name)
  set(script ${PROJECT_SOURCE_DIR}/scripts/cmake/embed_yaml.cmake)
  add_custom_command(OUTPUT ${out}
    COMMAND ${CMAKE_COMMAND} -DOUT=${out} -DHEADER=${header} -DTYPE=${type} -DFUNCTION=${function_name} "-DFILES=${ARGN}"
      -P ${script}
    DEPENDS ${ARGN} ${script} VERBATIM)
endfunction()
