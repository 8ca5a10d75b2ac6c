// The marker of formulae and kernel bodies that run on the CPU and on a CUDA device alike.
#pragma once

#if defined(__CUDACC__)
#define LATHE_HOST_DEVICE __host__ __device__
#else
#define LATHE_HOST_DEVICE
#endif
