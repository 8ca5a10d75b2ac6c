// What this machine can do at most, measured on the spot: the ceilings that each stage's speed is a share of.
#pragma once

namespace lathe::bench {

struct Ceilings {
  double float_flops = 0;   // multiply-adds of float32 a second, counted as two, one thread, the level in use
  double double_flops = 0;  // the same of float64
  double copy_bytes = 0;    // bytes read and written a second between blocks no cache holds
};

Ceilings measure_ceilings();

// The higher of each: a ceiling measured in a bad moment is none.
Ceilings highest(const Ceilings& a, const Ceilings& b);

}  // namespace lathe::bench
