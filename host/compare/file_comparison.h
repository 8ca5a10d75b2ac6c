// Two files against each other: are their samples the same, and if not, what lies between them.
#pragma once

#include <atomic>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "host/audit/file_audit.h"
#include "host/compare/alignment.h"
#include "host/compare/folder_files.h"
#include "host/compare/null_test.h"

namespace lathe {

enum class PairState { same, different, unreadable };

std::string_view word(PairState state);  // "SAME"

struct FileComparison {
  PairState state = PairState::unreadable;
  std::string reason;  // of an unreadable one: which file, and why
  FileAudit a, b;      // format, loudness and peaks
  // What was compared; of files that could be read.
  int compared_at_hz = 0;
  int compared_channels = 0;
  std::int64_t non_finite_a = 0, non_finite_b = 0;  // samples that were taken for 0
  std::optional<Alignment> alignment;               // none where the samples are the same, or one is silent
  std::optional<NullFindings> null;                 // none where there was nothing to be aligned by
  std::vector<std::string> notes;  // for people: what differs beside the samples, and what could not be done
  std::string summary;             // for people, in a line

  std::optional<double> loudness_difference_lu() const;  // of B against A
};

// Never throws for what is wrong with a file. Memory does not grow with the files but for 80 bytes a second. Throws
// CheckCancelled, AuditCancelled, IsolationFailed.
FileComparison compare_files(const std::filesystem::path& a, const std::filesystem::path& b,
                             const std::atomic<bool>& is_cancelled);

struct FilePair {
  std::filesystem::path a, b;
};

struct FolderPairs {
  std::vector<FilePair> pairs;                        // in the order of A's paths
  std::vector<std::filesystem::path> only_a, only_b;  // audio files without a partner
  std::vector<UnlistedFolder> unlisted;               // of either: what lies there is compared with nothing
};

// Audio files below both folders by their path without its extension. Where several have the same, the same extension
// decides, and then the order. Never throws for what lies there.
FolderPairs pair_up(const std::filesystem::path& a, const std::filesystem::path& b);

}  // namespace lathe
