// What a stage says of its work on a track once it is done.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace lathe {

// A value over the track's time: values[i] holds for [i, i + 1) * step_s.
struct StageCurve {
  std::string name;  // with its unit: "gain_reduction_db"
  double step_s = 1;
  std::vector<float> values;
};

// Things found one beside another, each with the same figures.
struct StageList {
  std::string name;
  std::vector<std::vector<std::pair<std::string, double>>> rows;
};

struct StageAccount {
  std::vector<std::pair<std::string, double>> figures;  // names with their units, in the order to be printed
  std::vector<StageCurve> curves;
  std::vector<StageList> lists;
  std::vector<std::string> notes;  // sentences for the user, such as why less was done than was asked
};

}  // namespace lathe
