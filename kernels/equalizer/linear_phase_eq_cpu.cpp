// The equaliser on the CPU: its passes one after the other, or the bass alone at a low rate.
#include <stdexcept>

#include "kernels/equalizer/bass_runner.h"
#include "kernels/equalizer/linear_phase_eq.h"
#include "kernels/equalizer/pass_runner.h"

namespace lathe::cpu {
namespace {

class LinearPhaseEq final : public Stage {
 public:
  LinearPhaseEq(std::shared_ptr<const LinearPhaseEqDesign> design, int channels) : design_(std::move(design)) {
    if (design_->bass() != nullptr) bass_ = std::make_unique<BassRunner>(*design_->bass(), channels);
    for (const auto& pass : design_->passes())
      passes_.push_back(std::make_unique<PassRunner>(*pass.first, *pass.second, pass.mid_side, channels));
  }

  std::string_view name() const override { return "eq"; }

  std::int64_t look_ahead_frames() const override {
    std::int64_t sum = bass_ ? bass_->half() : 0;
    for (const auto& pass : passes_) sum += pass->behind();
    return sum;
  }

  void take(AudioView frames) override {
    if (!bass_) return push(0, frames);
    bass_->take(frames, [this](AudioView out) { next().take(out); });
  }

  void finish() override {
    if (bass_) bass_->finish([this](AudioView out) { next().take(out); });
    for (std::size_t i = 0; i < passes_.size(); ++i) {
      passes_[i]->finish([this, i](AudioView out) { push(i + 1, out); });
    }
    next().finish();
  }

 private:
  void push(std::size_t pass, AudioView frames) {
    if (pass == passes_.size()) return next().take(frames);
    passes_[pass]->take(frames, [this, pass](AudioView out) { push(pass + 1, out); });
  }

  std::shared_ptr<const LinearPhaseEqDesign> design_;
  std::unique_ptr<BassRunner> bass_;  // instead of passes
  std::vector<std::unique_ptr<PassRunner>> passes_;
};

}  // namespace

std::unique_ptr<Stage> make_linear_phase_eq(std::shared_ptr<const LinearPhaseEqDesign> design, int channels) {
  if (design->needs_stereo() && channels != 2) {
    throw std::invalid_argument("an eq band on left, right, mid or side needs a stereo track; this one has " +
                                std::to_string(channels) + " channel(s)");
  }
  return std::make_unique<LinearPhaseEq>(std::move(design), channels);
}

}  // namespace lathe::cpu
