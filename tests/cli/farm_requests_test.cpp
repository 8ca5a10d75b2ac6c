// The same request from many at once, and requests that are too large.
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <chrono>
#include <fstream>
#include <map>
#include <memory>
#include <set>

#include "lathe/v1/catalog.grpc.pb.h"
#include "lathe/v1/job.grpc.pb.h"
#include "lathe/v1/worker.grpc.pb.h"
#include "scheduler/client/farm_channel.h"
#include "scheduler/worker/digest.h"
#include "tests/cli/farm.h"
#include "tests/support/random.h"

namespace lathe::test {
namespace {

namespace v1 = lathe::v1;

class FarmRequests : public testing::Test {
 protected:
  Workspace work_;
};

TEST_F(FarmRequests, AHundredOfTheSameAtOnceAreOneJobWhoseTracksAreMasteredOnce) {
  constexpr int kAtOnce = 100, kTracksOfOneJob = 5;
  write_short_tracks(work_.in(), kTracksOfOneJob);
  Farm farm(work_.root() / "farm", {});
  const ProgramCall call = farm.call({"submit", work_.in().string(), "--out", work_.out().string(), "--request-id",
                                      "the-very-same", "--json", "--patience", "60"});
  std::vector<std::unique_ptr<RunningProgram>> submitters;
  for (int i = 0; i < kAtOnce; ++i) submitters.push_back(std::make_unique<RunningProgram>(call));
  std::set<std::int64_t> jobs;
  for (const auto& submitter : submitters) {
    const ProgramResult result = submitter->wait();
    ASSERT_EQ(result.exit_code, 0) << result.err;
    jobs.insert(result.json().at("job_id").get<std::int64_t>());
  }
  ASSERT_EQ(jobs.size(), 1);
  EXPECT_EQ(farm.run({"list", "--json"}).json().at("jobs").size(), 1);
  const std::string job = std::to_string(*jobs.begin());
  const nlohmann::json end = farm.wait_for_end(job);
  EXPECT_EQ(end.at("state"), "SUCCEEDED");
  EXPECT_EQ(end.at("counts").at("done"), kTracksOfOneJob);
  const nlohmann::json report = farm.run({"report", job, "--format", "json"}).json();
  ASSERT_EQ(report.at("tracks").size(), kTracksOfOneJob);
  for (const auto& track : report.at("tracks")) {
    EXPECT_EQ(track.at("state"), "DONE");
    for (const auto& output : track.at("outputs"))
      EXPECT_EQ(scheduler::file_sha256(std::string(output.at("path"))), output.at("sha256"));
  }
  for (int task = 1; task <= kTracksOfOneJob; ++task) {
    const ProgramResult explained = farm.run({"explain", std::to_string(task), "--json"});
    ASSERT_EQ(explained.exit_code, 0) << explained.err;
    EXPECT_EQ(explained.json().at("attempts"), 1) << explained.out;
  }
  EXPECT_NE(farm.run({"explain", std::to_string(kTracksOfOneJob + 1)}).exit_code, 0);
  EXPECT_EQ(count_masters(work_.out()), kTracksOfOneJob);
  farm.drain_worker(0);
  farm.drain_worker(1);
  farm.expect_sound();
}

TEST_F(FarmRequests, AMessageOverTheLimitIsRefusedAndTheSchedulerStaysUp) {
  FarmSetting setting;
  setting.workers = 0;
  const Farm farm(work_.root() / "farm", setting);
  scheduler::FarmDoor door;
  door.scheduler = farm.address();
  const auto channel = scheduler::make_farm_channel(door);
  const auto deadline = std::chrono::system_clock::now() + std::chrono::seconds(30);
  const std::string large(5 << 20, 'x');
  {
    grpc::ClientContext context;
    context.set_deadline(deadline);
    v1::CreateJobRequest create;
    create.set_request_id("large");
    create.mutable_spec()->mutable_master()->set_out_dir("/out");
    create.mutable_spec()->mutable_master()->set_recipe(large);
    v1::CreateJobResponse created;
    EXPECT_EQ(v1::JobService::NewStub(channel)->CreateJob(&context, create, &created).error_code(),
              grpc::StatusCode::RESOURCE_EXHAUSTED);
  }
  {
    grpc::ClientContext context;
    context.set_deadline(deadline);
    v1::CommitResultRequest commit;
    commit.set_result_json(large);
    v1::CommitResultResponse committed;
    EXPECT_EQ(v1::WorkerService::NewStub(channel)->CommitResult(&context, commit, &committed).error_code(),
              grpc::StatusCode::RESOURCE_EXHAUSTED);
  }
  {
    grpc::ClientContext context;
    context.set_deadline(deadline);
    v1::AddTasksResponse added;
    const auto stream = v1::CatalogService::NewStub(channel)->AddTasks(&context, &added);
    v1::AddTasksRequest piece;
    piece.add_tasks()->set_input(large);
    stream->Write(piece);
    stream->WritesDone();
    EXPECT_EQ(stream->Finish().error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  }
  const ProgramResult list = farm.run({"list", "--json"});
  EXPECT_EQ(list.exit_code, 0) << list.err;
  EXPECT_TRUE(list.json().at("jobs").empty()) << list.out;
  farm.expect_sound();
}

// Twelve hours: the loudness of each tenth of a second goes into an audit's result.
void write_very_long_track(const fs::path& path) {
  constexpr std::uint32_t kRate_hz = 8000, kSeconds = 12 * 3600, kBytes = kRate_hz * kSeconds;
  std::ofstream file(path, std::ios::binary);
  const auto number = [&file](std::uint32_t value, int bytes) {
    for (int i = 0; i < bytes; ++i) file.put(static_cast<char>(value >> (8 * i)));
  };
  file << "RIFF";
  number(36 + kBytes, 4);
  file << "WAVEfmt ";
  number(16, 4);
  number(1, 2);  // PCM
  number(1, 2);  // channel
  number(kRate_hz, 4);
  number(kRate_hz, 4);
  number(1, 2);  // byte a frame
  number(8, 2);  // bits
  file << "data";
  number(kBytes, 4);
  Random random = seeded(23);
  std::string second(kRate_hz, '\0');
  for (char& sample : second) sample = static_cast<char>(random.integer(64, 191));
  for (std::uint32_t i = 0; i < kSeconds; ++i) file << second;
  ASSERT_TRUE(file.flush());
}

TEST_F(FarmRequests, AResultOverTheLimitEndsItsTrackAndNotTheWorker) {
  write_short_tracks(work_.in(), 3);
  write_very_long_track(work_.in() / "long.wav");
  FarmSetting setting;
  setting.workers = 1;
  Farm farm(work_.root() / "farm", setting);
  const ProgramResult result =
      farm.run({"submit", work_.in().string(), "--audit", "--checks", "none", "--wait", "--json"});
  EXPECT_EQ(result.exit_code, 8) << result.err;
  std::map<std::string, std::string> codes;
  const nlohmann::json document = result.json();
  for (const auto& track : document.at("files"))
    codes[fs::path(std::string(track.at("path"))).filename()] = track.at("reason_code");
  EXPECT_EQ(codes, (std::map<std::string, std::string>{
                       {"long.wav", "RESULT_TOO_LARGE"}, {"t00000.wav", ""}, {"t00001.wav", ""}, {"t00002.wav", ""}}));
  farm.drain_worker(0);
  farm.expect_sound();
}

}  // namespace
}  // namespace lathe::test
