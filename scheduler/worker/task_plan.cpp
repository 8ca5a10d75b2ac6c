#include "scheduler/worker/task_plan.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <set>

#include "host/audio_file/pcm_hash.h"
#include "host/mastering/accepted_formats.h"
#include "host/mastering/recipe_chain.h"
#include "host/report/track_json.h"
#include "scheduler/worker/digest.h"
#include "scheduler/worker/mix_job.h"
#include "scheduler/worker/output_names.h"
#include "scheduler/worker/path_roots.h"
#include "scheduler/worker/side_task.h"
#include "scheduler/worker/task_runner.h"

namespace lathe::scheduler {
namespace {

namespace fs = std::filesystem;

// Raised by hand whenever the same input and recipe come to give other samples: results kept from before then no longer
// count.
constexpr int kSampleRevision = 8;

// Everything beside the samples that ends up in the outputs.
std::string tags_text(const Tags& tags, const Metadata& metadata) {
  std::string text;
  for (const auto& [name, value] : tags.fields) text += name + "=" + value + "\n";
  if (!metadata.is_empty()) text += metadata_digest(metadata) + "\n";
  return text;
}

// The same bytes under another header are other sound.
std::string header_text(const AudioFormat& format) {
  return fmt::format("{} {} {} {} {} {} {} {}", static_cast<int>(format.container), static_cast<int>(format.encoding),
                     format.sample_rate_hz, format.channels, format.channel_mask, format.valid_bits, format.frames,
                     format.speakers);
}

void check_unchanged(const FileIdentity& file) {
  // Another file of its name does not matter: the one that was opened is whole.
  const std::string path = file_of_source_path(file.path);
  const FileIdentity now = identity_of(path);
  const bool is_same_file = now.inode == file.inode && now.device == file.device;
  if (is_same_file && (now.size_bytes != file.size_bytes || now.mtime_ns != file.mtime_ns))
    throw InputChanged(path + ": was written to while it was read; run again when it is finished");
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
      fmt::format("{}\n{}\n{}\n{}\n{}\n{}\n", LATHE_VERSION, kSampleRevision, bits, content_hash, recipe_sha256, tags);
  text += header_text(format) + "\n";
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
  p.job.side = task.side();
  p.job.part = p.source.part;
  take_recipe(job, task.input(), task.relative(), p);
  p.tags = tags_text(p.source.tags, p.job.reader->metadata());
  look_at_outputs(job, p);
  return p;
}

TrackTask TaskPlanner::plan_mix(const MasterJob& job, const v1::TaskSpec& task) {
  TrackTask p;
  p.bits = bit_class(job.backend);
  const std::vector<StemFile> files = stem_files(task);
  p.identity = identity_of(files.front().path);
  for (std::size_t i = 1; i < files.size(); ++i) p.others.push_back(identity_of(files[i].path));
  const fs::path mixdown = task.mixdown();
  if (!mixdown.empty()) p.others.push_back(identity_of(mixdown));
  OpenMix mix = open_mix(files, mixdown);
  for (const auto& stem : mix.stems) p.stem_formats.push_back(stem->format());
  p.format = mix.format;
  p.source = source_of(task, mix);
  const v1::Recipe recipe = take_recipe(job, task.input(), task.relative(), p, files);
  for (std::size_t i = 0; i < files.size(); ++i) check_accepted(recipe, files[i].path, p.stem_formats[i].container);
  p.tags = tags_text(mix.tags, mix.metadata);
  p.notes = add_stems(recipe, mix, files, mixdown, p.job);
  for (const StemTrack& stem : p.job.stems) {
    Chain chain;
    chain.stages = stem.stages;
    p.named_files += named_files_.hashes(chain, job.roots);
  }
  // Only the report depends on what it holds.
  if (!mixdown.empty())
    p.named_files +=
        fmt::format("mixdown {} {} {}\n", mixdown.string(), p.others.back().size_bytes, p.others.back().mtime_ns);
  look_at_outputs(job, p);
  return p;
}

v1::Recipe TaskPlanner::take_recipe(const MasterJob& job, const fs::path& input, const fs::path& relative, TrackTask& p,
                                    const std::vector<StemFile>& stems) {
  const EffectiveRecipe recipe = recipe_for_track(*job.recipe, input, p.source.tags);
  if (p.stem_formats.empty()) check_accepted(recipe.recipe, input, p.format.container);
  p.recipe_sha256 = recipe.sha256;
  const bool is_own = recipe.sha256 != job.recipe->effective_for({}).sha256;
  p.shown_sha256 = is_own ? recipe.sha256 : job.recipe->effective().sha256;
  if (is_own) p.own_recipe = recipe.canonical_json;
  p.job.input = input;
  p.job.tags = p.source.tags;
  p.job.out_dir = job.out_dir;
  p.job.backend = job.backend.backend;
  p.job.chain = chain_of(recipe.recipe);
  p.named_files = named_files_.hashes(p.job.chain, job.roots);
  p.job.pcm_md5 = job.pcm_md5;
  p.job.outputs = outputs_of(recipe.recipe, p.format, naming_tags(p.source.tags, p.job.side), job.out_dir, relative,
                             p.source.row, stems);
  p.named_files += named_files_.check_lines(p.job.outputs, job.roots);
  return recipe.recipe;
}

void TaskPlanner::look_at_outputs(const MasterJob& job, TrackTask& p) {
  refuse_names_not_utf8(p.job);
  std::set<fs::path> paths;
  std::vector<FileIdentity> read = p.others;
  read.push_back(p.identity);
  v1::RecallRequest question;
  *question.mutable_input() = identity_message(p.identity);
  for (const OutputSpec& output : p.job.outputs) {
    if (!paths.insert(output.path).second) {
      throw OutputTaken("two outputs of " + p.job.input.string() + " would both be " + output.path.string() +
                        "; give their paths {id} or {ext}" + (output.stem ? ", and those of stems {stem}" : ""));
    }
    check_below_roots(output.path.string(), job.roots);
    const FileIdentity there = identity_of(output.path);
    const auto is_there = [&there](const FileIdentity& file) {
      return there.inode != 0 && there.inode == file.inode && there.device == file.device;
    };
    if (std::ranges::any_of(read, is_there)) {
      throw OutputTaken("the master of " + p.job.input.string() + " would be written onto " + output.path.string() +
                        ", which is " + (p.others.empty() ? "that very file" : "a file it is made of") +
                        "; choose another output folder");
    }
    if (const fs::path named = named_file_at(p.job.chain, output.path); !named.empty()) {
      throw OutputTaken("the master of " + p.job.input.string() + " would be " + output.path.string() +
                        ", and the recipe names " + named.string() +
                        " as what it is made after; choose another output folder");
    }
    p.was_free.push_back(there.inode == 0);
    question.add_output_paths(output.path.string());
  }
  // Where nothing lies there is nothing to keep or replace: the scheduler need not be asked, as in most first runs.
  if (std::find(p.was_free.begin(), p.was_free.end(), false) != p.was_free.end()) p.known = recall_(question);
}

std::string TaskPlanner::known_hash(const FileIdentity& file) {
  v1::RecallRequest question;
  *question.mutable_input() = identity_message(file);
  return recall_(question).content_hash();
}

std::string TaskPlanner::result_of(const std::string& cache_key) {
  v1::RecallRequest question;
  question.set_cache_key(cache_key);
  return recall_(question).result_json();
}

std::int64_t metadata_bytes(const std::vector<const TrackTask*>& tracks) {
  constexpr std::int64_t kMoreTimes = 3;  // the digest's or the header's, the writer's, and what is found in the file
  std::set<const char*> held;
  std::int64_t bytes = 0, largest = 0;
  for (const TrackTask* track : tracks) {
    const Metadata& metadata = track->job.reader->metadata();
    const std::int64_t own = byte_count(metadata);
    bytes += own;
    largest = std::max(largest, own);
    for (const Picture& picture : metadata.pictures)
      if (!held.insert(picture.data.data()).second) bytes -= static_cast<std::int64_t>(picture.data.size());
  }
  return bytes + kMoreTimes * largest;
}

double seconds_of(const AudioFormat& format) { return static_cast<double>(format.frames) / format.sample_rate_hz; }

std::string content_hash(const TrackTask& track) {
  if (!track.known.content_hash().empty()) return track.known.content_hash();
  return content_hash(*track.job.reader, track.source.part);
}

std::string content_hash(AudioReader& reader, const FilePart& part) {
  const std::int64_t frame = frame_bytes(reader.format());
  PcmHash content;
  std::vector<std::byte> bytes(static_cast<std::size_t>(65536 * frame));
  if (part.first_frame > 0) reader.skip(part.first_frame);
  for (std::int64_t left = part.end_frame == 0 ? INT64_MAX : part.end_frame - part.first_frame; left > 0;) {
    const std::int64_t n = reader.read(bytes.data(), std::min<std::int64_t>(left, 65536));
    if (n == 0) break;
    content.update(bytes.data(), static_cast<std::size_t>(n * frame));
    left -= n;
  }
  reader.rewind();
  return content.hex();
}

std::string mix_hash(const TrackTask& mix, const std::vector<std::string>& hashes) {
  std::string text = "mix\n";
  for (std::size_t i = 0; i < hashes.size(); ++i) {
    const StemTrack& stem = mix.job.stems[i];
    text += fmt::format("{}\t{}\t{}\t{}\n", json_text(stem.input.filename()), stem.role,
                        header_text(mix.stem_formats[i]), hashes[i]);
  }
  return sha256_hex(text);
}

void describe_task(const TrackTask& track, nlohmann::ordered_json& result) {
  describe_source(track.source, result);
  result["recipe_sha256"] = track.shown_sha256;
  result.erase("recipe");
  if (!track.own_recipe.empty()) result["recipe"] = nlohmann::ordered_json::parse(track.own_recipe);
}

// Whether every output of the result lies where it was put, as it was put there.
bool is_still_there(const nlohmann::json& result, const TrackTask& p) {
  const auto& outputs = result.at("outputs");
  std::vector<fs::path> paths;
  for (const OutputSpec& output : p.job.outputs)
    if (p.reports(output)) paths.push_back(output.path);
  if (outputs.size() != paths.size()) return false;
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    const fs::path& path = paths[i];
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
Replace replace_policy(const MasterJob& job, const TrackTask& p, const OutputSpec& output) {
  const fs::path& path = output.path;
  std::error_code error;
  if (job.overwrite) return Replace::allow;
  if (!fs::exists(path, error)) return Replace::refuse;
  const FileIdentity now = identity_of(path);
  for (const v1::RecallResponse::Known& known : p.known.known()) {
    if (known.file().path() != path.string() || known.input().empty()) continue;
    const std::string made_of = file_of_source_path(known.input());
    const bool is_own = made_of == p.job.input.string() || made_of == file_of_source_path(p.identity.path) ||
                        (output.per_side && p.side_inputs.contains(made_of));
    if (!is_own && fs::exists(made_of, error)) continue;
    if (known.file().bytes() != now.size_bytes) continue;
    const bool looks_same = known.file().mtime_ns() == now.mtime_ns;
    if (looks_same || file_sha256(path) == known.file().sha256()) return Replace::allow;
  }
  return Replace::refuse;
}

void check_unchanged(const TrackTask& track) {
  check_unchanged(track.identity);
  for (const FileIdentity& other : track.others) check_unchanged(other);
}

}  // namespace lathe::scheduler
