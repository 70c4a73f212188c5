// Call: one request to a simulated model with what is known before its body is read, and the steps
// that all surfaces share. One per request, on its worker.
#pragma once

#include <optional>
#include <string>

#include "base/time.h"
#include "http/head.h"
#include "simulator/endpoint.h"
#include "simulator/fault.h"
#include "simulator/fault_counter.h"
#include "simulator/prompt_cache.h"
#include "simulator/refusal.h"
#include "simulator/reply.h"
#include "simulator/response_store.h"
#include "simulator/settings.h"

namespace tidegate::simulator {

// What outlives a request. Each part is thread-safe.
struct State {
  PromptCache cache;
  FaultCounter faults;
  ResponseStore responses;
};

struct Call {
  Endpoint endpoint;
  const http::Headers& headers;
  std::string_view body;
  WallTime received;
  std::uint64_t seed = 0;  // a hash of the body: the same request gets the same words
  Settings settings;
  Fault fault;
};

[[nodiscard]] Reply refuse(const Call& call, const Refusal& refusal);
// A mistake in the x-sim-* headers or in a fault's name: the test's own, so said plainly.
[[nodiscard]] Reply refuse_test(const Call& call, const Error& error);

// Chooses the call's fault, from the header or from the end of `model`, which it is cut off there.
// A reply when that fault, or a mistake in asking for it, is all the answer there will be.
[[nodiscard]] std::optional<Reply> strike(Call& call, State& state, std::string& model);

// The key's refusal, if it is a bad one.
[[nodiscard]] std::optional<Reply> check_key(const Call& call);

// A good reply without its body or events: head, pace, and what the fault needs.
[[nodiscard]] Reply good_reply(const Call& call, bool stream, Tokens completion);

// Tokens of the prompt that the provider has in its cache for this key and model.
[[nodiscard]] Tokens look_up_cached(const Call& call, State& state, const ChatRequest& request,
                                    const Message& answer, Tokens granularity, Tokens minimum);

}  // namespace tidegate::simulator
