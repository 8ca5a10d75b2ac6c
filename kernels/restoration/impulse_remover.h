// The course of a track through the stages that remove impulses: found once, weighed, repaired one by one.
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "kernels/restoration/impulse_repair.h"
#include "kernels/restoration/impulse_scanner.h"
#include "kernels/restoration/restorer.h"

namespace lathe {

// What makes a declicker or a decrackler of it.
struct RemoverDesign {
  std::string_view name;
  ImpulseDesign scan;
  RepairDesign repair;
  // A track's damage is found when the impulses surer than odds of e^sure, counted by their probability, are more than
  // least + least_per_minute of them.
  double sure = 3, least = 1.25, least_per_minute = 0.25;
  // And only where one at least has this evidence, and this share of all that was looked at is likelier damage than
  // not: a chip tune's notes begin with thousands of doubtful clicks and not one beyond doubt, a dense loop has some
  // among thousands. Real crackle has 2 and more, and 3 to 4 %.
  double strongest = 1, sure_share = 0;
  // The evidence that an impulse needs to be repaired where `rate` a minute are sure: from - slope * log10(rate), no
  // less than lowest; and this much less (more) at strength 1 (0).
  double from = 1, slope = 2.5, lowest = -6.5, by_strength = 3;
};

class ImpulseRemover final : public Restorer {
 public:
  // `scanner` is of the design's scan.
  ImpulseRemover(const RemoverDesign& design, const RestorationFormat& format, std::unique_ptr<ImpulseScanner> scanner);
  ~ImpulseRemover() override;

  std::string_view name() const override { return design_.name; }
  Finding examine(TrackReader& track) override;
  RestorationResult restore(TrackReader& track, double strength, AudioSink& out) override;

 private:
  struct Block;
  double needed(double strength) const;
  void mend(Block& block, RestorationResult& result);

  RemoverDesign design_;
  RestorationFormat format_;
  std::unique_ptr<ImpulseScanner> scanner_;
  std::vector<Impulse> found_;
  std::vector<float> patches_;
  double sure_per_minute_ = 0;
  ImpulseRepair repair_;
};

// A design for 44.1 kHz at the format's rate; what the tier `fast` leaves out is left out.
RemoverDesign designed_for(RemoverDesign design, Tier tier, const RestorationFormat& format);

// What the two stages are. Throw std::invalid_argument for settings out of range.
struct DeclickSettings;
struct DecrackleSettings;
RemoverDesign declick_design(const DeclickSettings& settings, const RestorationFormat& format);
RemoverDesign decrackle_design(const DecrackleSettings& settings, const RestorationFormat& format);

}  // namespace lathe
