// A delivery in BagIt form (RFC 8493): masters under data/, and beside it what each file's hash is.
#pragma once

#include <filesystem>
#include <string>

namespace lathe::cli {

// Where the masters of a bag lie.
std::filesystem::path bag_payload(const std::filesystem::path& bag);

bool is_bag(const std::filesystem::path& folder);

// Throws RefusedInput where `out` (absolute) is a bag, unless `to_bag`, or lies within one, whatever links lead there:
// what is written there would be in none of the bag's manifests. With `to_bag`, where what makes a folder a bag lies in
// `out` and is not Lathe's alone, by the Bag-Software-Agent of its bag-info.txt: it would be replaced, or no longer
// true.
void refuse_inside_bag(const std::filesystem::path& out, bool to_bag);

// Writes manifest-sha256.txt of all that lies under data/, bag-info.txt (Payload-Oxum, Bagging-Date, the UPCs as
// External-Identifier, and what else it held), bagit.txt, and last tagmanifest-sha256.txt, which makes the others sure.
// Hashes of masters are those of data/lathe-manifest.json, as the run that wrote them took them, if their size is the
// same; of other files they are taken here. `engine` is Bag-Software-Agent. Of no files no bag is made. Throws
// AudioFileError: disk full; a file that cannot be read, or whose name is not UTF-8, which a bag's manifest is.
void write_bag(const std::filesystem::path& bag, const std::string& engine);

}  // namespace lathe::cli
