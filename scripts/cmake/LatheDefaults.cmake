# What holds for every target: the language, the build type, the compiler cache, sanitizers, where programs go.
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)

if(NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "" FORCE)
endif()
# Bounds and preconditions are checked by our own code; -O3 only pays in the lane files, which ask for it themselves.
set(CMAKE_CXX_FLAGS_RELEASE "-O2")
set(CMAKE_C_FLAGS_RELEASE "-O2")

find_program(LATHE_CCACHE ccache)
if(LATHE_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${LATHE_CCACHE})
  set(CMAKE_C_COMPILER_LAUNCHER ${LATHE_CCACHE})
endif()

# Same input, same bytes: the compiler must not contract or reorder floating point on its own.
add_compile_options($<$<COMPILE_LANGUAGE:C,CXX>:-ffp-contract=off>)

# A file of fifty lines that calls gRPC, CLI11 or GoogleTest takes 15 s, and fourteen of them are the headers. So the host,
# the farm and the tests are compiled several files at a time: anonymous names must differ within a folder. Kernels are not:
# they include little, and each file's speed must not hang on its neighbours.
option(LATHE_UNITY "Compile several files of a folder at once (presets release, asan and tsan); OFF proves the includes" OFF)
set(CMAKE_UNITY_BUILD_BATCH_SIZE 8)

# What most tests cost is being compiled, twice in CI: their own code is run once. lathe_test_code (LatheTargets.cmake) has
# these.
set(LATHE_TEST_OPTIONS "")     # of tests that compute much themselves
set(LATHE_DRIVER_OPTIONS -O0)  # of tests that drive programs and libraries
set(LATHE_BLOCK_OPTIONS "")    # of those of their files that hold block kernels
set(LATHE_GLUE_OPTIONS -O1)    # of libraries that compute nothing: the farm's services, clients and command line
set(LATHE_GENERATED_OPTIONS "")

if(LATHE_SANITIZE)
  set(CMAKE_CXX_FLAGS_RELEASE "-O1")  # instrumented code takes a fifth less time to compile than with -O2
  set(CMAKE_C_FLAGS_RELEASE "-O1")
  set(sanitizer_flags -fsanitize=${LATHE_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer -g1)
  add_compile_options("$<$<COMPILE_LANGUAGE:C,CXX>:${sanitizer_flags}>")
  add_link_options(-fsanitize=${LATHE_SANITIZE})
  set(LATHE_GLUE_OPTIONS -O0)
  set(LATHE_GENERATED_OPTIONS -O0)
  if(LATHE_SANITIZE MATCHES undefined)
    # Every pointer that a check of GoogleTest follows would be checked: half of what a test takes to compile. Arithmetic
    # and array bounds stay checked in tests, and address sees what is read through a wrong pointer. Block kernels run
    # inside tests, so the files that hold them keep it all, as what they test does.
    set(pointer_checks null,alignment,vptr,object-size,nonnull-attribute,returns-nonnull-attribute,return,pointer-overflow)
    list(APPEND LATHE_TEST_OPTIONS -fno-sanitize=${pointer_checks})
    list(APPEND LATHE_DRIVER_OPTIONS -fno-sanitize=${pointer_checks})
    list(APPEND LATHE_GENERATED_OPTIONS -fno-sanitize=${pointer_checks})
    set(LATHE_BLOCK_OPTIONS -fsanitize=undefined)
  endif()
endif()
