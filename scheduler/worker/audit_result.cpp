#include "scheduler/worker/audit_result.h"

#include <openssl/evp.h>

#include <nlohmann/json.hpp>

#include "host/audit/measurement_record.h"

namespace lathe::scheduler {
namespace {

std::string base64(const std::string& bytes) {
  std::string text((bytes.size() + 2) / 3 * 4 + 1, '\0');
  const int written =
      ::EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()),
                        reinterpret_cast<const unsigned char*>(bytes.data()), static_cast<int>(bytes.size()));
  text.resize(static_cast<std::size_t>(written));
  return text;
}

std::string from_base64(const std::string& text) {
  std::string bytes(text.size() / 4 * 3 + 3, '\0');
  int written = ::EVP_DecodeBlock(reinterpret_cast<unsigned char*>(bytes.data()),
                                  reinterpret_cast<const unsigned char*>(text.data()), static_cast<int>(text.size()));
  if (written < 0) return {};
  for (std::size_t i = text.size(); i > 0 && text[i - 1] == '='; --i) --written;
  bytes.resize(static_cast<std::size_t>(written));
  return bytes;
}

}  // namespace

AuditOptions audit_options_of(const v1::AuditSetting& setting) {
  AuditOptions options;
  options.checks = setting.checks() == "none"  ? AuditChecks::none
                   : setting.checks() == "all" ? AuditChecks::all
                                               : AuditChecks::standard;
  options.dual_mono = setting.dual_mono();
  return options;
}

std::string pack_audit_result(const FileAudit& file) {
  nlohmann::ordered_json json{{"schema", "lathe.audit-task.v1"}};
  if (file.state == AuditState::unreadable) {
    json["reason_code"] = file.reason_code;
    json["reason"] = file.reason;
  } else {
    json["facts"] = base64(pack_facts(file));
    json["measurement"] = base64(pack_measurement(file));
  }
  return json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

bool unpack_audit_result(const std::string& text, FileAudit& file) {
  const auto json = nlohmann::json::parse(text, nullptr, false);
  if (!json.is_object() || json.value("schema", "") != "lathe.audit-task.v1") return false;
  if (!json.contains("facts")) {
    file.state = AuditState::unreadable;
    file.reason_code = json.value("reason_code", "");
    file.reason = json.value("reason", "");
    return true;
  }
  return unpack_facts(from_base64(json.value("facts", "")), file) &&
         unpack_measurement(from_base64(json.value("measurement", "")), file);
}

}  // namespace lathe::scheduler
