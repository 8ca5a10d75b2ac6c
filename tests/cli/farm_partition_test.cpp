// A worker behind a cable that is cut, both ways or one way: it stops itself before others may have its tracks, and
// comes back by itself.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <set>

#include "scheduler/worker/digest.h"
#include "tests/cli/farm.h"
#include "tests/cli/length.h"
#include "tests/cli/network.h"

namespace lathe::test {
namespace {

using Clock = std::chrono::steady_clock;

constexpr const char* kScheduler = "10.77.0.1:7411";
constexpr int kTracks = 12;

class FarmPartition : public testing::Test {
 protected:
  void SetUp() override {
    for (const NetworkNamespace* network : {&here_, &there_}) {
      if (!network->absence().empty()) GTEST_SKIP() << network->absence();
    }
    if (!here_.connect(there_, "10.77.0.1/30", "10.77.0.2/30")) GTEST_SKIP() << "no cable (veth) can be laid here";
    if (!there_.run("iptables -L")) GTEST_SKIP() << "there is no iptables to cut the cable with";
    if (!openssl("version")) GTEST_SKIP() << "no openssl to make certificates";
    ASSERT_TRUE(
        openssl("req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=ca "
                "-keyout ca.key -out ca.pem"));
    certify("server", "IP:10.77.0.1");
    certify("worker", "URI:lathe://worker/w");
    certify("person", "URI:lathe://admin/anna");
    ProgramCall scheduler;
    scheduler.network = here_.descriptor();
    scheduler.arguments = {
        "scheduler",  "--listen",         kScheduler,  "--state-dir",      work_.state().string(), "--lease",     "1",
        "--tls-cert", file("server.pem"), "--tls-key", file("server.key"), "--tls-client-ca",      file("ca.pem")};
    scheduler_ = std::make_unique<RunningProgram>(scheduler);
    ASSERT_TRUE(comes_true([&] { return call({"list"}).exit_code == 0; }));
    // Its executor stops itself in the midst of a track, so that the cut comes while it holds one.
    far_ = worker("far", there_, {{"LATHE_FAILPOINTS", "executor.mastered=stop:/first/album0/t00004"}});
  }

  std::string file(const std::string& name) const { return (work_.root() / name).string(); }
  bool openssl(const std::string& arguments) const {
    return std::system(("cd " + work_.root().string() + " && openssl " + arguments + " >/dev/null 2>&1").c_str()) == 0;
  }
  void certify(const std::string& name, const std::string& names) const {
    spill(file("extension"), "subjectAltName=" + names + "\n");
    ASSERT_TRUE(openssl("req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN=" + name + " -keyout " +
                        name + ".key -out " + name + ".csr"));
    ASSERT_TRUE(openssl("x509 -req -in " + name +
                        ".csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile "
                        "extension -out " +
                        name + ".pem"));
  }

  std::unique_ptr<RunningProgram> worker(const std::string& name, const NetworkNamespace& network,
                                         const std::map<std::string, std::string>& environment = {}) const {
    ProgramCall call = worker_call(kScheduler, name, work_.root() / name);
    call.network = network.descriptor();
    call.environment = environment;
    call.arguments.insert(call.arguments.end(), {"--tls-ca", file("ca.pem"), "--tls-cert", file("worker.pem"),
                                                 "--tls-key", file("worker.key")});
    return std::make_unique<RunningProgram>(call);
  }
  // A person at the scheduler's end of the cable.
  ProgramResult call(std::vector<std::string> arguments) const {
    ProgramCall call;
    call.network = here_.descriptor();
    call.arguments = std::move(arguments);
    call.arguments.insert(call.arguments.end(),
                          {"--scheduler", kScheduler, "--tls-ca", file("ca.pem"), "--tls-cert", file("person.pem"),
                           "--tls-key", file("person.key"), "--patience", "10"});
    return run_program(call);
  }
  std::string submit(const std::string& name) const {
    write_short_tracks(work_.in() / name, kTracks);
    const ProgramResult result =
        call({"submit", (work_.in() / name).string(), "--out", (work_.out() / name).string(), "--json"});
    EXPECT_EQ(result.exit_code, 0) << result.err;
    return std::to_string(result.json().at("job_id").get<std::int64_t>());
  }
  nlohmann::json status(const std::string& job) const { return call({"status", job, "--json"}).json(); }
  std::int64_t count(const std::string& job, const std::string& state) const {
    return status(job).at("counts").at(state);
  }
  std::int64_t committed(const std::string& worker) const {
    std::int64_t committed = 0;
    const nlohmann::json workers = call({"workers", "list", "--gone", "--json"}).json();
    for (const auto& record : workers.at("workers")) {
      if (record.at("name") == worker) committed += record.at("committed").get<std::int64_t>();
    }
    return committed;
  }
  void expect_done(const std::string& job) const {
    const bool is_over =
        comes_true([&] { return status(job).at("state").get<std::string>().starts_with("SUCCEEDED"); }, 60'000);
    const nlohmann::json end = status(job);
    EXPECT_TRUE(is_over) << end;
    EXPECT_EQ(end.at("state"), "SUCCEEDED") << end;
    EXPECT_EQ(end.at("counts").at("done"), kTracks) << end;
    const nlohmann::json report = call({"report", job, "--format", "json"}).json();
    ASSERT_EQ(report.at("tracks").size(), static_cast<std::size_t>(kTracks));
    for (const auto& track : report.at("tracks")) {
      for (const auto& output : track.at("outputs"))
        EXPECT_EQ(scheduler::file_sha256(std::string(output.at("path"))), output.at("sha256"));
    }
  }

  // The far worker is cut off in the midst of its work by `cut`, rules of iptables at its end of the cable.
  void partition(const std::vector<std::string>& cut) {
    const std::string job = submit("first");
    int executor = 0;
    ASSERT_TRUE(comes_true([&] { return (executor = stopped_child(far_->pid())) > 0; }));
    const auto cut_at = Clock::now();
    for (const std::string& rule : cut) ASSERT_TRUE(there_.run("iptables -A " + rule + " -j DROP"));
    // It stops itself: what worked on its tracks is killed.
    ASSERT_TRUE(comes_true([&] { return ::kill(executor, 0) != 0; }, 10'000)) << "it does not fence itself";
    const auto fenced_ms = std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - cut_at).count();
    EXPECT_LE(fenced_ms, 2000);  // a lease, and as long again for a test that looks late
    // Nobody else is there: nothing gets its name any more. What is claimed where answers get lost runs out as well.
    const Tree named = masters_of(work_.out() / "first");
    ASSERT_TRUE(comes_true([&] { return count(job, "leased") == 0; }));
    EXPECT_LT(count(job, "done"), kTracks);
    EXPECT_EQ(masters_of(work_.out() / "first"), named);
    const auto near = worker("near", here_);
    ASSERT_TRUE(comes_true([&] { return committed("near") >= 1; }));
    expect_done(job);
    EXPECT_FALSE(far_->ends_within(0));
    // As long as the cable is to be cut; then it takes part again.
    std::this_thread::sleep_until(cut_at + std::chrono::seconds(length(0, 40)));
    const Tree masters = masters_of(work_.out() / "first");
    const std::int64_t before = committed("far");
    for (const std::string& rule : cut) ASSERT_TRUE(there_.run("iptables -D " + rule + " -j DROP"));
    const auto healed_at = Clock::now();
    near->send(SIGTERM);
    EXPECT_EQ(near->wait().exit_code, 0);
    const std::string second = submit("second");
    ASSERT_TRUE(comes_true([&] { return committed("far") > before; }, 60'000)) << "it does not come back";
    const auto back_ms = std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - healed_at).count();
    std::printf("fenced itself %lld ms after the cut, first result %lld ms after it was mended\n",
                static_cast<long long>(fenced_ms), static_cast<long long>(back_ms));
    expect_done(second);
    EXPECT_EQ(masters_of(work_.out() / "first"), masters);
    far_->send(SIGTERM);
    EXPECT_EQ(far_->wait().exit_code, 0);
    const ProgramResult check = run_program({"store", "check", "sqlite:" + (work_.state() / "farm.sqlite").string()});
    EXPECT_EQ(check.exit_code, 0) << check.out << check.err;
  }

  Workspace work_;
  NetworkNamespace here_, there_;
  std::unique_ptr<RunningProgram> scheduler_, far_;
};

TEST_F(FarmPartition, AWorkerThatIsCutOffBothWaysFencesItselfAndComesBack) {
  partition({"INPUT -i cable", "OUTPUT -o cable"});
}

TEST_F(FarmPartition, AWorkerThatHearsNoAnswersFencesItselfAndComesBack) { partition({"INPUT -i cable"}); }

TEST_F(FarmPartition, AWorkerWhoseRequestsAreLostFencesItselfAndComesBack) { partition({"OUTPUT -o cable"}); }

}  // namespace
}  // namespace lathe::test
