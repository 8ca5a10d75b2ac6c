#include "host/recipe/stage_groups.h"

namespace lathe {

bool restores(const v1::Stage& stage) {
  switch (stage.kind_case()) {
    case v1::Stage::kDeclick:
    case v1::Stage::kDecrackle:
    case v1::Stage::kDeclip:
    case v1::Stage::kDehum:
    case v1::Stage::kDenoise:
    case v1::Stage::kRumble:
      return true;
    default:
      return false;
  }
}

bool keeps_removed(const v1::Stage& stage) {
  const google::protobuf::Reflection& reflection = *stage.GetReflection();
  const auto* kind = reflection.GetOneofFieldDescriptor(stage, stage.GetDescriptor()->FindOneofByName("kind"));
  if (kind == nullptr) return false;
  const google::protobuf::Message& settings = reflection.GetMessage(stage, kind);
  const auto* field = settings.GetDescriptor()->FindFieldByName("keep_removed");
  return field != nullptr && settings.GetReflection()->GetBool(settings, field);
}

}  // namespace lathe
