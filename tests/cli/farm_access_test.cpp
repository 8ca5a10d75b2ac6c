// Who is let in and who is not: tokens, certificates, roots, and what strangers send to the port.
#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>

#include "scheduler/worker/digest.h"
#include "tests/cli/farm.h"

namespace lathe::test {
namespace {

class FarmAccess : public testing::Test {
 protected:
  void SetUp() override { write_short_tracks(work_.in(), 3); }

  std::string file(const std::string& name) const { return (work_.root() / name).string(); }
  // A line of the token file, and a file with the token itself.
  void token(const std::string& name, const std::string& role, const std::string& expires = {}) const {
    const std::string secret = "secret-of-" + name;
    spill(file(name + ".token"), secret + "\n");
    std::ofstream(file("tokens"), std::ios::app)
        << name << " " << role << " " << scheduler::sha256_hex(secret) << " " << expires << "\n";
  }
  ProgramResult as(const Farm& farm, const std::string& name, std::vector<std::string> arguments) const {
    arguments.insert(arguments.end(), {"--token-file", file(name + ".token")});
    return farm.run(arguments);
  }
  bool openssl(const std::string& arguments) const {
    return std::system(("cd " + work_.root().string() + " && openssl " + arguments + " >/dev/null 2>&1").c_str()) == 0;
  }
  void authority(const std::string& name) const {
    ASSERT_TRUE(openssl("req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=" + name +
                        " -keyout " + name + ".key -out " + name + ".pem"));
  }
  void certify(const std::string& name, const std::string& by, const std::string& names,
               const std::string& days) const {
    spill(file("extension"), "subjectAltName=" + names + "\n");
    ASSERT_TRUE(openssl("req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN=" + name + " -keyout " +
                        name + ".key -out " + name + ".csr"));
    ASSERT_TRUE(openssl("x509 -req -in " + name + ".csr -CA " + by + ".pem -CAkey " + by + ".key -CAcreateserial " +
                        days + " -extfile extension -out " + name + ".pem"));
  }
  std::vector<std::string> submission() const {
    return {"submit", work_.in().string(), "--out", work_.out().string(), "--json"};
  }

  Workspace work_;
};

TEST_F(FarmAccess, RolesDecideWhatATokenMayDo) {
  token("vera", "viewer");
  token("sam", "submitter");
  token("olga", "operator");
  token("anna", "admin");
  token("late", "admin", "2020-01-01");
  FarmSetting setting;
  setting.workers = 0;
  setting.scheduler_options = {"--tokens", file("tokens")};
  const Farm farm(work_.root() / "farm", setting);
  EXPECT_EQ(farm.run({"list"}).exit_code, 4);  // no token
  EXPECT_EQ(as(farm, "late", {"list"}).exit_code, 4);
  EXPECT_EQ(as(farm, "vera", {"list"}).exit_code, 0);
  const ProgramResult refused = as(farm, "vera", submission());
  EXPECT_EQ(refused.exit_code, 4);
  EXPECT_NE(refused.err.find("submitter"), std::string::npos) << refused.err;
  EXPECT_EQ(as(farm, "sam", submission()).exit_code, 0);
  EXPECT_EQ(as(farm, "sam", {"priority", "1", "5"}).exit_code, 4);
  EXPECT_EQ(as(farm, "olga", {"priority", "1", "5"}).exit_code, 0);
  EXPECT_EQ(as(farm, "olga", {"calls"}).exit_code, 4);
  const ProgramResult calls = as(farm, "anna", {"calls", "--json"});
  EXPECT_EQ(calls.exit_code, 0) << calls.err;
  for (const char* noted : {"token:sam", "token:olga", "CreateJob", "SealJob", "UpdateJob", "PERMISSION_DENIED"})
    EXPECT_NE(calls.out.find(noted), std::string::npos) << noted << " is not in " << calls.out;
  // A person's token is no worker's.
  ProgramCall worker;
  worker.arguments = {"worker",
                      "--scheduler",
                      farm.address(),
                      "--state-dir",
                      work_.state().string(),
                      "--token-file",
                      file("olga.token"),
                      "--backend",
                      "cpu",
                      "--jobs",
                      "1"};
  EXPECT_EQ(run_program(worker).exit_code, 4);
}

TEST_F(FarmAccess, CertificatesNameTheirRoleAndAnExpiredOneIsRefused) {
  if (!openssl("version")) GTEST_SKIP() << "no openssl to make certificates";
  authority("ca");
  authority("stranger");
  certify("server", "ca", "DNS:localhost,IP:127.0.0.1", "-days 2");
  certify("worker", "ca", "URI:lathe://worker/w0", "-days 2");
  certify("person", "ca", "URI:lathe://submitter/sam", "-days 2");
  certify("expired", "ca", "URI:lathe://admin/old", "-days -1");
  certify("foreign", "stranger", "URI:lathe://admin/eve", "-days 2");
  FarmSetting setting;
  setting.workers = 1;
  setting.scheduler_options = {"--tls-cert",       file("server.pem"), "--tls-key",
                               file("server.key"), "--tls-client-ca",  file("ca.pem")};
  setting.worker_options = {"--tls-ca",         file("ca.pem"), "--tls-cert",
                            file("worker.pem"), "--tls-key",    file("worker.key")};
  const Farm farm(work_.root() / "farm", setting);
  const auto with = [&](const std::string& who, std::vector<std::string> arguments) {
    arguments.insert(arguments.end(), {"--tls-ca", file("ca.pem"), "--tls-cert", file(who + ".pem"), "--tls-key",
                                       file(who + ".key"), "--patience", "1"});
    return farm.run(arguments);
  };
  std::vector<std::string> waiting = submission();
  waiting.push_back("--wait");
  const ProgramResult done = with("person", waiting);
  EXPECT_EQ(done.exit_code, 0) << done.err;
  EXPECT_EQ(with("worker", {"list"}).exit_code, 4);
  EXPECT_EQ(with("expired", {"list"}).exit_code, 3);
  EXPECT_EQ(with("foreign", {"list"}).exit_code, 3);
  EXPECT_EQ(farm.run({"list", "--patience", "1"}).exit_code, 3);  // in clear
  EXPECT_EQ(with("person", {"list"}).exit_code, 0);               // it is still up
}

TEST_F(FarmAccess, WithoutTlsNoOtherAddressIsServed) {
  ProgramCall call;
  call.arguments = {"scheduler", "--listen", "0.0.0.0:0", "--state-dir", work_.state().string()};
  const ProgramResult result = run_program(call);
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_NE(result.err.find("--tls-cert"), std::string::npos) << result.err;
}

TEST_F(FarmAccess, PathsOutsideOfTheRootsAreRefusedAlsoThroughLinks) {
  FarmSetting setting;
  setting.workers = 1;
  setting.scheduler_options = {"--root", work_.in().string(), "--root", work_.out().string()};
  setting.worker_options = setting.scheduler_options;
  const Farm farm(work_.root() / "farm", setting);
  const fs::path outside = work_.root() / "outside";
  write_short_tracks(outside, 1);
  EXPECT_EQ(farm.run({"submit", outside.string(), "--out", work_.out().string()}).exit_code, 4);
  EXPECT_EQ(farm.run({"submit", work_.in().string(), "--out", (work_.root() / "elsewhere").string()}).exit_code, 4);
  fs::create_directories(work_.in() / "linked");
  fs::create_symlink(outside / "album0" / "t00000.wav", work_.in() / "linked" / "l.wav");
  const ProgramResult linked =
      farm.run({"submit", (work_.in() / "linked").string(), "--out", (work_.out() / "l").string(), "--wait", "--json"});
  EXPECT_NE(linked.exit_code, 0);
  EXPECT_NE(linked.out.find("outside of the folders"), std::string::npos) << linked.out;
  EXPECT_FALSE(fs::exists(work_.out() / "l" / "l.wav"));
  // Nor does a link that lies in the output folder lead masters elsewhere.
  fs::remove_all(work_.in() / "linked");
  fs::create_directories(work_.out());
  const fs::path elsewhere = work_.root() / "elsewhere";
  fs::create_directories(elsewhere);
  fs::create_directory_symlink(elsewhere, work_.out() / "album0");
  const ProgramResult led =
      farm.run({"submit", work_.in().string(), "--out", work_.out().string(), "--wait", "--json"});
  EXPECT_EQ(led.exit_code, 1) << led.err;
  EXPECT_NE(led.out.find("outside of the folders"), std::string::npos) << led.out;
  EXPECT_TRUE(fs::is_empty(elsewhere));
}

TEST_F(FarmAccess, SubmittersSteerTheirOwnJobsAndOperatorsAll) {
  for (const char* name : {"sam", "sue"}) token(name, "submitter");
  token("olga", "operator");
  FarmSetting setting;
  setting.workers = 0;
  setting.scheduler_options = {"--tokens", file("tokens")};
  const Farm farm(work_.root() / "farm", setting);
  ASSERT_EQ(as(farm, "sam", submission()).exit_code, 0);
  for (const char* verb : {"pause", "resume", "cancel", "retry"}) {
    const ProgramResult refused = as(farm, "sue", {verb, "1"});
    EXPECT_EQ(refused.exit_code, 4) << verb;
    EXPECT_NE(refused.err.find("operator"), std::string::npos) << refused.err;
  }
  EXPECT_EQ(as(farm, "sue", {"status", "1"}).exit_code, 0) << "all may look";
  EXPECT_EQ(as(farm, "sam", {"pause", "1"}).exit_code, 0);
  EXPECT_EQ(as(farm, "olga", {"resume", "1"}).exit_code, 0);
  EXPECT_EQ(as(farm, "sam", {"cancel", "1"}).exit_code, 0);
}

TEST_F(FarmAccess, ASocketThatIsServedIsNotTakenFromItsScheduler) {
  FarmSetting setting;
  setting.workers = 0;
  setting.scheduler_options = {"--listen", "unix:" + file("s")};
  const Farm farm(work_.root() / "farm", setting);
  ProgramCall other;
  other.arguments = {"scheduler", "--listen", "unix:" + file("s"), "--state-dir", file("other")};
  const ProgramResult refused = run_program(other);
  EXPECT_EQ(refused.exit_code, 2);
  EXPECT_NE(refused.err.find("in use"), std::string::npos) << refused.err;
  EXPECT_TRUE(fs::exists(file("s")));
}

TEST_F(FarmAccess, GarbageOnThePortHarmsNobody) {
  FarmSetting setting;
  setting.workers = 0;
  const Farm farm(work_.root() / "farm", setting);
  const std::string address = farm.address();
  const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  to.sin_port = htons(static_cast<std::uint16_t>(std::stoi(address.substr(address.rfind(':') + 1))));
  ASSERT_EQ(::connect(fd, reinterpret_cast<sockaddr*>(&to), sizeof to), 0);
  std::string garbage(10 << 20, '\0');
  std::uint32_t state = 1;
  for (char& byte : garbage) byte = static_cast<char>((state = state * 1664525 + 1013904223) >> 24);
  for (std::size_t at = 0; at < garbage.size();) {
    const ssize_t sent = ::send(fd, garbage.data() + at, garbage.size() - at, MSG_NOSIGNAL);
    if (sent <= 0) break;  // hung up on: that is right
    at += static_cast<std::size_t>(sent);
  }
  ::close(fd);
  EXPECT_EQ(farm.run({"list"}).exit_code, 0);
  EXPECT_EQ(farm.run(submission()).exit_code, 0);
}

}  // namespace
}  // namespace lathe::test
