// What was thrown, as the queue is to treat it.
#include <cctype>
#include <system_error>

#include "host/audio_file/isolation/decoder_error.h"
#include "host/mastering/gain_solver.h"
#include "kernels/cuda/cuda_error.h"
#include "scheduler/worker/output_names.h"
#include "scheduler/worker/path_roots.h"
#include "scheduler/worker/task_runner.h"

namespace lathe::scheduler {

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
  if (dynamic_cast<const NameNotUtf8*>(&error) != nullptr)
    return {FailureClass::kPermanent, "NAME_NOT_UTF8", error.what()};
  if (dynamic_cast<const PathOutside*>(&error) != nullptr)
    return {FailureClass::kPermanent, "PATH_OUTSIDE", error.what()};
  if (dynamic_cast<const InputChanged*>(&error) != nullptr) return {FailureClass::kTask, "INPUT_CHANGED", error.what()};
  if (const auto* group = dynamic_cast<const GroupFailed*>(&error)) return group->failure();
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

}  // namespace lathe::scheduler
