#include "tests/scheduler/postgres_server.h"

#include <fcntl.h>
#include <pwd.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <stdexcept>
#include <thread>
#include <vector>

#include "scheduler/store/postgres_database.h"

namespace lathe::scheduler {
namespace {

const std::string kPrograms = "/usr/lib/postgresql/15/bin/";

// As root does not: PostgreSQL refuses to run as root.
const passwd* owner() { return geteuid() == 0 ? getpwnam("postgres") : getpwuid(geteuid()); }

pid_t spawn(const std::vector<std::string>& command, const std::string& log) {
  const passwd* user = owner();
  const uid_t uid = user->pw_uid;
  const gid_t gid = user->pw_gid;
  std::vector<char*> arguments;
  for (const std::string& word : command) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  const pid_t pid = fork();
  if (pid != 0) return pid;
  const int out = open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0666);
  dup2(out, 1);
  dup2(out, 2);
  if (geteuid() == 0 && (setgid(gid) != 0 || setuid(uid) != 0)) _exit(126);
  prctl(PR_SET_PDEATHSIG, SIGQUIT);  // it does not outlive the test
  execv(arguments[0], arguments.data());
  _exit(127);
}

}  // namespace

std::string PostgresServer::absence() {
  if (access((kPrograms + "initdb").c_str(), X_OK) != 0) return "PostgreSQL 15 is not installed";
  return owner() == nullptr ? "PostgreSQL is not installed whole: there is no user 'postgres'" : "";
}

PostgresServer& PostgresServer::shared() {
  static PostgresServer server;
  return server;
}

PostgresServer::PostgresServer(const std::string& folder) : folder_(folder) {
  if (folder_.empty()) {
    temporary_ = std::make_unique<TemporaryFolder>();
    folder_ = temporary_->path();
  }
  std::filesystem::permissions(folder_, std::filesystem::perms(0755));
  if (geteuid() == 0 && chown(folder_.c_str(), owner()->pw_uid, owner()->pw_gid) != 0) {
    throw std::runtime_error("cannot give " + folder_ + " to postgres");
  }
  int status = 0;
  const pid_t initdb = spawn({kPrograms + "initdb", "-N", "-D", folder_ + "/data", "-E", "UTF8", "--locale=C.UTF-8",
                              "-A", "trust", "-U", "lathe"},
                             folder_ + "/initdb.log");
  if (waitpid(initdb, &status, 0) != initdb || status != 0) throw std::runtime_error("initdb failed in " + folder_);
  start();
}

PostgresServer::~PostgresServer() {
  if (pid_ <= 0) return;
  ::kill(pid_, SIGQUIT);  // at once; nobody needs the data any more
  waitpid(pid_, nullptr, 0);
}

void PostgresServer::start() {
  const auto started = std::chrono::steady_clock::now();
  for (pid_ = -1;;) {
    // It ends at once while a server that was killed has children left.
    if (pid_ <= 0 || waitpid(pid_, nullptr, WNOHANG) == pid_) {
      pid_ = spawn({kPrograms + "postgres", "-D", folder_ + "/data", "-k", folder_, "-h", "", "-c", "fsync=on", "-c",
                    "max_connections=100", "-c", "shared_buffers=128MB", "-c", "max_wal_size=2GB"},
                   folder_ + "/server.log");
    }
    try {
      PostgresConnection(url(), "the test's store");
      return;
    } catch (const std::exception& error) {
      if (std::chrono::steady_clock::now() - started > std::chrono::seconds(30)) {
        throw std::runtime_error(std::string("PostgreSQL does not start: ") + error.what());
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
  }
}

void PostgresServer::kill() {
  ::kill(pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
  pid_ = -1;
}

std::string PostgresServer::url(const std::string& schema) const {
  return "postgresql:///postgres?user=lathe&host=" + folder_ + "&options=-csearch_path%3D" + schema;
}

void PostgresServer::make_schema(const std::string& schema) const {
  PostgresConnection(url(), "the test's store").run_script("CREATE SCHEMA " + schema);
}

}  // namespace lathe::scheduler
