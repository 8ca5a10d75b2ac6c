// Which backend a batch takes: on this machine as it is, under a driver that is none, and without the CUDA toolkit.
#include <gtest/gtest.h>
#include <sndfile.h>

#include "tests/cli/music.h"
#include "tests/cli/workspace.h"

namespace lathe::test {
namespace {

constexpr const char* kToolkit = "/usr/local/cuda";
constexpr const char* kStubDriver = "/usr/local/cuda/lib64/stubs/libcuda.so";

class MasterBackend : public ::testing::Test {
 protected:
  void SetUp() override {
    Random random = seeded(71);
    write_sound(work_.in() / "a.wav", wandering(random, 44100, 2, 2, 0.4), {SF_FORMAT_WAV, SF_FORMAT_PCM_16});
  }

  // What `lathe doctor` says of the GPU in such a world.
  nlohmann::json gpu_in(ProgramCall world) const {
    world.arguments = {"doctor", "--json"};
    world.environment["LATHE_STATE_DIR"] = work_.state().string();
    const ProgramResult run = run_program(world);
    EXPECT_EQ(run.exit_code, 0) << run.err;
    return run.json().at("gpu");
  }

  ProgramResult master_in(const ProgramCall& world, const std::vector<std::string>& more) const {
    ProgramCall call = work_.master_call(more);
    call.environment.insert(world.environment.begin(), world.environment.end());
    call.hidden_folder = world.hidden_folder;
    return run_program(call);
  }

  // `auto` masters, on the GPU that doctor found or on the CPU for the reason that doctor gives; `cuda` where there is
  // none is refused. Whatever the world, nothing crashes.
  void expect_lathe_to_cope_with(const ProgramCall& world) const {
    const nlohmann::json gpu = gpu_in(world);
    const ProgramResult run = master_in(world, {"--json", "--no-cache"});
    ASSERT_EQ(run.exit_code, 0) << run.err;
    const nlohmann::json report = run.json();
    const std::string backend = report.at("backend").get<std::string>();
    EXPECT_EQ(states_of(report).at("a.wav"), "DONE");
    if (gpu.at("state") == "usable") {
      EXPECT_TRUE(backend.starts_with("cuda/sm_")) << backend;
      EXPECT_NE(report.at("device"), "");
      const ProgramResult asked = master_in(world, {"--json", "--no-cache", "--backend", "cuda"});
      EXPECT_EQ(asked.json().at("backend"), backend) << asked.err;
      return;
    }
    EXPECT_TRUE(backend.starts_with("cpu/")) << backend;
    EXPECT_EQ(report.at("backend_reason"), gpu.at("state"));
    EXPECT_FALSE(report.contains("device"));
    expect_cuda_to_be_refused(world, gpu.at("state").get<std::string>());
  }

  // Before anything is looked at: of many mistakes the backend is the one that is named.
  void expect_cuda_to_be_refused(const ProgramCall& world, const std::string& reason) const {
    ProgramCall call = world;
    const fs::path out = work_.root() / "never";
    call.arguments = {
        "master", (work_.root() / "nowhere").string(), "--out", out.string(), "--recipe", "none.yaml", "--backend",
        "cuda"};
    const ProgramResult run = run_program(call);
    EXPECT_EQ(run.exit_code, 2);
    EXPECT_NE(run.err.find("--backend cuda: " + reason), std::string::npos) << run.err;
    EXPECT_EQ(run.err.find("nowhere"), std::string::npos) << run.err;
    EXPECT_EQ(run.err.find("none.yaml"), std::string::npos) << run.err;
    EXPECT_EQ(run.out, "");
    EXPECT_FALSE(fs::exists(out));
  }

  bool is_built_with_cuda() const { return !gpu_in({}).at("cuda_runtime").is_null(); }

  Workspace work_;
};

TEST_F(MasterBackend, AutoTakesTheGpuOrSaysWhyNot) { expect_lathe_to_cope_with({}); }

TEST_F(MasterBackend, CpuIsTakenWhereItIsAskedFor) {
  const nlohmann::json report = work_.master({"--json", "--backend", "cpu"}).json();
  EXPECT_TRUE(report.at("backend").get<std::string>().starts_with("cpu/"));
  EXPECT_EQ(report.at("backend_reason"), "asked for");
}

TEST_F(MasterBackend, TheReasonIsSaidToPeopleTooUnlessTheyWantQuiet) {
  const nlohmann::json gpu = gpu_in({});
  if (gpu.at("state") == "usable") GTEST_SKIP() << "there is a GPU";
  if (!is_built_with_cuda()) GTEST_SKIP() << "a build for the CPU alone has nothing to say";
  const std::string reason = gpu.at("state").get<std::string>();
  EXPECT_NE(work_.master({"--no-cache"}).err.find("on the CPU: " + reason), std::string::npos);
  EXPECT_EQ(work_.master({"--no-cache", "--backend", "cpu"}).err.find(reason), std::string::npos);
  EXPECT_EQ(work_.master({"--no-cache", "-q"}).err, "");
}

TEST_F(MasterBackend, DoctorTellsPeopleWhatItTellsPrograms) {
  ProgramCall call;
  call.arguments = {"doctor"};
  call.environment["LATHE_STATE_DIR"] = work_.state().string();
  const std::string text = run_program(call).out;
  const nlohmann::json gpu = gpu_in({});
  if (gpu.at("state") != "usable") {
    EXPECT_NE(text.find("gpu        none: " + gpu.at("state").get<std::string>() + "\n"), std::string::npos) << text;
  }
  for (const auto& device : gpu.at("devices"))
    EXPECT_NE(text.find("gpu        " + device.at("name").get<std::string>()), std::string::npos) << text;
  if (is_built_with_cuda()) {
    EXPECT_NE(text.find("cuFFT " + gpu.at("cufft").get<std::string>()), std::string::npos) << text;
  }
}

TEST_F(MasterBackend, HiddenDevicesAreNone) {
  ProgramCall world;
  world.environment["CUDA_VISIBLE_DEVICES"] = "";
  EXPECT_NE(gpu_in(world).at("state"), "usable");
  expect_lathe_to_cope_with(world);
}

TEST_F(MasterBackend, TheToolkitsStubIsNoDriver) {
  if (!fs::exists(kStubDriver)) GTEST_SKIP() << "there is no " << kStubDriver;
  ProgramCall world;
  fs::create_directory(work_.root() / "driver");
  fs::create_symlink(kStubDriver, work_.root() / "driver/libcuda.so.1");
  world.environment["LD_LIBRARY_PATH"] = (work_.root() / "driver").string();
  const std::string state = gpu_in(world).at("state").get<std::string>();
  if (is_built_with_cuda()) {
    EXPECT_NE(state.find("stub"), std::string::npos) << state;
  }
  expect_lathe_to_cope_with(world);
}

TEST_F(MasterBackend, WithoutTheToolkitThereIsNoCufftAndNoHarm) {
  ProgramCall world;
  world.environment = {{"CUDA_HOME", ""}, {"CUDA_PATH", ""}};
  if (fs::exists(kToolkit)) world.hidden_folder = fs::canonical(kToolkit).string();
  ProgramCall look = world;
  look.arguments = {"--version"};
  if (run_program(look).exit_code == kCannotHide) GTEST_SKIP() << "hiding " << kToolkit << " takes root's rights";
  const std::string cufft = gpu_in(world).at("cufft").get<std::string>();
  if (cufft.find('/') != std::string::npos) GTEST_SKIP() << "cuFFT is elsewhere as well: " << cufft;
  EXPECT_EQ(cufft.find("cuFFT was not found") != std::string::npos, is_built_with_cuda()) << cufft;
  expect_lathe_to_cope_with(world);
}

}  // namespace
}  // namespace lathe::test
