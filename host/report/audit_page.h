// What is the same in every HTML report: its style, its script, and the policy that lets no other script run.
#pragma once

#include <string_view>

namespace lathe {

// Light and dark by the reader's system; open details and no controls on paper.
extern const std::string_view kAuditStyle;

// Sorts a table by a column when its head is clicked. The page says everything without it.
extern const std::string_view kAuditScript;

// Content-Security-Policy: this style and this very script (by its SHA-256), nothing from anywhere else.
extern const std::string_view kAuditPolicy;

}  // namespace lathe
