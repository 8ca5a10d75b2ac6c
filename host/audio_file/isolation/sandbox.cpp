// Limits by setrlimit, rights by prctl, system calls by seccomp. The list was found by running every kind of file
// through libFLAC and our own parsers; a call that is not on it is never carried out.
#include "host/audio_file/isolation/sandbox.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <ctime>
#include <memory>
#include <stdexcept>

#include "host/audio_file/isolation/wire.h"

namespace lathe::isolation {
namespace {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kIsSanitized = true;  // shadow memory is terabytes of addresses, and what is found is told on stderr
#else
constexpr bool kIsSanitized = false;
#endif

constexpr rlim_t kMemoryBytes = 1U << 30;
constexpr rlim_t kDescriptors = 8;
constexpr rlim_t kMostCpu_s = 24 * 3600;

struct FilterDeleter {
  void operator()(void* filter) const { ::seccomp_release(filter); }
};
using Filter = std::unique_ptr<void, FilterDeleter>;

template <class... Conditions>
void add(const Filter& filter, std::uint32_t action, int call, Conditions... conditions) {
  const std::array<scmp_arg_cmp, sizeof...(conditions)> all{conditions...};
  if (::seccomp_rule_add_array(filter.get(), action, call, sizeof...(conditions), all.data()) != 0)
    throw std::runtime_error("a rule of the decoders' filter of system calls was refused");
}

void allow(const Filter& filter) {
  constexpr std::uint32_t kAllow = SCMP_ACT_ALLOW;
  for (const int call :
       {SCMP_SYS(pread64), SCMP_SYS(close), SCMP_SYS(brk), SCMP_SYS(munmap), SCMP_SYS(mremap), SCMP_SYS(madvise),
        SCMP_SYS(getrandom), SCMP_SYS(clock_gettime), SCMP_SYS(gettid), SCMP_SYS(getpid), SCMP_SYS(rt_sigprocmask),
        SCMP_SYS(rt_sigreturn), SCMP_SYS(restart_syscall), SCMP_SYS(exit), SCMP_SYS(exit_group)}) {
    add(filter, kAllow, call);
  }
  for (const int call : {SCMP_SYS(recvmsg), SCMP_SYS(sendmsg)})
    add(filter, kAllow, call, SCMP_A0(SCMP_CMP_EQ, kDecoderSocket));
  // Memory, but none that can be run.
  add(filter, kAllow, SCMP_SYS(mmap), SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
  add(filter, kAllow, SCMP_SYS(mprotect), SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
  // Waking (1) and not waiting: there is one thread, and a wait would be a way to sleep.
  add(filter, kAllow, SCMP_SYS(futex), SCMP_A1(SCMP_CMP_MASKED_EQ, 0x7f, 1));
  // Its own processor time can be limited further, and nothing be asked.
  add(filter, kAllow, SCMP_SYS(prlimit64), SCMP_A0(SCMP_CMP_EQ, 0), SCMP_A1(SCMP_CMP_EQ, RLIMIT_CPU),
      SCMP_A3(SCMP_CMP_EQ, 0));
  if (kIsSanitized) {
    for (const int call : {SCMP_SYS(sigaltstack), SCMP_SYS(rt_sigaction), SCMP_SYS(sched_yield),
                           SCMP_SYS(sched_getaffinity), SCMP_SYS(nanosleep), SCMP_SYS(getrlimit),
                           // How it finds out whether memory can be read: by writing it into a pipe.
                           SCMP_SYS(pipe2), SCMP_SYS(pipe), SCMP_SYS(write), SCMP_SYS(writev)}) {
      add(filter, kAllow, call);
    }
    add(filter, SCMP_ACT_ERRNO(EACCES), SCMP_SYS(readlink));
#ifdef SYS_open
    // The maps of the process, for the stack in its report; the C library opens files by openat.
    add(filter, SCMP_ACT_ERRNO(EACCES), SCMP_SYS(open));
#endif
    add(filter, SCMP_ACT_ERRNO(ENOTTY), SCMP_SYS(ioctl));
  } else {
    // The C library says why it ends itself, to a standard error that is closed; then comes the abort, which is told.
    for (const int call : {SCMP_SYS(write), SCMP_SYS(writev)})
      add(filter, SCMP_ACT_ERRNO(EBADF), call, SCMP_A0(SCMP_CMP_EQ, STDERR_FILENO));
  }
}

void set_limit(__rlimit_resource which, rlim_t most) {
  const rlimit limit{most, most};
  ::setrlimit(which, &limit);
}

// In the place of the call: nothing here may do more than one is allowed to in a signal handler.
void on_trapped(int, siginfo_t* info, void* context) {
  const auto call = static_cast<std::int64_t>(info->si_syscall);
  bool is_abort = false;
#ifdef __x86_64__
  const auto* machine = static_cast<const ucontext_t*>(context);
  is_abort = call == SYS_tgkill && machine->uc_mcontext.gregs[REG_RDX] == SIGABRT;
#else
  (void)context;
#endif
  send_message(kDecoderSocket, is_abort ? Kind::aborted : Kind::forbidden,
               {reinterpret_cast<const char*>(&call), sizeof call});
  ::_exit(1);
}

}  // namespace

std::int64_t cpu_limit_s(std::int64_t file_bytes) {
  const char* said = std::getenv("LATHE_DECODER_CPU_S");
  const std::int64_t fixed = said != nullptr ? std::atoll(said) : 0;
  return (fixed > 0 ? fixed : 20) + file_bytes / (1 << 20);
}

std::vector<sock_filter> compile_filter() {
  // A filter at no address: EFAULT where filters are taken.
  if (::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, nullptr) == 0 || errno != EFAULT) {
    throw std::runtime_error(
        "this system takes no filter of system calls (seccomp), without which a decoder is not locked up");
  }
  // An alien architecture's calls have other numbers: whoever makes one is killed at once (SCMP_FLTATR_ACT_BADARCH).
  const Filter filter(::seccomp_init(SCMP_ACT_TRAP));
  if (!filter) throw std::runtime_error("libseccomp has no filter to give");
  ::seccomp_attr_set(filter.get(), SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
  allow(filter);
  const FileDescriptor file(::memfd_create("lathe-filter", MFD_CLOEXEC));
  if (!file.is_open() || ::seccomp_export_bpf(filter.get(), file.get()) != 0)
    throw std::runtime_error("the decoders' filter of system calls cannot be made");
  const off_t bytes = ::lseek(file.get(), 0, SEEK_END);
  std::vector<sock_filter> program(static_cast<std::size_t>(bytes) / sizeof(sock_filter));
  if (program.empty() || ::pread(file.get(), program.data(), static_cast<std::size_t>(bytes), 0) != bytes)
    throw std::runtime_error("the decoders' filter of system calls cannot be read back");
  return program;
}

void give_up_rights() {
  ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  ::prctl(PR_SET_DUMPABLE, 0);
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  const std::array<__user_cap_data_struct, 2> none{};
  ::syscall(SYS_capset, &header, none.data());
  set_limit(RLIMIT_FSIZE, 0);
  set_limit(RLIMIT_CORE, 0);
  if (!kIsSanitized) set_limit(RLIMIT_AS, kMemoryBytes);
}

bool enter_sandbox(const std::vector<sock_filter>& filter) {
  close_all_but(kDecoderSocket);
  set_limit(RLIMIT_NPROC, 0);
  set_limit(RLIMIT_NOFILE, kDescriptors);
  set_limit(RLIMIT_CPU, kMostCpu_s);
  struct sigaction trapped {};
  trapped.sa_sigaction = on_trapped;
  trapped.sa_flags = SA_SIGINFO;
  if (::sigaction(SIGSYS, &trapped, nullptr) != 0) return false;
  const sock_fprog program{static_cast<unsigned short>(filter.size()), const_cast<sock_filter*>(filter.data())};
  return ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

void limit_cpu(std::int64_t seconds, bool is_final) {
  timespec used{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
  const rlim_t until = std::min(static_cast<rlim_t>(used.tv_sec + 1 + seconds), kMostCpu_s - 5);
  // At the hard limit comes SIGKILL, which says nothing: SIGXCPU has to come first.
  const rlimit limit{until, is_final ? until + 5 : kMostCpu_s};
  ::setrlimit(RLIMIT_CPU, &limit);
}

void close_all_but(int kept) {
  const auto close_from_to = [](int first, int last) {
    if (first > last || ::close_range(static_cast<unsigned>(first), static_cast<unsigned>(last), 0) == 0) return;
    // Kernels before 5.9, and containers whose filter is older than that call.
    const long most = std::clamp(::sysconf(_SC_OPEN_MAX), 1024L, 1L << 20);
    for (int fd = first; fd <= last && fd < most; ++fd) ::close(fd);
  };
  constexpr int kLast = 1 << 30;
  if (!kIsSanitized || kept == STDERR_FILENO) {
    close_from_to(0, kept - 1);
    return close_from_to(kept + 1, kLast);
  }
  for (int fd = 0; fd < kept; ++fd) {
    if (fd != STDERR_FILENO) ::close(fd);
  }
  close_from_to(kept + 1, kLast);
}

}  // namespace lathe::isolation
