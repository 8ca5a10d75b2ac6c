#include "kernels/restoration/impulse_remover.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace lathe {
namespace {

std::size_t size_of(std::int64_t n) { return static_cast<std::size_t>(n); }

// Blocks of the second look, in hops.
constexpr int kBlockHops = 8;

double probability(double log_odds) { return 1 / (1 + std::exp(-log_odds)); }

// The lengths for a rate, from those for 44.1 kHz.
void scale_to(double sample_rate_hz, ImpulseDesign& scan, RepairDesign& repair) {
  const double ratio = sample_rate_hz / 44100;
  const int times = std::max(1, static_cast<int>(std::lround(ratio)));
  const auto frames = [ratio](int n) { return std::max(4, static_cast<int>(std::lround(n * ratio))); };
  scan.scale = times;
  scan.unit = std::max(ratio, 0.25);
  scan.hop *= times;
  scan.context *= times;
  scan.merge = frames(scan.merge);
  scan.longest = frames(scan.longest);
  repair.half *= times;
  repair.near *= times;
  const auto order = [ratio](int n) { return ratio < 0.4 ? 15 : ratio < 1.5 ? n : ratio < 3 ? n + 16 : n + 32; };
  scan.order = order(scan.order);
  repair.order = order(repair.order);
}

}  // namespace

ImpulseRemover::ImpulseRemover(const RemoverDesign& design, const RestorationFormat& format,
                               std::unique_ptr<ImpulseScanner> scanner)
    : design_(design), format_(format), scanner_(std::move(scanner)), repair_(design.repair) {}

ImpulseRemover::~ImpulseRemover() = default;

Finding ImpulseRemover::examine(TrackReader& track) {
  found_.clear();
  patches_.clear();
  scanner_->scan(track, found_, patches_);
  std::stable_sort(found_.begin(), found_.end(), [](const Impulse& a, const Impulse& b) {
    return a.first_frame != b.first_frame ? a.first_frame < b.first_frame : a.channel < b.channel;
  });

  const double minutes = std::max(static_cast<double>(track.frames()) / format_.sample_rate_hz / 60, 1.0 / 60);
  double weight = 0, sure = 0, strongest = -99;
  for (const Impulse& i : found_) {
    weight += probability(i.evidence - design_.sure);
    sure += probability(i.evidence - 1);
    strongest = std::max(strongest, i.evidence);
  }
  sure_per_minute_ = sure / minutes;
  Finding finding;
  const double least = design_.least + design_.least_per_minute * minutes;
  finding.is_found = weight >= least;
  finding.confidence = 1 - std::exp(-0.7 * weight / least);
  if (strongest < design_.strongest || sure < design_.sure_share * static_cast<double>(found_.size())) {
    finding.is_found = false;
    finding.confidence *= 0.3;
  }
  const double limit = needed(0.5);
  const auto kept =
      std::count_if(found_.begin(), found_.end(), [limit](const Impulse& i) { return i.evidence >= limit; });
  finding.figures = {{"impulses_per_minute", static_cast<double>(kept) / minutes},
                     {"sure_impulses_per_minute", sure_per_minute_},
                     {"candidates_per_minute", static_cast<double>(found_.size()) / minutes},
                     {"strongest_log_odds", strongest},
                     {"blocks_cut_short", static_cast<double>(scanner_->cut_short())}};
  return finding;
}

// The more of a track's impulses are beyond doubt, the likelier the doubtful ones are.
double ImpulseRemover::needed(double strength) const {
  const double rate = std::max(sure_per_minute_, 1.0);
  const double usual = std::max(design_.from - design_.slope * std::log10(rate), design_.lowest);
  return usual + design_.by_strength * 2 * (0.5 - strength);
}

// A stretch of the track with its neighbourhood.
struct ImpulseRemover::Block {
  // A repaired sample that lies behind the core: the next block's.
  struct Spill {
    int channel;
    std::int64_t frame;
    float value;
  };

  std::int64_t first = 0, frames = 0;  // of the track, with the neighbourhood
  std::int64_t core_first = 0, core_end = 0;
  int channels = 0;
  std::vector<float> damaged, mended;
  std::vector<std::uint8_t> bad;
  std::vector<const Impulse*> inside;
  std::vector<Spill> spills;

  std::size_t at(int channel, std::int64_t frame) const { return size_of(channel * frames + frame - first); }
};

void ImpulseRemover::mend(Block& block, RestorationResult& result) {
  block.mended = block.damaged;
  std::fill(block.bad.begin(), block.bad.end(), std::uint8_t{0});
  for (const Impulse* i : block.inside) {
    const std::size_t at = block.at(i->channel, i->first_frame);
    std::copy_n(patches_.begin() + i->patch, i->frames, block.mended.begin() + static_cast<std::ptrdiff_t>(at));
    std::fill_n(block.bad.begin() + static_cast<std::ptrdiff_t>(at), i->frames, std::uint8_t{1});
  }
  for (const Block::Spill& spill : block.spills) block.mended[block.at(spill.channel, spill.frame)] = spill.value;
  block.spills.clear();
  const bool is_pair = block.channels == 2 && design_.repair.reach > 0;
  for (const Impulse* i : block.inside) {
    if (i->first_frame < block.core_first || i->first_frame >= block.core_end) continue;
    const float* other = nullptr;
    if (is_pair) {
      const std::uint8_t* beside = block.bad.data() + block.at(1 - i->channel, i->first_frame);
      const int reach = design_.repair.reach + 2;
      if (std::none_of(beside - reach, beside + i->frames + reach, [](std::uint8_t b) { return b != 0; }))
        other = block.mended.data() + size_of((1 - i->channel) * block.frames);
    }
    const std::size_t row = size_of(i->channel * block.frames);
    repair_.fill(block.mended.data() + row, other, block.damaged.data() + row, i->first_frame - block.first, i->frames);
    for (std::int64_t n = std::max(i->first_frame, block.core_end); n < i->first_frame + i->frames; ++n)
      block.spills.push_back({i->channel, n, block.mended[block.at(i->channel, n)]});
    result.repairs.push_back({i->first_frame, i->frames, i->channel});
  }
}

RestorationResult ImpulseRemover::restore(TrackReader& track, double strength, AudioSink& out) {
  RestorationResult result;
  const int channels = track.channels();
  const double limit = needed(strength);
  const std::int64_t step = kBlockHops * design_.scan.hop, tail = design_.scan.longest + 64;
  const std::int64_t around = repair_.reach() + 2 * tail;
  Block block;
  block.channels = channels;
  block.frames = step + 2 * around;
  block.bad.resize(size_of(channels * block.frames));
  std::size_t next = 0;
  std::int64_t changed = 0;
  double removed = 0;
  for (std::int64_t first = 0; first < track.frames(); first += step) {
    const std::int64_t length = std::min(step, track.frames() - first);
    block.first = first - around;
    block.core_first = first;
    block.core_end = first + length;
    const AudioView view = track.read(block.first, block.frames);
    block.damaged.clear();
    for (int c = 0; c < channels; ++c)
      block.damaged.insert(block.damaged.end(), view.channel(c), view.channel(c) + block.frames);
    while (next < found_.size() && found_[next].first_frame < block.first + tail) ++next;
    block.inside.clear();
    for (std::size_t i = next; i < found_.size() && found_[i].first_frame < block.first + block.frames - tail; ++i) {
      if (found_[i].evidence >= limit) block.inside.push_back(&found_[i]);
    }
    if (block.inside.empty()) {
      out.take({block.damaged.data() + around, channels, length, block.frames});
      continue;
    }
    mend(block, result);
    // Out goes the damaged block with what was repaired in its core, so that nothing else can change.
    for (const Impulse* i : block.inside) {
      const std::int64_t from = std::max(i->first_frame, first),
                         to = std::min(i->first_frame + i->frames, block.core_end);
      for (std::int64_t n = from; n < to; ++n) {
        const float is = block.mended[block.at(i->channel, n)];
        float& was = block.damaged[block.at(i->channel, n)];
        if (was == is) continue;
        ++changed;
        removed += static_cast<double>(was - is) * static_cast<double>(was - is);
        was = is;
      }
    }
    out.take({block.damaged.data() + around, channels, length, block.frames});
  }
  out.finish();
  const double samples = static_cast<double>(std::max<std::int64_t>(track.frames() * channels, 1));
  result.figures = {{"repairs", static_cast<double>(result.repairs.size())},
                    {"samples_changed", static_cast<double>(changed)},
                    {"removed_dbfs", 10 * std::log10(removed / samples + 1e-30)},
                    {"least_log_odds", limit}};
  return result;
}

RemoverDesign designed_for(RemoverDesign design, Tier tier, const RestorationFormat& format) {
  if (tier == Tier::fast) {
    design.scan.passes = 1;
    design.repair.iterations = 1;
    design.repair.reach = 0;
  }
  scale_to(format.sample_rate_hz, design.scan, design.repair);
  return design;
}

}  // namespace lathe
