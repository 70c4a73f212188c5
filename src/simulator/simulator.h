// Simulator: providers that behave and misbehave like the real ones, for tests and for trying the
// gateway without a key. An http::Handler; thread-safe, so that one serves any number of workers.
// Paths: endpoint.h. Headers: settings.h. Faults: fault.h. All of it: docs/simulator.md.
#pragma once

#include <atomic>
#include <string>

#include "http/exchange.h"
#include "simulator/call.h"
#include "simulator/endpoint.h"
#include "simulator/journal.h"
#include "simulator/options.h"
#include "simulator/reply.h"

namespace tidegate::simulator {

class Simulator final : public http::Handler {
 public:
  explicit Simulator(Options options) : options_(options), journal_(options) {}

  Task<void> serve(http::Exchange& exchange) override;
  std::string error_body(int status, std::string_view problem) override;

  // Chat requests that are being answered, and how many clients have left before their answer's
  // end.
  [[nodiscard]] int in_flight() const { return in_flight_.load(); }
  [[nodiscard]] int left_early() const { return left_early_.load(); }

 private:
  Task<void> answer(http::Exchange& exchange, Endpoint endpoint);
  Reply reply_to(const http::Exchange& exchange, Endpoint endpoint);
  std::string open_as_json() const;
  void reset();

  const Options options_;
  Journal journal_;
  State state_;
  std::atomic<int> in_flight_{0};
  std::atomic<int> left_early_{0};
  std::atomic<std::uint64_t> served_{0};
};

}  // namespace tidegate::simulator
