#include "tests/cli/farm.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sndfile.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <fstream>
#include <stdexcept>
#include <thread>

#include "tests/cli/music.h"

namespace lathe::test {
namespace {

// A port that was free a moment ago. It stays the daemon's over its restarts.
int free_port() {
  const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof address;
  if (::bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 ||
      ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &length) != 0)
    throw std::runtime_error("no free port");
  ::close(fd);
  return ntohs(address.sin_port);
}

bool listens(int port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  const bool is_open = ::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
  ::close(fd);
  return is_open;
}

}  // namespace

Farm::Farm(fs::path folder, FarmSetting setting) : folder_(std::move(folder)), setting_(std::move(setting)) {
  fs::create_directories(folder_);
  if (setting_.store.empty()) setting_.store = "sqlite:" + (folder_ / "farm.sqlite").string();
  for (int i = 0; i < setting_.schedulers; ++i) ports_.push_back(free_port());
  schedulers_.resize(static_cast<std::size_t>(setting_.schedulers));
  workers_.resize(static_cast<std::size_t>(setting_.workers));
  for (int i = 0; i < setting_.schedulers; ++i) start_scheduler(i);
  for (int i = 0; i < setting_.schedulers; ++i) await_scheduler(i);
  for (int i = 0; i < setting_.workers; ++i) start_worker(i);
}

Farm::~Farm() = default;

std::string Farm::scheduler_address(int index) const {
  return "127.0.0.1:" + std::to_string(ports_.at(static_cast<std::size_t>(index)));
}

std::string Farm::address() const {
  std::string all;
  for (int i = 0; i < setting_.schedulers; ++i) all += (i > 0 ? "," : "") + scheduler_address(i);
  return all;
}

void Farm::await_scheduler(int index) const {
  for (int tries = 0; tries < 1000; ++tries) {
    if (listens(ports_.at(static_cast<std::size_t>(index)))) return;
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  throw std::runtime_error("the scheduler does not listen");
}

void Farm::start_scheduler(int index) {
  const fs::path state = folder_ / ("scheduler" + std::to_string(index));
  fs::create_directories(state);
  ProgramCall call;
  call.arguments = {"scheduler",    "--listen",     scheduler_address(index),
                    "--store",      setting_.store, "--state-dir",
                    state.string(), "--lease",      std::to_string(setting_.lease_s)};
  call.arguments.insert(call.arguments.end(), setting_.scheduler_options.begin(), setting_.scheduler_options.end());
  call.environment = setting_.scheduler_environment;
  schedulers_.at(static_cast<std::size_t>(index)) = std::make_unique<RunningProgram>(call);
}

ProgramCall worker_call(const std::string& scheduler, const std::string& name, const fs::path& state, int jobs,
                        const std::string& memory) {
  fs::create_directories(state);
  ProgramCall call;
  call.arguments = {"worker", "--scheduler",        scheduler,  "--name", name,        "--state-dir", state.string(),
                    "--jobs", std::to_string(jobs), "--memory", memory,   "--backend", "cpu"};
  return call;
}

void Farm::start_worker(int index) {
  const fs::path state = folder_ / ("worker" + std::to_string(index));
  ProgramCall call = worker_call(address(), "w" + std::to_string(index), state, setting_.jobs, setting_.memory);
  call.arguments.insert(call.arguments.end(), setting_.worker_options.begin(), setting_.worker_options.end());
  call.environment = setting_.worker_environment;
  workers_.at(static_cast<std::size_t>(index)) = std::make_unique<RunningProgram>(call);
}

std::string Farm::drain_worker(int index) {
  auto& worker = workers_.at(static_cast<std::size_t>(index));
  // At once, as when a signal goes to a process and to its group: they count as one.
  worker->send(SIGINT);
  worker->send(SIGTERM);
  const ProgramResult result = worker->wait();
  worker.reset();
  EXPECT_EQ(result.exit_code, 0) << result.err;
  return result.err;
}

ProgramCall Farm::call(const std::vector<std::string>& arguments) const {
  ProgramCall call;
  call.arguments = arguments;
  call.arguments.insert(call.arguments.end(), {"--scheduler", address()});
  return call;
}

nlohmann::json Farm::wait_for_end(const std::string& job, int longest_ms) const {
  const auto started = std::chrono::steady_clock::now();
  for (;;) {
    const ProgramResult status = run({"status", job, "--json"});
    if (status.exit_code == 0) {
      const nlohmann::json document = status.json();
      const std::string state = document.at("state");
      if (state.starts_with("SUCCEEDED") || state == "CANCELLED") return document;
    }
    if (std::chrono::steady_clock::now() - started > std::chrono::milliseconds(longest_ms)) {
      ADD_FAILURE() << "job " << job << " has not ended: " << status.out << status.err;
      return nlohmann::json::object();
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
}

std::int64_t Farm::count(const std::string& job, const std::string& state) const {
  const ProgramResult status = run({"status", job, "--json"});
  EXPECT_EQ(status.exit_code, 0) << status.err;
  return status.json().at("counts").at(state);
}

void Farm::expect_sound() const {
  const ProgramResult check = run_program({"store", "check", setting_.store});
  EXPECT_EQ(check.exit_code, 0) << check.out << check.err;
}

int stopped_child(int pid) {
  for (const auto& thread : fs::directory_iterator("/proc/" + std::to_string(pid) + "/task")) {
    std::ifstream children(thread.path() / "children");
    for (int child = 0; children >> child;) {
      std::ifstream stat("/proc/" + std::to_string(child) + "/stat");
      std::string line;
      std::getline(stat, line);
      const std::size_t at = line.rfind(')');  // the name before it may hold anything
      if (at != std::string::npos && line.compare(at, 3, ") T") == 0) return child;
    }
  }
  return 0;
}

void write_short_tracks(const fs::path& folder, int count, double seconds) {
  for (int i = 0; i < count; ++i) {
    Random random(static_cast<std::uint64_t>(7000 + i));
    const Sound sound = wandering(random, 16000, 1, seconds, 0.3);
    char name[32];
    std::snprintf(name, sizeof name, "t%05d.wav", i);
    write_sound(folder / ("album" + std::to_string(i / 10)) / name, sound, {SF_FORMAT_WAV, SF_FORMAT_PCM_16});
  }
}

}  // namespace lathe::test
