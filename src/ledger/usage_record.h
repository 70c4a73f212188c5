// One attempt at a provider, as the ledger keeps it: who asked, where it went, what came back,
// what it cost. Written once, never changed.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/money.h"
#include "base/request_id.h"
#include "base/time.h"
#include "base/usage.h"

namespace tidegate::ledger {

enum class Outcome : std::uint8_t {
  ok,                // answer complete
  provider_error,    // an error status of the provider
  unreachable,       // DNS, connect, TLS, closed before an answer
  timed_out,         // a deadline of ours passed
  truncated,         // the answer ended before its end marker
  failed_in_answer,  // HTTP 200 that says failure: insufficient_system_resource, aborted, error
                     // event
  client_gone,       // the client left; the attempt was canceled
};
[[nodiscard]] std::string_view name(Outcome outcome);

enum class UsageSource : std::uint8_t { none, reported, estimated };
[[nodiscard]] std::string_view name(UsageSource source);

struct UsageRecord {
  RequestId request;
  std::uint16_t attempt = 1;  // counts from 1 over all targets of the request
  bool last = true;           // the attempt that the request ended with
  WallTime started;
  Duration first_byte{};  // from `started`; zero: none came
  Duration total{};

  std::string task;    // x-tidegate-task; empty: none
  std::string role;    // x-tidegate-role
  std::string key;     // id of the virtual key; empty in open mode
  std::string tenant;  // the key's; empty: none
  std::string client;  // product of the user agent, "OpenAI/JS"

  // Views into a config snapshot, which outlives the record.
  std::string_view route;  // empty: the model was asked for by name
  std::string_view provider;
  std::string_view model;  // catalogue id
  std::string_view price_epoch;

  std::string requested_model;     // as the client wrote it
  std::string served_model;        // as the provider answered
  std::string_view finish_reason;  // a name of ours, which never ends

  Outcome outcome = Outcome::ok;
  std::uint16_t status = 0;  // the provider's HTTP status; 0: none came
  std::string error;         // a short class or code, never a body
  bool stream = false;
  bool peak = false;

  Usage usage;
  UsageSource usage_source = UsageSource::none;
  Tokens estimated_prompt = 0;      // our estimate before sending
  std::optional<NanoDollars> cost;  // absent: price unknown; zero only where nothing was used
  NanoDollars saved_by_cache;       // what the same tokens had cost more without a prompt cache
  NanoDollars saved_by_window;      // what they had cost more at peak hours
};

}  // namespace tidegate::ledger
