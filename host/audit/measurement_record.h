// What an audit remembers of a file and of its samples, as bytes: the one place that knows which facts those are.
#pragma once

#include <string>
#include <string_view>

#include "host/audit/file_audit.h"
#include "host/audit/file_auditor.h"

namespace lathe {

// To be raised whenever the same samples give another figure, power or finding (its code, text or threshold), or a
// field is added below: what older builds measured is then measured anew.
inline constexpr int kMeasuringRevision = 3;

// What the file is beside its samples' measurement: container, format, payload hash, tags. False for bytes that are not
// whole, or of another layout; `file` is then of no use.
std::string pack_facts(const FileAudit& file);
bool unpack_facts(std::string_view bytes, FileAudit& file);

// What measuring its samples gave: state and reason, figures, the signal's findings, powers. Precondition: not
// unreadable, and `findings` holds the signal's alone.
std::string pack_measurement(const FileAudit& file);
bool unpack_measurement(std::string_view bytes, FileAudit& file);

// Names the samples and what they mean: payload hash, encoding, rate, channels and layout, frames. 32 hexadecimal
// digits, whatever the container. Precondition: the payload hash is there.
std::string payload_key(const FileAudit& file);

// How they are measured: revision, checks, dual mono, and which arithmetic (AVX2 and AVX-512 give the same bits, SSE2
// may differ). The series is no part of it: it comes from the powers.
std::string setup_key(const AuditOptions& options);

}  // namespace lathe
