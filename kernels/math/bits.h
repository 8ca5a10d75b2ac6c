// The bits of one type as another of the same size: std::bit_cast, which device code can't call.
#pragma once

#include <cstring>
#include <type_traits>

#include "kernels/math/host_device.h"

namespace lathe {

template <class To, class From>
LATHE_HOST_DEVICE inline To bits_as(From from) {
  static_assert(sizeof(To) == sizeof(From) && std::is_trivially_copyable_v<To> && std::is_trivially_copyable_v<From>);
  To to;
  memcpy(&to, &from, sizeof to);
  return to;
}

}  // namespace lathe
