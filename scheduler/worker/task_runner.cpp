#include "scheduler/worker/task_runner.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>
#include <system_error>

#include "host/audio_file/isolation/decoder_error.h"
#include "host/audio_file/pcm_hash.h"
#include "host/mastering/recipe_chain.h"
#include "host/report/track_json.h"
#include "kernels/cuda/cuda_error.h"
#include "scheduler/worker/digest.h"
#include "scheduler/worker/output_names.h"
#include "scheduler/worker/path_roots.h"

namespace lathe::scheduler {
namespace {

namespace fs = std::filesystem;

// Raised by hand whenever the same input and recipe come to give other samples: results kept from before then no longer
// count.
constexpr int kSampleRevision = 5;

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

std::string engine_name() { return "lathe " LATHE_VERSION; }

TaskFailure failure_of(const std::exception& error) {
  if (const auto* file = dynamic_cast<const AudioFileError*>(&error)) {
    std::string code(fault_name(file->fault()));
    for (char& c : code) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    using Fault = AudioFileError::Fault;
    if (file->fault() == Fault::disk_full) return {FailureClass::kInfra, code, file->what()};
    if (file->fault() == Fault::write_failed) return {FailureClass::kTask, code, file->what()};
    return {FailureClass::kPermanent, code, file->what()};
  }
  if (const auto* decoder = dynamic_cast<const DecoderDied*>(&error)) {
    const bool was_killed = decoder->code() == DecoderDied::Code::killed;
    return {was_killed ? FailureClass::kTask : FailureClass::kCrash, std::string(decoder->code_name()), error.what()};
  }
  if (dynamic_cast<const IsolationFailed*>(&error) != nullptr) return {FailureClass::kInfra, "ISOLATION", error.what()};
  if (dynamic_cast<const UnusableAudio*>(&error) != nullptr)
    return {FailureClass::kPermanent, "UNUSABLE_AUDIO", error.what()};
  if (dynamic_cast<const TargetOutOfReach*>(&error) != nullptr)
    return {FailureClass::kPermanent, "TARGET_OUT_OF_REACH", error.what()};
  if (dynamic_cast<const OutputAppeared*>(&error) != nullptr)
    return {FailureClass::kTask, "OUTPUT_TAKEN", error.what()};
  if (dynamic_cast<const OutputTaken*>(&error) != nullptr)
    return {FailureClass::kPermanent, "OUTPUT_TAKEN", error.what()};
  if (dynamic_cast<const PathOutside*>(&error) != nullptr)
    return {FailureClass::kPermanent, "PATH_OUTSIDE", error.what()};
  if (dynamic_cast<const InputChanged*>(&error) != nullptr) return {FailureClass::kTask, "INPUT_CHANGED", error.what()};
  if (dynamic_cast<const SchedulerAway*>(&error) != nullptr)
    return {FailureClass::kInfra, "SCHEDULER_AWAY", error.what()};
  if (dynamic_cast<const RecipeErrors*>(&error) != nullptr) return {FailureClass::kPermanent, "RECIPE", error.what()};
  if (dynamic_cast<const std::invalid_argument*>(&error) != nullptr)
    return {FailureClass::kPermanent, "RECIPE_DOES_NOT_FIT", error.what()};
  if (dynamic_cast<const std::bad_alloc*>(&error) != nullptr)
    return {FailureClass::kInfra, "OUT_OF_MEMORY", "there was not enough memory; lower --jobs or --memory"};
  if (dynamic_cast<const cuda::CudaError*>(&error) != nullptr) return {FailureClass::kInfra, "GPU", error.what()};
  if (const auto* system = dynamic_cast<const std::system_error*>(&error);
      system != nullptr && system->code() == std::errc::no_space_on_device) {
    return {FailureClass::kInfra, "DISK_FULL", error.what()};
  }
  return {FailureClass::kTask, "INTERNAL", error.what()};
}

struct TaskRunner::Plan {
  FileIdentity identity;
  AudioFormat format;
  TrackJob job;
  std::string bits;  // see bit_class()
  std::string recipe_json;
  std::string tags;
  std::vector<bool> was_free;  // of the outputs' names, looked at before asking: what lies there by then was announced
  v1::RecallResponse known;    // of the input and of what lies under the outputs' names
  std::string cache_key(const std::string& content_hash) const {
    std::string text =
        fmt::format("{}\n{}\n{}\n{}\n{}\n{}\n", LATHE_VERSION, kSampleRevision, bits, content_hash, recipe_json, tags);
    // The same bytes under another header are other sound.
    text += fmt::format("{} {} {} {} {} {} {} {}\n", static_cast<int>(format.container),
                        static_cast<int>(format.encoding), format.sample_rate_hz, format.channels, format.channel_mask,
                        format.valid_bits, format.frames, format.speakers);
    for (const OutputSpec& o : job.outputs) {
      text += fmt::format("{} {} {} {}\n", o.path.string(), static_cast<int>(o.container), static_cast<int>(o.encoding),
                          job.pcm_md5);
    }
    return sha256_hex(text);
  }
};

TaskRunner::TaskRunner(EqDesigns& designs, MemoryBudget& memory, MemoryBudget& device_memory, Recall recall)
    : memory_(memory), device_memory_(device_memory), recall_(std::move(recall)), master_(designs) {}

TaskRunner::Plan TaskRunner::plan(const MasterJob& job, const v1::TaskSpec& task) {
  Plan p;
  p.bits = bit_class(job.backend);
  p.identity = identity_of(task.input());
  p.job.reader = std::make_shared<AudioReader>(task.input());
  const AudioReader& reader = *p.job.reader;
  p.format = reader.format();
  p.tags = tags_text(reader.tags());
  const EffectiveRecipe recipe = recipe_for_track(*job.recipe, task.input(), reader.tags());
  p.recipe_json = recipe.sha256;
  p.job.input = task.input();
  p.job.out_dir = job.out_dir;
  p.job.backend = job.backend.backend;
  p.job.chain = chain_of(recipe.recipe);
  p.job.pcm_md5 = job.pcm_md5;
  p.job.outputs = outputs_of(recipe.recipe, p.format, reader.tags(), job.out_dir, fs::path(task.relative()));
  std::set<fs::path> paths;
  v1::RecallRequest question;
  *question.mutable_input() = identity_message(p.identity);
  for (const OutputSpec& output : p.job.outputs) {
    if (!paths.insert(output.path).second) {
      throw OutputTaken("two outputs of " + task.input() + " would both be " + output.path.string() +
                        "; give their paths {id} or {ext}");
    }
    const FileIdentity there = identity_of(output.path);
    if (there.inode != 0 && there.inode == p.identity.inode && there.device == p.identity.device) {
      throw OutputTaken("the master of " + task.input() + " would be written onto " + output.path.string() +
                        ", which is that very file; choose another output folder");
    }
    p.was_free.push_back(there.inode == 0);
    question.add_output_paths(output.path.string());
  }
  // Where nothing lies there is nothing to keep or replace: the scheduler need not be asked, as in most first runs.
  if (std::find(p.was_free.begin(), p.was_free.end(), false) != p.was_free.end()) p.known = recall_(question);
  return p;
}

FinishedTask TaskRunner::run(const MasterJob& job, const v1::TaskSpec& task,
                             const std::function<void(double)>& progress, const std::atomic<bool>& is_cancelled) {
  Plan p = plan(job, task);
  if (job.use_cache) {
    if (auto unchanged = find_unchanged(p)) return std::move(*unchanged);
  }
  std::vector<Replace> replace;
  for (const OutputSpec& output : p.job.outputs) replace.push_back(replace_policy(job, p, output.path));

  const MemoryNeed need = master_.memory_needed(p.job.chain, p.format, p.job.backend);
  const bool is_spooled = need.kept_bytes > memory_.total();
  if (is_spooled) p.job.spool_dir = job.spool_dir;
  const std::int64_t bytes = is_spooled ? need.spooled_bytes : need.kept_bytes;
  const MemoryBudget::Share share = memory_.take(bytes);
  std::optional<MemoryBudget::Share> device_share(device_memory_.take(need.device_bytes));
  p.job.after_first_pass = [&device_share, &p] {
    device_share.reset();
    // Another file of its name does not matter: the one that was opened is whole.
    const FileIdentity now = identity_of(p.job.input);
    const bool is_same_file = now.inode == p.identity.inode && now.device == p.identity.device;
    if (is_same_file && (now.size_bytes != p.identity.size_bytes || now.mtime_ns != p.identity.mtime_ns))
      throw InputChanged(p.job.input.string() + ": was written to while it was read; run again when it is finished");
  };
  // What is kept from track to track must not add up past the budget, however a track ends.
  struct Release {
    TrackMaster* master;
    ~Release() {
      if (master != nullptr) master->release_memory();
    }
  };
  const Release release{bytes > memory_.total() / std::max(2, 2 * job.jobs) ? &master_ : nullptr};
  MasteredTrack mastered = master_.master(p.job, progress, is_cancelled);

  if (!job.note.empty()) mastered.report.notes.push_back(job.note);
  FinishedTask done;
  done.content_hash = mastered.report.payload_hash;
  done.cache_key = p.cache_key(done.content_hash);
  done.result_json = track_json(mastered.report).dump();
  done.input = p.identity;
  done.replace = std::move(replace);
  done.was_free = std::move(p.was_free);
  done.files = std::move(mastered.files);
  done.audio_s = static_cast<double>(mastered.report.frames) / mastered.report.sample_rate_hz;
  done.busy = mastered.report.busy;
  for (std::size_t i = 0; i < done.files.size(); ++i) {
    const OutputReport& report = mastered.report.outputs[i];
    done.outputs.push_back(
        {report.path.string(), report.bytes, identity_of(done.files[i].path()).mtime_ns, report.sha256});
  }
  return done;
}

std::optional<FinishedTask> TaskRunner::find_unchanged(const Plan& p) {
  std::string hash = p.known.content_hash();
  if (hash.empty()) {
    // Only worth reading the whole file when there is something that it could turn out to have given.
    if (p.known.known().empty()) return std::nullopt;
    AudioReader& reader = *p.job.reader;
    const std::int64_t frame = frame_bytes(reader.format());
    PcmHash content;
    std::vector<std::byte> bytes(static_cast<std::size_t>(65536 * frame));
    while (const std::int64_t n = reader.read(bytes.data(), 65536)) {
      content.update(bytes.data(), static_cast<std::size_t>(n * frame));
    }
    hash = content.hex();
    reader.rewind();
  }
  v1::RecallRequest question;
  question.set_cache_key(p.cache_key(hash));
  const std::string result_json = recall_(question).result_json();
  if (result_json.empty() || !is_still_there(result_json, p)) return std::nullopt;
  FinishedTask done;
  done.is_unchanged = true;
  nlohmann::ordered_json result = nlohmann::ordered_json::parse(result_json);
  result["input"] = json_text(p.job.input);
  done.result_json = result.dump();
  done.cache_key = question.cache_key();
  done.content_hash = hash;
  done.input = p.identity;
  done.audio_s = static_cast<double>(p.format.frames) / p.format.sample_rate_hz;
  return done;
}

// Whether every output of the result lies where it was put, as it was put there.
bool TaskRunner::is_still_there(const std::string& result_json, const Plan& p) {
  const auto outputs = nlohmann::json::parse(result_json).at("outputs");
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
Replace TaskRunner::replace_policy(const MasterJob& job, const Plan& p, const fs::path& path) {
  std::error_code error;
  if (job.overwrite) return Replace::allow;
  if (!fs::exists(path, error)) return Replace::refuse;
  const FileIdentity now = identity_of(path);
  for (const v1::RecallResponse::Known& known : p.known.known()) {
    if (known.file().path() != path.string() || known.input().empty()) continue;
    if (known.input() != p.job.input.string() && fs::exists(known.input(), error)) continue;
    if (known.file().bytes() != now.size_bytes) continue;
    const bool looks_same = known.file().mtime_ns() == now.mtime_ns;
    if (looks_same || file_sha256(path) == known.file().sha256()) return Replace::allow;
  }
  return Replace::refuse;
}

}  // namespace lathe::scheduler
