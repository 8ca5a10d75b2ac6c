# Whether this build has the CUDA backend, and how its device code is compiled. Sets LATHE_HAS_CUDA.
#
# The program links the CUDA runtime statically and opens cuFFT when it runs: it starts where neither is installed.
set(LATHE_HAS_CUDA OFF)

if(LATHE_CUDA STREQUAL OFF)
  message(STATUS "CUDA: off (LATHE_CUDA=OFF)")
  return()
elseif(NOT LATHE_CUDA MATCHES "^(AUTO|ON)$")
  message(FATAL_ERROR "LATHE_CUDA=${LATHE_CUDA}; it is AUTO, ON or OFF")
elseif(LATHE_CUDA STREQUAL AUTO AND LATHE_SANITIZE)
  message(STATUS "CUDA: off (sanitizers see the CPU alone; LATHE_CUDA=ON overrules)")
  return()
endif()

# Ampere and Hopper as machine code, and Hopper's intermediate code for what comes after it.
if(NOT DEFINED CMAKE_CUDA_ARCHITECTURES)
  set(CMAKE_CUDA_ARCHITECTURES 80-real 90-real 90-virtual)
endif()
if(NOT CMAKE_CUDA_COMPILER AND NOT DEFINED ENV{CUDACXX})
  find_program(LATHE_NVCC nvcc PATHS /usr/local/cuda/bin)
  mark_as_advanced(LATHE_NVCC)
  if(LATHE_NVCC)
    set(ENV{CUDACXX} ${LATHE_NVCC})
  endif()
endif()
include(CheckLanguage)
check_language(CUDA)
if(NOT CMAKE_CUDA_COMPILER)
  if(LATHE_CUDA STREQUAL ON)
    message(FATAL_ERROR "LATHE_CUDA=ON, but no CUDA compiler works here: put nvcc on the PATH, or name it in CUDACXX. "
      "LATHE_CUDA=AUTO builds for the CPU alone")
  endif()
  message(STATUS "CUDA: off (no nvcc that works: not on the PATH, in CUDACXX or in /usr/local/cuda/bin)")
  return()
endif()

enable_language(CUDA)
find_package(CUDAToolkit REQUIRED)
if(NOT CMAKE_CUDA20_STANDARD_COMPILE_OPTION)  # Debian 12's CMake is older than nvcc's C++20
  set(CMAKE_CUDA20_STANDARD_COMPILE_OPTION -std=c++20)
endif()
set(CMAKE_CUDA_STANDARD 20)  # not before enable_language, whose trial has not heard of it
set(CMAKE_CUDA_STANDARD_REQUIRED ON)
set(CMAKE_CUDA_EXTENSIONS OFF)
set(CMAKE_CUDA_RUNTIME_LIBRARY Static)
set(CMAKE_CUDA_FLAGS_RELEASE "-O3")
set(CMAKE_CUDA_COMPILER_LAUNCHER ${CMAKE_CURRENT_LIST_DIR}/nvcc_report)
set(LATHE_HAS_CUDA ON)
list(JOIN CMAKE_CUDA_ARCHITECTURES " " architectures)
message(STATUS "CUDA: on (${CMAKE_CUDA_COMPILER} ${CMAKE_CUDA_COMPILER_VERSION}, ${architectures})")

# Device code that reaches a function of the host is only a warning of nvcc's, and computes garbage: warnings are errors
# here, whatever LATHE_WERROR says.
add_library(lathe_cuda_flags INTERFACE)
target_compile_options(lathe_cuda_flags INTERFACE
  "$<$<COMPILE_LANGUAGE:CUDA>:-Werror=all-warnings;-Xcompiler=-ffp-contract=off>")
