#include "scheduler/worker/task_plan.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <set>

#include "host/audio_file/pcm_hash.h"
#include "host/mastering/recipe_chain.h"
#include "scheduler/worker/digest.h"
#include "scheduler/worker/output_names.h"
#include "scheduler/worker/path_roots.h"
#include "scheduler/worker/task_runner.h"

namespace lathe::scheduler {
namespace {

namespace fs = std::filesystem;

// Raised by hand whenever the same input and recipe come to give other samples: results kept from before then no longer
// count.
constexpr int kSampleRevision = 6;

// Everything beside the samples that ends up in the outputs.
std::string tags_text(const Tags& tags) {
  std::string text;
  for (const auto& [name, value] : tags.fields) text += name + "=" + value + "\n";
  return text;
}

}  // namespace

FileIdentity identity_of(const fs::path& path) {
  FileIdentity id;
  id.path = path.string();
  struct stat s {};
  if (::stat(path.c_str(), &s) != 0) return id;
  id.size_bytes = s.st_size;
  id.mtime_ns = s.st_mtim.tv_sec * 1'000'000'000LL + s.st_mtim.tv_nsec;
  id.inode = s.st_ino;
  id.device = s.st_dev;
  return id;
}

v1::FileIdentity identity_message(const FileIdentity& id) {
  v1::FileIdentity message;
  message.set_path(id.path);
  message.set_size_bytes(id.size_bytes);
  message.set_mtime_ns(id.mtime_ns);
  message.set_inode(id.inode);
  message.set_device(id.device);
  return message;
}

std::string TrackTask::cache_key(const std::string& content_hash) const {
  std::string text =
      fmt::format("{}\n{}\n{}\n{}\n{}\n{}\n", LATHE_VERSION, kSampleRevision, bits, content_hash, recipe_json, tags);
  // The same bytes under another header are other sound.
  text += fmt::format("{} {} {} {} {} {} {} {}\n", static_cast<int>(format.container),
                      static_cast<int>(format.encoding), format.sample_rate_hz, format.channels, format.channel_mask,
                      format.valid_bits, format.frames, format.speakers);
  if (!named_files.empty()) text += named_files;
  for (const OutputSpec& o : job.outputs) {
    text += fmt::format("{} {} {} {}\n", o.path.string(), static_cast<int>(o.container), static_cast<int>(o.encoding),
                        job.pcm_md5);
  }
  return sha256_hex(text);
}

TrackTask TaskPlanner::plan(const MasterJob& job, const v1::TaskSpec::Member& task) {
  TrackTask p;
  p.bits = bit_class(job.backend);
  p.identity = identity_of(task.input());
  p.job.reader = std::make_shared<AudioReader>(task.input());
  p.source = source_of(task, *p.job.reader);
  p.identity.path = source_path(task.input(), p.source.part);
  p.format = p.source.format;
  p.tags = tags_text(p.source.tags);
  const EffectiveRecipe recipe = recipe_for_track(*job.recipe, task.input(), p.source.tags);
  p.recipe_json = recipe.sha256;
  p.job.input = task.input();
  p.job.part = p.source.part;
  p.job.tags = p.source.tags;
  p.job.out_dir = job.out_dir;
  p.job.backend = job.backend.backend;
  p.job.chain = chain_of(recipe.recipe);
  p.named_files = named_files_.hashes(p.job.chain, job.roots);
  p.job.pcm_md5 = job.pcm_md5;
  p.job.side = task.side();
  p.job.outputs =
      outputs_of(recipe.recipe, p.format, p.source.tags, job.out_dir, fs::path(task.relative()), p.source.row);
  std::set<fs::path> paths;
  v1::RecallRequest question;
  *question.mutable_input() = identity_message(p.identity);
  for (const OutputSpec& output : p.job.outputs) {
    if (!paths.insert(output.path).second) {
      throw OutputTaken("two outputs of " + task.input() + " would both be " + output.path.string() +
                        "; give their paths {id} or {ext}");
    }
    check_below_roots(output.path.string(), job.roots);
    const FileIdentity there = identity_of(output.path);
    if (there.inode != 0 && there.inode == p.identity.inode && there.device == p.identity.device) {
      throw OutputTaken("the master of " + task.input() + " would be written onto " + output.path.string() +
                        ", which is that very file; choose another output folder");
    }
    if (const fs::path named = named_file_at(p.job.chain, output.path); !named.empty()) {
      throw OutputTaken("the master of " + task.input() + " would be " + output.path.string() +
                        ", and the recipe names " + named.string() +
                        " as what it is made after; choose another output folder");
    }
    p.was_free.push_back(there.inode == 0);
    question.add_output_paths(output.path.string());
  }
  // Where nothing lies there is nothing to keep or replace: the scheduler need not be asked, as in most first runs.
  if (std::find(p.was_free.begin(), p.was_free.end(), false) != p.was_free.end()) p.known = recall_(question);
  return p;
}

std::string TaskPlanner::result_of(const std::string& cache_key) {
  v1::RecallRequest question;
  question.set_cache_key(cache_key);
  return recall_(question).result_json();
}

std::string content_hash(const TrackTask& track) {
  if (!track.known.content_hash().empty()) return track.known.content_hash();
  AudioReader& reader = *track.job.reader;
  const std::int64_t frame = frame_bytes(reader.format());
  PcmHash content;
  std::vector<std::byte> bytes(static_cast<std::size_t>(65536 * frame));
  const FilePart& part = track.source.part;
  if (part.first_frame > 0) reader.skip(part.first_frame);
  for (std::int64_t left = part.end_frame == 0 ? INT64_MAX : track.format.frames; left > 0;) {
    const std::int64_t n = reader.read(bytes.data(), std::min<std::int64_t>(left, 65536));
    if (n == 0) break;
    content.update(bytes.data(), static_cast<std::size_t>(n * frame));
    left -= n;
  }
  reader.rewind();
  return content.hex();
}

// Whether every output of the result lies where it was put, as it was put there.
bool is_still_there(const nlohmann::json& result, const TrackTask& p) {
  const auto& outputs = result.at("outputs");
  if (outputs.size() != p.job.outputs.size()) return false;
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    const fs::path& path = p.job.outputs[i].path;
    const FileIdentity now = identity_of(path);
    if (now.size_bytes == 0 || now.size_bytes != outputs[i].at("bytes").get<std::int64_t>()) return false;
    const std::string sha256 = outputs[i].at("sha256").get<std::string>();
    const bool is_as_written =
        std::any_of(p.known.known().begin(), p.known.known().end(), [&](const v1::RecallResponse::Known& known) {
          return known.file().path() == path.string() && known.file().sha256() == sha256 &&
                 known.file().mtime_ns() == now.mtime_ns && known.file().bytes() == now.size_bytes;
        });
    // A copied or touched file has another time but may still be the same.
    if (!is_as_written && file_sha256(path) != sha256) return false;
  }
  return true;
}

// A file in the way may be replaced only if it is Lathe's own work, unaltered, and made of the same input, or of one
// that is gone.
Replace replace_policy(const MasterJob& job, const TrackTask& p, const fs::path& path) {
  std::error_code error;
  if (job.overwrite) return Replace::allow;
  if (!fs::exists(path, error)) return Replace::refuse;
  const FileIdentity now = identity_of(path);
  for (const v1::RecallResponse::Known& known : p.known.known()) {
    if (known.file().path() != path.string() || known.input().empty()) continue;
    const std::string made_of = file_of_source_path(known.input());
    if (made_of != p.job.input.string() && fs::exists(made_of, error)) continue;
    if (known.file().bytes() != now.size_bytes) continue;
    const bool looks_same = known.file().mtime_ns() == now.mtime_ns;
    if (looks_same || file_sha256(path) == known.file().sha256()) return Replace::allow;
  }
  return Replace::refuse;
}

void check_unchanged(const TrackTask& track) {
  // Another file of its name does not matter: the one that was opened is whole.
  const FileIdentity now = identity_of(track.job.input);
  const bool is_same_file = now.inode == track.identity.inode && now.device == track.identity.device;
  if (is_same_file && (now.size_bytes != track.identity.size_bytes || now.mtime_ns != track.identity.mtime_ns))
    throw InputChanged(track.job.input.string() + ": was written to while it was read; run again when it is finished");
}

}  // namespace lathe::scheduler
