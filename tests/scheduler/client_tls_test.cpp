// The client's line over TLS: who is let in, who is believed, and that a token may go there.
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "scheduler/client/farm_connection.h"
#include "tests/scheduler/fake_farm.h"

namespace lathe::test {
namespace {

using scheduler::FarmConnection;
using scheduler::FarmError;
using scheduler::FarmFault;
using scheduler::FarmOptions;
using namespace std::chrono_literals;
namespace fs = std::filesystem;

class ClientTls : public ::testing::Test {
 protected:
  ClientTls() : folder_(fs::temp_directory_path() / ("client-tls-" + std::to_string(::getpid()))) {
    fs::create_directories(folder_);
  }
  ~ClientTls() override { fs::remove_all(folder_); }

  void SetUp() override {
    if (!openssl("version")) GTEST_SKIP() << "no openssl to make certificates";
    authority("ca");
    authority("stranger");
    certify("server", "ca", "subjectAltName=DNS:farm.test,IP:127.0.0.1");
    certify("client", "ca", "subjectAltName=DNS:client.test");
    farm_.emplace(FakeCertificates{text("ca.pem"), text("server.pem"), text("server.key")});
  }

  bool openssl(const std::string& arguments) const {
    return std::system(("cd " + folder_.string() + " && openssl " + arguments + " >/dev/null 2>&1").c_str()) == 0;
  }
  void authority(const std::string& name) {
    ASSERT_TRUE(openssl("req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=" + name +
                        " -keyout " + name + ".key -out " + name + ".pem"));
  }
  void certify(const std::string& name, const std::string& by, const std::string& extension) {
    std::ofstream(folder_ / "extension") << extension << "\n";
    ASSERT_TRUE(openssl("req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN=" + name + " -keyout " +
                        name + ".key -out " + name + ".csr"));
    ASSERT_TRUE(openssl("x509 -req -in " + name + ".csr -CA " + by + ".pem -CAkey " + by +
                        ".key -CAcreateserial -days 2 -extfile extension -out " + name + ".pem"));
  }
  std::string file(const std::string& name) const { return (folder_ / name).string(); }
  std::string text(const std::string& name) const {
    std::ifstream stream(folder_ / name);
    return {std::istreambuf_iterator<char>(stream), {}};
  }
  FarmOptions options() const {
    FarmOptions options;
    options.scheduler = farm_->address();
    options.first_patience = 500ms;
    options.tls_ca = file("ca.pem");
    options.tls_cert = file("client.pem");
    options.tls_key = file("client.key");
    return options;
  }
  static bool is_reached(const FarmOptions& options) {
    try {
      FarmConnection(options).call(v1::ListJobsRequest());
      return true;
    } catch (const FarmError& error) {
      EXPECT_EQ(error.fault(), FarmFault::unreachable) << error.what();
      return false;
    }
  }

  fs::path folder_;
  std::optional<FakeFarm> farm_;
};

TEST_F(ClientTls, ACertificateLetsInAndATokenGoesWithIt) {
  farm_->token = "secret";
  FarmOptions right = options();
  right.token = "secret";
  EXPECT_TRUE(is_reached(right));
}

TEST_F(ClientTls, WithoutACertificateNobodyIsLetIn) {
  FarmOptions without = options();
  without.tls_cert = without.tls_key = "";
  EXPECT_FALSE(is_reached(without));
}

TEST_F(ClientTls, ASchedulerThatAStrangerVouchesForIsNotSpokenTo) {
  FarmOptions other = options();
  other.tls_ca = file("stranger.pem");
  EXPECT_FALSE(is_reached(other));
  EXPECT_EQ(farm_->calls("ListJobs"), 0);
}

TEST_F(ClientTls, TheNameInTheCertificateMustBeTheOneAskedFor) {
  FarmOptions named = options();
  named.tls_name = "farm.test";
  EXPECT_TRUE(is_reached(named));
  named.tls_name = "elsewhere.test";
  EXPECT_FALSE(is_reached(named));
}

TEST_F(ClientTls, FilesThatAreNotThereAreSaidAtOnce) {
  FarmOptions wrong = options();
  wrong.tls_ca = file("none.pem");
  EXPECT_THROW(FarmConnection{wrong}, std::invalid_argument);
  wrong = options();
  wrong.tls_key = "";
  EXPECT_THROW(FarmConnection{wrong}, std::invalid_argument);
}

}  // namespace
}  // namespace lathe::test
