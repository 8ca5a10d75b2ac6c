#include "scheduler/client/line.h"

#include <fmt/format.h>

#include <algorithm>
#include <random>
#include <thread>

namespace lathe::scheduler {
namespace {

using namespace std::chrono_literals;

// gRPC's codes, https://grpc.io/docs/guides/status-codes
enum Code {
  kCancelled = 1,
  kUnknown = 2,
  kInvalidArgument = 3,
  kDeadlineExceeded = 4,
  kNotFound = 5,
  kAlreadyExists = 6,
  kPermissionDenied = 7,
  kResourceExhausted = 8,
  kFailedPrecondition = 9,
  kAborted = 10,
  kOutOfRange = 11,
  kUnimplemented = 12,
  kInternal = 13,
  kUnavailable = 14,
  kUnauthenticated = 16,
};

constexpr auto kLongestBackoff = 5s;
// A restart that is over by then is nobody's business.
constexpr auto kSilence = 1500ms;

}  // namespace

bool is_worth_repeating(const Ending& ending) {
  switch (ending.code) {
    case kUnavailable:
    case kDeadlineExceeded:
    case kAborted:
    case kCancelled:  // not by us: the scheduler ended the call as it went away
      return true;
    case kResourceExhausted:  // too many at once; a message that is too large stays so
      return ending.message.find("larger than max") == std::string::npos;
    case kUnknown:  // how gRPC 1.51 names some connections that broke
      return ending.message.find("Stream removed") != std::string::npos;
    case kInternal:
      return ending.message.find("RST_STREAM") != std::string::npos;
    default:
      return false;
  }
}

FarmError error_of(const Ending& ending, const FarmOptions& options) {
  const std::string& at = options.scheduler;
  const std::string& said = ending.message;
  switch (ending.code) {
    case kUnauthenticated:
      return {FarmFault::denied,
              fmt::format("{} does not know you: {}. Give a token that is valid there, with --token-file FILE or "
                          "LATHE_TOKEN, or a certificate, with --tls-cert and --tls-key",
                          at, said)};
    case kPermissionDenied:
      return {FarmFault::denied, fmt::format("{} does not allow it: {}", at, said)};
    case kInvalidArgument:
    case kOutOfRange:
    case kAlreadyExists:
      return {FarmFault::invalid, said};
    case kNotFound:
      return {FarmFault::not_found, said.empty() ? fmt::format("{} knows of no such thing", at) : said};
    case kFailedPrecondition:
      return {FarmFault::conflict, said};
    case kUnimplemented:
      return {FarmFault::other, fmt::format("the scheduler at {} cannot do this: {}. Is it of another version (lathe "
                                            "--version there), or no scheduler at all?",
                                            at, said)};
    case kResourceExhausted:
      return {FarmFault::unreachable,
              fmt::format("the scheduler at {} has too much to do: {}. Try again later", at, said)};
    case kDeadlineExceeded:
      return {FarmFault::unreachable, fmt::format("the scheduler at {} does not answer in time. Is the machine, or its "
                                                  "store, stuck?",
                                                  at)};
    case kUnavailable:
    case kCancelled:
    case kAborted:
      return {FarmFault::unreachable,
              fmt::format("the scheduler at {} cannot be reached: {}. Is `lathe scheduler` running there, and is the "
                          "address right?",
                          at, said)};
    default:
      return {FarmFault::other, fmt::format("the scheduler at {} failed: {}", at, said)};
  }
}

void Repeats::got_on() {
  since_ = Clock::now();
  backoff_ = options_.first_backoff;
  count_ = 0;
}

void Repeats::answered() {
  state_.has_answered = true;
  if (state_.is_said_to_be_down) options_.say(fmt::format("{} is back", options_.scheduler));
  state_.is_said_to_be_down = false;
  got_on();
}

std::chrono::system_clock::time_point Repeats::deadline(std::chrono::milliseconds attempt) const {
  Clock::duration left = attempt;
  if (options_.ends_at) left = std::min(left, *options_.ends_at - Clock::now());
  return std::chrono::system_clock::now() +
         std::chrono::duration_cast<std::chrono::system_clock::duration>(std::max(left, Clock::duration(0)));
}

void Repeats::failed(const Ending& ending) {
  if (options_.is_interrupted != nullptr && *options_.is_interrupted)
    throw FarmError(FarmFault::interrupted, "interrupted");
  const auto now = Clock::now();
  if (options_.ends_at && now >= *options_.ends_at) throw FarmError(FarmFault::deadline, "the time given is over");
  if (!is_worth_repeating(ending)) {
    if (ending.code != kUnknown) state_.has_answered = true;
    throw error_of(ending, options_);
  }
  const auto patience = state_.has_answered ? options_.patience : options_.first_patience;
  if (!state_.waits_without_end && now - since_ + backoff_ >= patience) throw error_of(ending, options_);
  say_down(ending, now);
  ++count_;
  wait();
}

void Repeats::say_down(const Ending& ending, Clock::time_point now) {
  if (state_.is_said_to_be_down || now - since_ < kSilence) return;
  state_.is_said_to_be_down = true;
  const std::string why = ending.code == kDeadlineExceeded ? "no answer in time" : ending.message;
  const auto left = (state_.has_answered ? options_.patience : options_.first_patience) - (now - since_);
  options_.say(state_.waits_without_end
                   ? fmt::format("no answer from {} ({}); waiting until it is back, Ctrl-C ends the waiting alone",
                                 options_.scheduler, why)
                   : fmt::format("no answer from {} ({}); trying for {} s more", options_.scheduler, why,
                                 std::chrono::ceil<std::chrono::seconds>(left).count()));
}

// Half of the backoff is by chance: a thousand clients do not come back at one moment.
void Repeats::wait() {
  static thread_local std::minstd_rand random{std::random_device{}()};
  const auto half = backoff_ / 2;
  auto left = half + std::chrono::milliseconds(std::uniform_int_distribution<std::int64_t>(0, half.count())(random));
  backoff_ = std::min<std::chrono::milliseconds>(backoff_ * 2, kLongestBackoff);
  while (left > 0ms && !(options_.is_interrupted != nullptr && *options_.is_interrupted)) {
    const auto part = std::min<std::chrono::milliseconds>(left, 50ms);
    std::this_thread::sleep_for(part);
    left -= part;
    if (options_.ends_at && Clock::now() >= *options_.ends_at) return;
  }
}

}  // namespace lathe::scheduler
