// What is wrong between the tracks of an album.
#pragma once

#include <vector>

#include "host/audit/file_audit.h"

namespace lathe {

// Adds "loudness-spread" for two measured tracks and more: how far the loudest lies above the quietest, and which they
// are. A warning from 8 LU on, else information. Sony Music's guide returns albums for "drastically different loudness
// among the different tracks" and says no figure; 8 LU is our choice: more than lies between a ballad and a hard song
// of most albums, and less than a track that was left unmastered.
void check_spread(const std::vector<const FileAudit*>& files, std::vector<AuditFinding>& findings);

}  // namespace lathe
