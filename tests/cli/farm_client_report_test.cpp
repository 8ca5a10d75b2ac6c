// Reports of a farm's jobs are the documents that the same work gives on one machine.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sndfile.h>

#include "host/audit/file_auditor.h"
#include "host/audit/identifiers.h"
#include "host/audit/verdict.h"
#include "host/report/audit_file_json.h"
#include "tests/cli/music.h"
#include "tests/cli/workspace.h"
#include "tests/scheduler/fake_farm.h"

namespace lathe::test {
namespace {

using ::testing::HasSubstr;
using Json = nlohmann::ordered_json;

class FarmClientReport : public ::testing::Test {
 protected:
  void SetUp() override {
    Random random = seeded(71);
    write_sound(work_.in() / "a" / "1.wav", wandering(random, 44100, 2, 4, 0.4), kWav24);
    write_sound(work_.in() / "a" / "2.flac", wandering(random, 48000, 1, 3, 0.3), {SF_FORMAT_FLAC, SF_FORMAT_PCM_16});
    write_sound(work_.in() / "b" / "3.wav", wandering(random, 44100, 2, 3, 0.1), kWav24);
    spill(work_.in() / "b" / "4.wav", "no audio");
  }

  ProgramResult lathe(std::vector<std::string> arguments) const {
    arguments.insert(arguments.end(), {"--scheduler", farm_.address(), "--patience", "5"});
    return run_program(arguments);
  }

  // As a worker ends the tasks of a master job, by what `lathe master` gave for the same tracks.
  void end_as(std::int64_t job, const Json& local) {
    for (std::size_t i = 0; i < local.at("tracks").size(); ++i) {
      Json track = local.at("tracks")[i];
      const std::string state = track.at("state");
      track.erase("state");
      if (state == "DONE") {
        track["engine"] = "lathe 0.1.0";
        track["backend"] = "cpu/test";
        track["busy"] = {{"decode", 0.5}, {"kernels", 1.0}, {"limiter", 0.0}, {"encode", 0.0}, {"io", 0.0}};
        farm_.end_task(job, static_cast<std::int64_t>(i), v1::TASK_STATE_DONE, track.dump());
      } else {
        farm_.end_task(job, static_cast<std::int64_t>(i), v1::TASK_STATE_FAILED, "", track.at("reason_code"),
                       track.at("reason"));
      }
    }
  }

  // As a worker measures a file: what `lathe audit` would report of it alone.
  static std::string measured(const std::string& path, const DeliveryProfile& profile) {
    FileAuditor auditor;
    const std::atomic<bool> never{false};
    FileAudit file = auditor.audit(path, {}, never);
    if (file.state != AuditState::unreadable) {
      for (AuditFinding& finding : check_identifiers(file.tags)) file.findings.push_back(std::move(finding));
    }
    file.profiles.push_back(judge(profile, file));
    return audit_file_json(file);
  }

  void end_audit(std::int64_t job) {
    const DeliveryProfile profile = load_profile("ebu-r128");
    const auto inputs = farm_.with([](const std::vector<FakeJob>& jobs) {
      std::vector<std::string> all;
      for (const v1::Task& task : jobs.back().tasks) all.push_back(task.spec().input());
      return all;
    });
    for (std::size_t i = 0; i < inputs.size(); ++i)
      farm_.end_task(job, static_cast<std::int64_t>(i), v1::TASK_STATE_DONE, measured(inputs[i], profile));
  }

  // Without what a clock says, and who did it.
  static Json timeless(Json doc) {
    for (const char* key : {"wall_s", "realtime_factor", "busy"}) doc["summary"].erase(key);
    for (const char* key : {"backend", "backend_reason"}) doc.erase(key);
    for (Json& track : doc["tracks"]) {
      for (const char* key : {"backend", "busy"}) track.erase(key);
    }
    return doc;
  }

  Workspace work_;
  FakeFarm farm_;
};

TEST_F(FarmClientReport, AMasterJobsReportAndManifestAreThoseOfLatheMaster) {
  const ProgramResult local = work_.master({"--json"});
  ASSERT_EQ(local.exit_code, 1) << local.err;
  const Json want = Json::parse(local.out);
  const std::string manifest = slurp(work_.out() / "lathe-manifest.json");
  fs::remove(work_.out() / "lathe-manifest.json");
  farm_.on_sealed = [&](std::int64_t job) { end_as(job, want); };
  const ProgramResult run = lathe({"submit", work_.in().string(), "--out", work_.out().string(), "--wait", "--json"});
  EXPECT_EQ(run.exit_code, 1) << run.err;
  const Json got = Json::parse(run.out);
  EXPECT_EQ(timeless(got).dump(1), timeless(want).dump(1));
  EXPECT_EQ(got.at("backend"), "cpu/test");
  EXPECT_EQ(got.at("summary").at("wall_s"), 60.0);
  EXPECT_EQ(got.at("summary").at("busy").at("kernels"), 3.0);
  EXPECT_EQ(slurp(work_.out() / "lathe-manifest.json"), manifest);
}

// What another run has written since is not the earlier job's, though it is as large.
TEST_F(FarmClientReport, AnEarlierJobSaysNothingOfALaterOnesMasters) {
  fs::remove(work_.in() / "b/4.wav");
  const std::string out = work_.out().string(), in = work_.in().string();
  const fs::path manifest = work_.out() / "lathe-manifest.json", sentinel = work_.out() / "BatchComplete.json";
  std::vector<std::string> manifests;
  for (const char* target : {"loudness.target_lufs=-20", "loudness.target_lufs=-24"}) {
    const ProgramResult local = work_.master({"--json", "--set", target});
    ASSERT_EQ(local.exit_code, 0) << local.err;
    farm_.on_sealed = [&](std::int64_t job) { end_as(job, Json::parse(local.out)); };
    ASSERT_EQ(lathe({"submit", in, "--out", out, "--set", target, "--wait"}).exit_code, 0);
    EXPECT_TRUE(fs::exists(sentinel));
    manifests.push_back(slurp(manifest));
  }
  ASSERT_NE(manifests[0], manifests[1]);
  {
    const Untouched same(work_.out());
    const ProgramResult run = lathe({"report", "1", "--manifest"});
    EXPECT_EQ(run.exit_code, 0) << run.err;
    EXPECT_THAT(run.err, HasSubstr("job 2 came later into " + out));
  }
  farm_.on_sealed = nullptr;  // the third is under way
  ASSERT_EQ(lathe({"submit", in, "--out", out}).exit_code, 0);
  EXPECT_FALSE(fs::exists(sentinel));
  EXPECT_EQ(lathe({"report", "2", "--manifest"}).exit_code, 0);
  EXPECT_FALSE(fs::exists(sentinel)) << "a job is at work there: " << slurp(sentinel);
  EXPECT_EQ(slurp(manifest), manifests[1]);
}

// Two albums into one folder, and the manifests afterwards: each job names its own.
TEST_F(FarmClientReport, JobsOfOtherTracksIntoOneFolderShareItsManifest) {
  fs::remove(work_.in() / "b/4.wav");
  for (const char* album : {"a", "b"}) {
    const std::string in = (work_.in() / album).string();
    const ProgramResult local = work_.master({in, "--json"});
    farm_.on_sealed = [&](std::int64_t job) { end_as(job, Json::parse(local.out)); };
    ASSERT_EQ(lathe({"submit", in, "--out", work_.out().string()}).exit_code, 0);
  }
  const fs::path manifest = work_.out() / "lathe-manifest.json", sentinel = work_.out() / "BatchComplete.json";
  fs::remove(manifest);
  EXPECT_EQ(lathe({"report", "2", "--manifest"}).exit_code, 0);
  EXPECT_TRUE(fs::exists(sentinel));
  EXPECT_EQ(lathe({"report", "1", "--manifest"}).exit_code, 0);
  EXPECT_EQ(Json::parse(slurp(manifest)).at("tracks").size(), 3u);
  EXPECT_FALSE(fs::exists(sentinel)) << "it vouched for the manifest of one album";
  EXPECT_EQ(lathe({"report", "2", "--manifest"}).exit_code, 0);
  EXPECT_TRUE(fs::exists(sentinel));
}

TEST_F(FarmClientReport, AMasterJobsReportComesInAllFormats) {
  const ProgramResult local = work_.master({"--json"});
  farm_.on_sealed = [&](std::int64_t job) { end_as(job, Json::parse(local.out)); };
  ASSERT_EQ(lathe({"submit", work_.in().string(), "--out", work_.out().string(), "--wait"}).exit_code, 1);
  const ProgramResult table = lathe({"report", "1"});
  EXPECT_EQ(table.exit_code, 1);
  EXPECT_THAT(table.out, HasSubstr("4 tracks: 3 mastered, 0 unchanged, 1 failed"));
  const ProgramResult csv = lathe({"report", "--latest", "--format", "csv"});
  EXPECT_THAT(csv.out, HasSubstr("input,state,reason_code"));
  EXPECT_THAT(csv.out, HasSubstr("4.wav\",FAILED"));
  const fs::path page = work_.root() / "report.html";
  EXPECT_EQ(lathe({"report", "latest", "--out", page.string()}).exit_code, 1);
  EXPECT_THAT(slurp(page), HasSubstr("<b class=\"FAIL\">FAILED</b>"));
  EXPECT_EQ(lathe({"report"}).exit_code, 2) << "which job?";
}

TEST_F(FarmClientReport, TracksThatHaveNotEndedAreCountedAsLeft) {
  farm_.on_sealed = [&](std::int64_t job) { farm_.end_task(job, 3, v1::TASK_STATE_FAILED, "", "CORRUPT", "damaged"); };
  ASSERT_EQ(lathe({"submit", work_.in().string(), "--out", work_.out().string()}).exit_code, 0);
  const ProgramResult run = lathe({"report", "1", "--json"});
  EXPECT_EQ(run.exit_code, 1);
  EXPECT_EQ(run.json().at("summary").at("left"), 3);
  EXPECT_EQ(run.json().at("tracks").size(), 1u);
}

TEST_F(FarmClientReport, AnAuditJobsReportIsThatOfLatheAudit) {
  for (const char* format : {"json", "csv", "table", "html"}) {
    SCOPED_TRACE(format);
    const ProgramResult local =
        run_program({"audit", work_.in().string(), "--profile", "ebu-r128", "--no-cache", "--format", format});
    farm_.on_sealed = [&](std::int64_t job) { end_audit(job); };
    ASSERT_EQ(lathe({"submit", work_.in().string(), "--audit", "--profile", "ebu-r128"}).exit_code, 0);
    const ProgramResult run = lathe({"report", "latest", "--format", format});
    EXPECT_EQ(run.exit_code, local.exit_code) << run.err;
    if (std::string(format) == "json") {
      Json got = Json::parse(run.out), want = Json::parse(local.out);
      EXPECT_EQ(timeless(got).dump(1), timeless(want).dump(1));
      EXPECT_EQ(got.at("albums").size(), 2u);
      EXPECT_EQ(got.at("albums").at(0).at("state"), "MEASURED");
    } else if (std::string(format) == "csv") {
      EXPECT_EQ(run.out, local.out);
    } else {
      EXPECT_THAT(run.out, HasSubstr("1.wav"));
    }
  }
}

TEST_F(FarmClientReport, AnAuditsManifestCountsAsItDoesOnOneMachine) {
  spill(work_.root() / "list.csv",
        "path,title,isrc\nin/a/1.wav,One,USRC17607839\nin/a/2.flac,Two,bad\nin/none.wav,None,\n");
  const std::string list = (work_.root() / "list.csv").string();
  const ProgramResult local = run_program({"audit", list, "--no-cache", "--profile", "ebu-r128", "--format", "json"});
  const DeliveryProfile profile = load_profile("ebu-r128");
  farm_.on_sealed = [&](std::int64_t job) {
    farm_.end_task(job, 0, v1::TASK_STATE_DONE, measured((work_.in() / "a/1.wav").string(), profile));
    farm_.end_task(job, 1, v1::TASK_STATE_DONE, measured((work_.in() / "a/2.flac").string(), profile));
    farm_.end_task(job, 2, v1::TASK_STATE_FAILED, "", "NOT_FOUND", "no such file");
  };
  ASSERT_EQ(lathe({"submit", list, "--audit", "--profile", "ebu-r128"}).exit_code, 0);
  const ProgramResult run = lathe({"report", "latest", "--json"});
  EXPECT_EQ(run.exit_code, 8) << run.err;
  const Json got = Json::parse(run.out), want = Json::parse(local.out);
  for (const std::size_t i : {0u, 1u}) EXPECT_EQ(got.at("files").at(i).dump(1), want.at("files").at(i).dump(1));
  EXPECT_EQ(got.at("files").at(2).at("state"), "UNREADABLE");
  EXPECT_THAT(got.at("files").at(2).at("reason").get<std::string>(), HasSubstr("list.csv:4"));
  EXPECT_EQ(got.at("summary").at("findings_by_code"), want.at("summary").at("findings_by_code"));
}

TEST_F(FarmClientReport, AnAuditWithoutPowersHasNoAlbumFigures) {
  farm_.on_sealed = [&](std::int64_t job) {
    const DeliveryProfile profile = load_profile("ebu-r128");
    for (int i = 0; i < 4; ++i) {
      const std::string input = farm_.with([i](const std::vector<FakeJob>& jobs) {
        return jobs.back().tasks.at(static_cast<std::size_t>(i)).spec().input();
      });
      Json result = Json::parse(measured(input, profile));
      result.erase("powers");
      farm_.end_task(job, i, v1::TASK_STATE_DONE, result.dump());
    }
  };
  ASSERT_EQ(lathe({"submit", work_.in().string(), "--audit", "--profile", "ebu-r128"}).exit_code, 0);
  const ProgramResult run = lathe({"report", "latest", "--json"});
  EXPECT_EQ(run.json().at("albums").at(0).at("integrated_lufs"), nullptr);
  EXPECT_NE(run.json().at("files").at(0).at("integrated_lufs"), nullptr);
}

}  // namespace
}  // namespace lathe::test
