// A mix's bus, put to each of its stems: filters with the designs that the mix got, gains that move with the gains that
// the mix was given. All of it is linear in what goes in, so what comes out of all stems sums to what came out of the
// mix (to the rounding of floats: below -130 dB).
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "host/mastering/chain.h"
#include "host/mastering/frame_store.h"
#include "kernels/audio.h"
#include "kernels/chain/first_pass.h"
#include "kernels/dynamics/kept_gains.h"
#include "kernels/stage.h"

namespace lathe {

// Why a stage of the bus cannot be put to single stems, and what to do instead; empty: it can, or does nothing.
std::string why_not_on_stems(const ChainStage& stage);

class StemBus {
 public:
  // Frames [first, first + frames) of a mix or a stem, as they come to the bus.
  using Render = std::function<void(std::int64_t first, MutableAudioView frames)>;
  using Check = std::function<void()>;

  // What went over the mix, in order; its channels and frames. Gains are kept in memory, or, unless it is empty, in
  // files of `spool_dir`.
  StemBus(std::vector<ChainStep> steps, int channels, std::int64_t frames, std::filesystem::path spool_dir);

  // Once, before the first run(): finds the gains that the mix is given. `check` is called for every block; it may
  // throw.
  void learn(const Render& mix, const Check& check);

  // A stem through the bus, at the places where it lies in the mix.
  void run(const Render& stem, AudioSink& out, const Check& check);

  // Memory that the kept gains take.
  static std::int64_t kept_bytes(const std::vector<ChainStep>& steps, int channels, std::int64_t frames);

 private:
  class StoredGains;

  enum class Way { learning, running };
  std::vector<std::unique_ptr<Stage>> stages(Way way, std::size_t count) const;
  void push(const Render& render, std::vector<std::unique_ptr<Stage>> stages, AudioSink& out, const Check& check) const;

  std::vector<ChainStep> steps_;
  int channels_;
  std::int64_t frames_;
  std::vector<std::unique_ptr<KeptGains>> gains_;  // by step; null where nothing has to be known
};

}  // namespace lathe
