// A delivery in BagIt form (RFC 8493): masters under data/, and beside it what each file's hash is.
#pragma once

#include <filesystem>
#include <string>

namespace lathe::cli {

// Where the masters of a bag lie.
std::filesystem::path bag_payload(const std::filesystem::path& bag);

bool is_bag(const std::filesystem::path& folder);

// Throws RefusedInput where `out` (absolute) is a bag, unless `to_bag`, or lies within one: what is written there would
// be in none of the bag's manifests.
void refuse_inside_bag(const std::filesystem::path& out, bool to_bag);

// Writes manifest-sha256.txt of all that lies under data/, bag-info.txt (Payload-Oxum, Bagging-Date, the UPCs as
// External-Identifier), bagit.txt, and last tagmanifest-sha256.txt, which makes the others sure. Hashes of masters are
// those of data/lathe-manifest.json, as the run that wrote them took them, if their size is the same; of other files
// they are taken here. `engine` is Bag-Software-Agent. Throws AudioFileError (disk full, a file that cannot be read).
void write_bag(const std::filesystem::path& bag, const std::string& engine);

}  // namespace lathe::cli
