// Messages that are late, lost, doubled and overtaken, and calls made of them.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <utility>

#include "tests/scheduler/simulation/random.h"
#include "tests/scheduler/simulation/timeline.h"

namespace lathe::scheduler::simulation {

struct NetworkFaults {
  double lost = 0, doubled = 0;
  double slow = 0;  // these take up to slow_ms, so others overtake them
  std::int64_t slow_ms = 0;
};

// Who sends and gets messages.
using Endpoint = int;

class Network {
 public:
  Network(Timeline& timeline, Random random, const NetworkFaults& faults)
      : timeline_(timeline), random_(random), faults_(faults) {}

  void send(Endpoint from, Endpoint to, Timeline::Event deliver) {
    if (is_cut(from, to) || random_.chance(faults_.lost)) return;
    if (random_.chance(faults_.doubled)) arrive(from, to, deliver, random_.chance(0.5));
    arrive(from, to, std::move(deliver), false);
  }
  // One way, until then.
  void cut(Endpoint from, Endpoint to, std::int64_t until_ms) { cut_until_[{from, to}] = until_ms; }
  // From now on every message arrives, once and soon.
  void calm() {
    faults_ = {};
    cut_until_.clear();
  }

 private:
  bool is_cut(Endpoint from, Endpoint to) const {
    if (cut_until_.empty()) return false;
    const auto found = cut_until_.find({from, to});
    return found != cut_until_.end() && found->second > timeline_.now_ms();
  }
  void arrive(Endpoint from, Endpoint to, Timeline::Event deliver, bool is_late) {
    const std::int64_t delay_ms =
        is_late || random_.chance(faults_.slow) ? random_.between(0, faults_.slow_ms) : random_.between(0, 20);
    timeline_.after(delay_ms, [this, from, to, deliver = std::move(deliver)] {
      if (!is_cut(from, to)) deliver();
    });
  }

  Timeline& timeline_;
  Random random_;
  NetworkFaults faults_;
  std::map<std::pair<Endpoint, Endpoint>, std::int64_t> cut_until_;
};

enum class CallStatus {
  kOk,
  kUnavailable,  // not reached, not answered in time, or the store is away: try again
  kNotFound,
  kRefused,  // FAILED_PRECONDITION, ALREADY_EXISTS: no repeating helps
};
template <class Response>
using Reply = std::function<void(CallStatus, const Response&)>;

// What the caller holds of a call on its way.
struct OpenCall {
  std::function<void()> cancel;  // it is answered with kUnavailable at once
};

// One call to a server: `work(server, reply, is_gone)` runs there, perhaps twice or never; `answer` runs here, once.
// A Server has endpoint(), is_up(), receive(), and watch_call() to tell callers of its death.
template <class Response, class Server, class Work>
OpenCall call(Timeline& timeline, Network& network, Endpoint me, Server& server, std::int64_t deadline_ms, Work work,
              Reply<Response> answer) {
  struct State {
    bool is_open = true, is_gone = false;  // here; there
  };
  auto state = std::make_shared<State>();
  const auto finish = [state, answer = std::move(answer)](CallStatus status, const Response& response) {
    if (!state->is_open) return;
    state->is_open = false;
    answer(status, response);
  };
  const auto hang_up = [state, finish, &network, me, to = server.endpoint()] {
    if (!state->is_open) return;
    network.send(me, to, [state] { state->is_gone = true; });
    finish(CallStatus::kUnavailable, {});
  };
  timeline.after(deadline_ms, hang_up);
  network.send(me, server.endpoint(), [=, &network, &server, work = std::move(work)] {
    const auto back = [finish, &network, me, from = server.endpoint()](CallStatus status, const Response& response) {
      network.send(from, me, [finish, status, response] { finish(status, response); });
    };
    if (!server.is_up()) {
      if (server.is_refusing()) back(CallStatus::kUnavailable, {});
      return;
    }
    server.watch_call([back] { back(CallStatus::kUnavailable, {}); }, [state] { return state->is_open; });
    server.receive([work, back, state](Server& there) {
      work(there, there.template in_this_life<Response>(back), [state] { return state->is_gone; });
    });
  });
  return {[&timeline, hang_up] { timeline.after(0, hang_up); }};
}

}  // namespace lathe::scheduler::simulation
