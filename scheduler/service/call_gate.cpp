#include "scheduler/service/call_gate.h"

#include <chrono>
#include <stdexcept>

#include "scheduler/store/store_error.h"
#include "scheduler/store/utf8.h"

namespace lathe::scheduler {
namespace {

constexpr std::string_view kBearer = "Bearer ";

std::int64_t wall_ms() {
  using std::chrono::duration_cast, std::chrono::milliseconds, std::chrono::system_clock;
  return duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count();
}

const char* status_name(grpc::StatusCode code) {
  switch (code) {
    case grpc::StatusCode::OK:
      return "OK";
    case grpc::StatusCode::INVALID_ARGUMENT:
      return "INVALID_ARGUMENT";
    case grpc::StatusCode::NOT_FOUND:
      return "NOT_FOUND";
    case grpc::StatusCode::ALREADY_EXISTS:
      return "ALREADY_EXISTS";
    case grpc::StatusCode::PERMISSION_DENIED:
      return "PERMISSION_DENIED";
    case grpc::StatusCode::UNAUTHENTICATED:
      return "UNAUTHENTICATED";
    case grpc::StatusCode::RESOURCE_EXHAUSTED:
      return "RESOURCE_EXHAUSTED";
    case grpc::StatusCode::FAILED_PRECONDITION:
      return "FAILED_PRECONDITION";
    case grpc::StatusCode::UNAVAILABLE:
      return "UNAVAILABLE";
    default:
      return "INTERNAL";
  }
}

// A certificate names its owner in a URI of its own: lathe://ROLE/NAME.
std::optional<Caller> caller_of_certificate(const grpc::AuthContext& auth) {
  constexpr std::string_view kScheme = "lathe://";
  for (const grpc::string_ref& value : auth.FindPropertyValues("peer_uri")) {
    const std::string_view uri(value.data(), value.size());
    if (!uri.starts_with(kScheme)) continue;
    const std::string_view rest = uri.substr(kScheme.size());
    const auto role = role_named(rest.substr(0, rest.find('/')));
    if (role) return Caller{"cert:" + std::string(uri), *role};
  }
  return std::nullopt;
}

}  // namespace

grpc::Status status_of(const std::exception& error) {
  if (const auto* store = dynamic_cast<const StoreError*>(&error)) {
    using Kind = StoreError::Kind;
    const bool passes = store->kind() == Kind::kBusy || store->kind() == Kind::kUnavailable;
    if (passes) return {grpc::StatusCode::UNAVAILABLE, storable_text(error.what())};
    if (store->kind() == Kind::kFull) return {grpc::StatusCode::UNAVAILABLE, storable_text(error.what())};
    return {grpc::StatusCode::INTERNAL, storable_text(error.what())};
  }
  if (dynamic_cast<const std::invalid_argument*>(&error) != nullptr)
    return {grpc::StatusCode::INVALID_ARGUMENT, storable_text(error.what())};
  if (dynamic_cast<const std::bad_alloc*>(&error) != nullptr)
    return {grpc::StatusCode::RESOURCE_EXHAUSTED, "the scheduler is short of memory"};
  return {grpc::StatusCode::INTERNAL, storable_text(error.what())};
}

CallGate::CallGate(JobStore& store, std::unique_ptr<TokenFile> tokens, int threads, std::size_t queued_at_most,
                   std::function<void(const std::exception&)> on_store_failure)
    : store_(store),
      tokens_(std::move(tokens)),
      on_store_failure_(std::move(on_store_failure)),
      executor_(threads, queued_at_most) {}

grpc::Status CallGate::identify(grpc::CallbackServerContext& context, Caller& caller) {
  const auto auth = context.auth_context();
  if (auth && auth->IsPeerAuthenticated()) {
    if (const auto found = caller_of_certificate(*auth)) {
      caller = *found;
      return grpc::Status::OK;
    }
  }
  const auto header = context.client_metadata().find("authorization");
  if (header != context.client_metadata().end()) {
    const std::string_view text(header->second.data(), header->second.size());
    if (tokens_ && text.starts_with(kBearer)) {
      if (const auto found = tokens_->find(std::string(text.substr(kBearer.size())), wall_ms())) {
        caller = *found;
        return grpc::Status::OK;
      }
      return {grpc::StatusCode::UNAUTHENTICATED, "this token is unknown or has expired; ask for another"};
    }
  }
  const bool is_encrypted = auth && !auth->FindPropertyValues("transport_security_type").empty() &&
                            auth->FindPropertyValues("transport_security_type").front() == "ssl";
  if (!tokens_ && !is_encrypted) {
    caller = {"local", Role::kAdmin};
    return grpc::Status::OK;
  }
  return {grpc::StatusCode::UNAUTHENTICATED,
          "say who you are: a token (--token-file, LATHE_TOKEN) or a certificate that names lathe://ROLE/NAME"};
}

grpc::Status CallGate::admit(grpc::CallbackServerContext& context, const CallKind& kind, Caller& caller) {
  grpc::Status status = identify(context, caller);
  if (status.ok() && !may(caller.role, kind.needed)) {
    status = {grpc::StatusCode::PERMISSION_DENIED, std::string(kind.name) + " takes the role " +
                                                       std::string(to_string(kind.needed)) + "; " + caller.who +
                                                       " is " + std::string(to_string(caller.role))};
  }
  if (!status.ok() && kind.is_noted) {
    // Not on gRPC's thread. If there is no room for the note, the refusal stands all the same.
    executor_.try_post([this, kind, caller, status] { note(kind, caller, "", status); });
  }
  return status;
}

void CallGate::note(const CallKind& kind, const Caller& caller, const std::string& subject,
                    const grpc::Status& status) {
  try {
    store_.note_call({0, 0, caller.who.empty() ? "nobody" : caller.who, std::string(to_string(caller.role)), kind.name,
                      subject, status_name(status.error_code())});
  } catch (const std::exception&) {
    // The store is away: the call itself has said so.
  }
}

grpc::Status CallGate::guarded(const CallKind& kind, const Caller& caller, const std::string& subject,
                               const std::function<grpc::Status()>& handler) {
  grpc::Status status;
  try {
    status = handler();
  } catch (const std::exception& error) {
    status = status_of(error);
    if (on_store_failure_ && dynamic_cast<const StoreError*>(&error) != nullptr) on_store_failure_(error);
  }
  if (kind.is_noted) note(kind, caller, subject, status);
  return status;
}

grpc::ServerUnaryReactor* CallGate::answer(grpc::CallbackServerContext* context, const CallKind& kind,
                                           std::string subject, std::function<grpc::Status(const Caller&)> handler) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  Caller caller;
  if (const grpc::Status status = admit(*context, kind, caller); !status.ok()) {
    reactor->Finish(status);
    return reactor;
  }
  const bool has_room = executor_.try_post(
      [this, context, reactor, kind, caller, subject = std::move(subject), handler = std::move(handler)] {
        if (context->IsCancelled()) return reactor->Finish(grpc::Status::CANCELLED);
        reactor->Finish(guarded(kind, caller, subject, [&] { return handler(caller); }));
      });
  if (!has_room) {
    reactor->Finish({grpc::StatusCode::RESOURCE_EXHAUSTED, "too many calls at once; try again in a moment"});
  }
  return reactor;
}

}  // namespace lathe::scheduler
