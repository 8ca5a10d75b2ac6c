#include "scheduler/cli/farm_verb.h"

#include <fmt/format.h>

#include <charconv>
#include <cstdlib>
#include <stdexcept>

#include "scheduler/cli/master_request.h"
#include "scheduler/cli/verbs.h"

namespace lathe::cli {

using namespace lathe::scheduler;

namespace {

FarmOptions options_of(const FarmFlags& flags, const std::atomic<bool>* is_interrupted) {
  FarmOptions options;
  options.scheduler = flags.scheduler;
  options.use_tls = flags.tls;
  options.tls_ca = flags.tls_ca;
  options.tls_cert = flags.tls_cert;
  options.tls_key = flags.tls_key;
  options.tls_name = flags.tls_name;
  if (!flags.token_file.empty()) {
    options.token = read_token(flags.token_file);
  } else if (const char* token = std::getenv("LATHE_TOKEN"); token != nullptr) {
    options.token = token;
  }
  const auto ms = [](double seconds) { return std::chrono::milliseconds(static_cast<std::int64_t>(seconds * 1000)); };
  if (flags.patience_s > 0) options.patience = options.first_patience = ms(flags.patience_s);
  if (flags.timeout_s > 0) options.ends_at = FarmOptions::Clock::now() + ms(flags.timeout_s);
  options.say = say;
  options.is_interrupted = is_interrupted;
  return options;
}

int exit_code_of(FarmFault fault) {
  switch (fault) {
    case FarmFault::denied:
      return kDenied;
    case FarmFault::deadline:
      return kDeadline;
    case FarmFault::invalid:
    case FarmFault::not_found:
      return kUsage;
    case FarmFault::conflict:
      return kSomeFailed;
    case FarmFault::interrupted:
      return kCancelled;
    case FarmFault::unreachable:
    case FarmFault::other:
      break;
  }
  return kNothingRead;
}

}  // namespace

void add_farm_options(CLI::App& verb, FarmFlags& flags, const std::string& json_help) {
  const auto file = [&](const char* name, std::string& value, const char* help) {
    verb.add_option(name, value, help)->type_name("FILE");
  };
  verb.add_option("--scheduler", flags.scheduler,
                  "Where the scheduler is: host:port, several by commas, or unix:/path (LATHE_SCHEDULER)")
      ->envname("LATHE_SCHEDULER")
      ->type_name("ADDR")
      ->required();
  verb.add_flag("--json", flags.json, json_help);
  file("--token-file", flags.token_file, "A file with your token; else LATHE_TOKEN, if it is set");
  verb.add_flag("--tls", flags.tls, "Speaks TLS; the system's authorities vouch for the scheduler");
  file("--tls-ca", flags.tls_ca, "Speaks TLS; the authority that vouches for the scheduler, as PEM");
  file("--tls-cert", flags.tls_cert, "Your own certificate, as PEM");
  file("--tls-key", flags.tls_key, "Its key, as PEM");
  verb.add_option("--tls-name", flags.tls_name, "The name in the scheduler's certificate, if it is not the host's")
      ->type_name("NAME");
  verb.add_option("--timeout", flags.timeout_s, "Gives up after so many seconds, with exit code 5")
      ->type_name("S")
      ->check(CLI::PositiveNumber);
  verb.add_option(
          "--patience", flags.patience_s,
          "How long a scheduler that is away is tried, in seconds; left out: 60, and 15 before the first answer")
      ->type_name("S")
      ->check(CLI::PositiveNumber);
}

int with_farm(const FarmFlags& flags, const std::function<int(FarmConnection&)>& body,
              const std::atomic<bool>* is_interrupted) {
  try {
    FarmConnection farm(options_of(flags, is_interrupted));
    return body(farm);
  } catch (const FarmError& error) {
    say(error.what());
    return exit_code_of(error.fault());
  } catch (const std::invalid_argument& wrong) {
    say(wrong.what());
    return kUsage;
  }
}

std::string scheduler_option(const FarmFlags& flags) {
  const char* from_environment = std::getenv("LATHE_SCHEDULER");
  if (from_environment != nullptr && flags.scheduler == from_environment) return "";
  return " --scheduler " + flags.scheduler;
}

std::int64_t number_of(const std::string& what, const std::string& text) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || number < 1)
    throw std::invalid_argument(fmt::format("{} is a number, not '{}'", what, text));
  return number;
}

std::int64_t job_of(FarmConnection& farm, const std::string& text) {
  if (!text.empty() && text != "latest") return number_of("JOB (or `latest`)", text);
  return farm.call(v1::GetJobRequest()).job().job_id();
}

}  // namespace lathe::cli
