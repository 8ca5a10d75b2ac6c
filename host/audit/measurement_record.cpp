#include "host/audit/measurement_record.h"

#include <fmt/format.h>
#include <xxhash.h>

#include <cstring>
#include <type_traits>

#include "host/audio_file/pcm_hash.h"
#include "kernels/simd/level.h"

namespace lathe {
namespace {

template <class T>
concept Plain = std::is_arithmetic_v<T> || std::is_enum_v<T>;

// Both visit the same fields in the same order. Numbers lie as this machine has them: the memory never leaves it.
class Packer {
 public:
  template <Plain T>
  void operator()(const T& value) {
    bytes_.append(reinterpret_cast<const char*>(&value), sizeof value);
  }
  void operator()(const std::string& text) {
    count(text.size());
    bytes_ += text;
  }
  void operator()(const std::vector<float>& values) {
    count(values.size());
    bytes_.append(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(float));
  }
  void operator()(const std::optional<double>& value) {
    (*this)(value.has_value());
    if (value) (*this)(*value);
  }
  template <class V>
  void operator()(const std::map<std::string, V>& values) {
    count(values.size());
    for (const auto& [key, value] : values) {
      (*this)(key);
      (*this)(value);
    }
  }
  void operator()(const std::optional<OctaveFigures>& octaves);
  void operator()(const std::vector<AuditFinding>& findings);
  void operator()(const std::vector<EdgeOfChannel>& edges);

  // With a checksum: SQLite does not notice when a disk gives back other bytes.
  std::string take() {
    (*this)(XXH3_64bits(bytes_.data(), bytes_.size()));
    return std::move(bytes_);
  }

 private:
  void count(std::size_t n) { (*this)(static_cast<std::uint32_t>(n)); }
  std::string bytes_;
};

class Unpacker {
 public:
  explicit Unpacker(std::string_view bytes) : rest_(bytes) {
    XXH64_hash_t sum = 0;
    if (bytes.size() < sizeof sum) return;
    rest_.remove_suffix(sizeof sum);
    std::memcpy(&sum, bytes.data() + rest_.size(), sizeof sum);
    is_whole_ = sum == XXH3_64bits(rest_.data(), rest_.size());
  }

  template <Plain T>
  void operator()(T& value) {
    if (const char* bytes = next(sizeof value)) std::memcpy(&value, bytes, sizeof value);
  }
  void operator()(std::string& text) {
    const std::size_t size = count(1);
    if (const char* bytes = next(size)) text.assign(bytes, size);
  }
  void operator()(std::vector<float>& values) {
    values.resize(count(sizeof(float)));
    if (const char* bytes = next(values.size() * sizeof(float)); bytes != nullptr && !values.empty())
      std::memcpy(values.data(), bytes, values.size() * sizeof(float));
  }
  void operator()(std::optional<double>& value) {
    bool is_there = false;
    (*this)(is_there);
    value = is_there ? std::optional(0.0) : std::nullopt;
    if (value) (*this)(*value);
  }
  template <class V>
  void operator()(std::map<std::string, V>& values) {
    values.clear();
    for (std::size_t left = count(1); left > 0 && is_whole_; --left) {
      std::string key;
      (*this)(key);
      (*this)(values[std::move(key)]);
    }
  }
  void operator()(std::optional<OctaveFigures>& octaves);
  void operator()(std::vector<AuditFinding>& findings);
  void operator()(std::vector<EdgeOfChannel>& edges);

  // All fields were there, and nothing else.
  bool is_done() const { return is_whole_ && rest_.empty(); }

 private:
  const char* next(std::size_t size) {
    is_whole_ = is_whole_ && size <= rest_.size();
    if (!is_whole_) return nullptr;
    const char* bytes = rest_.data();
    rest_.remove_prefix(size);
    return bytes;
  }
  // Of things that take so many bytes each at least; 0 when there cannot be as many.
  std::size_t count(std::size_t least_bytes) {
    std::uint32_t n = 0;
    (*this)(n);
    is_whole_ = is_whole_ && n <= rest_.size() / least_bytes;
    return is_whole_ ? n : 0;
  }

  std::string_view rest_;
  bool is_whole_ = false;
};

template <class Archive, class F>
void visit_facts(Archive& archive, F& file) {
  archive(file.container);
  archive(file.encoding);
  archive(file.sample_rate_hz);
  archive(file.channels);
  archive(file.channel_mask);
  archive(file.channel_layout);
  archive(file.is_layout_assumed);
  archive(file.frames);
  archive(file.size_bytes);
  archive(file.payload_hash);
  archive(file.tags);
}

template <class Archive, class F>
void visit_finding(Archive& archive, F& finding) {
  archive(finding.code);
  archive(finding.severity);
  archive(finding.message);
  archive(finding.at_s);
  archive(finding.figures);
}

template <class Archive, class E>
void visit_edge(Archive& archive, E& edge) {
  archive(edge.samples[0]);
  archive(edge.samples[1]);
  archive(edge.bend);
  archive(edge.peak);
}

template <class Archive, class O>
void visit_octaves(Archive& archive, O& octaves) {
  for (auto& level_db : octaves.level_db) archive(level_db);
  for (auto& width_db : octaves.octave_width_db) archive(width_db);
  archive(octaves.width_db);
  archive(octaves.balance_db);
}

template <class Archive, class F>
void visit_measurement(Archive& archive, F& file) {
  archive(file.state);
  archive(file.reason_code);
  archive(file.reason);
  archive(file.figures.integrated_lufs);
  archive(file.figures.loudness_range_lu);
  archive(file.figures.max_momentary_lufs);
  archive(file.figures.max_short_term_lufs);
  archive(file.figures.true_peak_dbtp);
  archive(file.figures.sample_peak_dbfs);
  archive(file.true_peak_at_s);
  archive(file.below_20khz_lufs);
  archive(file.stereo_correlation);
  archive(file.mono_loss_db);
  archive(file.octaves);
  archive(file.findings);
  archive(file.powers.blocks);
  archive(file.powers.short_term);
  archive(file.edges.head);
  archive(file.edges.tail);
}

void Packer::operator()(const std::optional<OctaveFigures>& octaves) {
  (*this)(octaves.has_value());
  if (octaves) visit_octaves(*this, *octaves);
}

void Unpacker::operator()(std::optional<OctaveFigures>& octaves) {
  bool is_there = false;
  (*this)(is_there);
  octaves = is_there ? std::optional<OctaveFigures>(OctaveFigures{}) : std::nullopt;
  if (octaves) visit_octaves(*this, *octaves);
}

void Packer::operator()(const std::vector<AuditFinding>& findings) {
  count(findings.size());
  for (const AuditFinding& finding : findings) visit_finding(*this, finding);
}

void Unpacker::operator()(std::vector<AuditFinding>& findings) {
  findings.resize(count(1));
  for (AuditFinding& finding : findings) visit_finding(*this, finding);
}

void Packer::operator()(const std::vector<EdgeOfChannel>& edges) {
  count(edges.size());
  for (const EdgeOfChannel& edge : edges) visit_edge(*this, edge);
}

void Unpacker::operator()(std::vector<EdgeOfChannel>& edges) {
  edges.resize(count(sizeof(EdgeOfChannel)));
  for (EdgeOfChannel& edge : edges) visit_edge(*this, edge);
}

}  // namespace

std::string pack_facts(const FileAudit& file) {
  Packer packer;
  visit_facts(packer, file);
  return packer.take();
}

bool unpack_facts(std::string_view bytes, FileAudit& file) {
  Unpacker unpacker(bytes);
  visit_facts(unpacker, file);
  return unpacker.is_done();
}

std::string pack_measurement(const FileAudit& file) {
  Packer packer;
  visit_measurement(packer, file);
  return packer.take();
}

bool unpack_measurement(std::string_view bytes, FileAudit& file) {
  Unpacker unpacker(bytes);
  visit_measurement(unpacker, file);
  return unpacker.is_done() && file.state != AuditState::unreadable;
}

std::string payload_key(const FileAudit& file) {
  const std::string text = fmt::format("{} {} {} {} {} {} {}", file.payload_hash, file.encoding, file.sample_rate_hz,
                                       file.channels, file.channel_mask, file.channel_layout, file.frames);
  PcmHash hash;
  hash.update(reinterpret_cast<const std::byte*>(text.data()), text.size());
  return hash.hex();
}

std::string setup_key(const AuditOptions& options) {
  const char* checks = options.checks == AuditChecks::none  ? "none"
                       : options.checks == AuditChecks::all ? "all"
                                                            : "standard";
  return fmt::format("r{} {}{} {}", kMeasuringRevision, checks, options.dual_mono ? " dual-mono" : "",
                     simd_level() == SimdLevel::sse2 ? "sse2" : "fma");
}

}  // namespace lathe
