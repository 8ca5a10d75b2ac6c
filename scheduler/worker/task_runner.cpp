#include "scheduler/worker/task_runner.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <chrono>
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

// The scheduler's limit for a message is 4 MiB; the rest is for who sends it and for which lease.
constexpr std::size_t kLargestResultBytes = (4 << 20) - 4096;

// A file of other origin that holds the very same bytes (Lathe's state was lost, say) is as good as ours: it stays.
bool holds_the_same(const OutputRecord& output) {
  std::error_code error;
  return std::filesystem::file_size(output.path, error) == static_cast<std::uintmax_t>(output.bytes) && !error &&
         file_sha256(output.path) == output.sha256;
}

// Everything beside the samples that ends up in the outputs.
std::string tags_text(const Tags& tags) {
  std::string text;
  for (const auto& [name, value] : tags.fields) text += name + "=" + value + "\n";
  return text;
}

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point then) { return std::chrono::duration<double>(Clock::now() - then).count(); }

// The track's report, and how it came about.
std::string result_of(const TrackReport& report, const BackendChoice& backend) {
  nlohmann::ordered_json result = track_json(report);
  result["engine"] = engine_name();
  result["backend"] = backend_name(backend);
  if (const std::string device = device_name(backend); !device.empty()) result["device"] = device;
  result["busy"] = busy_json(report.busy);
  return result.dump();
}

void say_how_it_went(const TrackReport& report, double wall_s, const std::function<void(const std::string&)>& say) {
  for (const std::string& note : report.notes) say("note: " + note);
  for (const OutputReport& output : report.outputs) {
    for (const std::string& tag : output.dropped_tags)
      say(fmt::format("note: {} cannot hold the tag {}", output.container, tag));
  }
  if (!report.reason.empty()) say("not reached as asked: " + report.reason);
  const BusySeconds& busy = report.busy;
  say(
      fmt::format("mastered in {:.3f} s; of a processor: decode {:.3f}, kernels {:.3f}, limiter {:.3f}, encode {:.3f}, "
                  "io {:.3f} s",
                  wall_s, busy.decode, busy.kernels, busy.limiter, busy.encode, busy.io));
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

void check_fits_a_message(const v1::CommitResultRequest& result) {
  if (result.ByteSizeLong() <= kLargestResultBytes) return;
  throw ResultTooLarge(
      fmt::format("the result has {:.1f} MiB, and a scheduler takes {}: a file of so many hours can only be worked "
                  "on without the farm, by `lathe audit` or `lathe master`",
                  static_cast<double>(result.ByteSizeLong()) / (1 << 20), 4));
}

std::string engine_name() { return "lathe " LATHE_VERSION; }

TaskFailure failure_of(const std::exception& error) {
  if (const auto* file = dynamic_cast<const AudioFileError*>(&error)) {
    std::string code(fault_name(file->fault()));
    for (char& c : code) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    using Fault = AudioFileError::Fault;
    if (file->fault() == Fault::disk_full || file->fault() == Fault::storage_failed)
      return {FailureClass::kInfra, code, file->what()};
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
  if (dynamic_cast<const ResultTooLarge*>(&error) != nullptr)
    return {FailureClass::kPermanent, "RESULT_TOO_LARGE", error.what()};
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

std::vector<bool> outputs_that_stay(const FinishedTask& task) {
  std::vector<bool> stays;
  for (std::size_t i = 0; i < task.files.size(); ++i) {
    stays.push_back(task.replace[i] == Replace::refuse && holds_the_same(task.outputs[i]));
    if (stays[i] || task.replace[i] == Replace::allow || !std::filesystem::exists(task.outputs[i].path)) continue;
    const std::string message = task.outputs[i].path +
                                ": exists already and is not replaced, for it is not this track's own unaltered "
                                "master; move it away, choose another output folder, or say --overwrite";
    if (task.was_free[i]) throw OutputAppeared(message);
    throw OutputTaken(message);
  }
  return stays;
}

struct TaskRunner::Plan {
  FileIdentity identity;
  AudioFormat format;
  TrackJob job;
  std::string bits;  // see bit_class()
  std::string recipe_json;
  std::string named_files;  // hashes of the files that the recipe names
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
    if (!named_files.empty()) text += named_files;
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
  p.named_files = named_files_.hashes(p.job.chain, job.roots);
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

FinishedTask TaskRunner::run(const MasterJob& job, const v1::TaskSpec& task, const TaskListener& listener,
                             const std::atomic<bool>& is_cancelled) {
  const auto began = Clock::now();
  Plan p = plan(job, task);
  if (listener.say) {
    listener.say(fmt::format("began on {}, {}, {}: {}, {:.1f} s", listener.worker, engine_name(),
                             backend_name(job.backend), format_text(p.format),
                             static_cast<double>(p.format.frames) / p.format.sample_rate_hz));
  }
  if (job.use_cache) {
    if (auto unchanged = find_unchanged(p)) {
      if (listener.say)
        listener.say("unchanged: samples, recipe and engine gave this result before, and its files lie there still");
      return std::move(*unchanged);
    }
  }
  std::vector<Replace> replace;
  for (const OutputSpec& output : p.job.outputs) replace.push_back(replace_policy(job, p, output.path));

  const MemoryNeed need = master_.memory_needed(p.job.chain, p.job.outputs, p.format, p.job.backend);
  const bool is_spooled = need.kept_bytes > memory_.total();
  if (is_spooled) p.job.spool_dir = job.spool_dir;
  const std::int64_t bytes = is_spooled ? need.spooled_bytes : need.kept_bytes;
  if (is_spooled && listener.say) {
    listener.say(fmt::format("spooled to {}: kept in memory it would take {} MiB, and the worker has {}",
                             job.spool_dir.string(), need.kept_bytes >> 20, memory_.total() >> 20));
  }
  const auto asked = Clock::now();
  const MemoryBudget::Share share = memory_.take(bytes);
  std::optional<MemoryBudget::Share> device_share(device_memory_.take(need.device_bytes));
  if (const double waited_s = seconds_since(asked); waited_s > 0.1 && listener.say)
    listener.say(fmt::format("waited {:.1f} s for memory", waited_s));
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
  MasteredTrack mastered = master_.master(p.job, listener.progress, is_cancelled);

  if (!job.note.empty()) mastered.report.notes.push_back(job.note);
  if (listener.say) say_how_it_went(mastered.report, seconds_since(began), listener.say);
  FinishedTask done;
  done.content_hash = mastered.report.payload_hash;
  done.cache_key = p.cache_key(done.content_hash);
  done.result_json = result_of(mastered.report, job.backend);
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
  result.erase("busy");  // nobody was, this time
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
