#include "host/manifest/manifest_row_json.h"

#include <nlohmann/json.hpp>
#include <stdexcept>

namespace lathe {

std::string manifest_row_json(const Manifest& manifest, const ManifestRow& row) {
  nlohmann::ordered_json json{{"file", manifest.file}, {"line", row.line}, {"path", row.path},
                              {"album", row.album},    {"tags", row.tags}, {"contiguous", nullptr},
                              {"damage", row.damage}};
  if (row.contiguous) json["contiguous"] = *row.contiguous;
  return json.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

NamedRow manifest_row_from_json(std::string_view json) {
  try {
    const nlohmann::json doc = nlohmann::json::parse(json);
    NamedRow named;
    named.manifest.file = doc.at("file").get<std::string>();
    named.row.line = doc.at("line").get<int>();
    named.row.path = doc.at("path").get<std::string>();
    named.row.album = doc.at("album").get<std::string>();
    named.row.tags = doc.at("tags").get<std::map<std::string, std::string>>();
    named.row.damage = doc.at("damage").get<std::vector<std::string>>();
    if (!doc.at("contiguous").is_null()) named.row.contiguous = doc.at("contiguous").get<bool>();
    return named;
  } catch (const nlohmann::json::exception& wrong) {
    throw std::invalid_argument(std::string("a manifest's row: ") + wrong.what());
  }
}

}  // namespace lathe
