// Job: one request of a program on its way through the pipeline, and who is told of what comes of
// it. Shared by the program's thread and the worker that serves it; what belongs to whom is said
// beside each member.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>

#include "client/request.h"
#include "gateway/pipeline.h"
#include "tidegate/chat.h"
#include "tidegate/rate_limiter.h"

namespace tidegate::client {

class ProgramExchange;

struct Job {
  WrittenRequest request;
  TimePoint started;
  Reservation money;  // of cost_per_day; empty: that is not limited

  // Called on the worker; empty: nobody listens. `full`, where given, says that events should wait:
  // then whoever took enough of them posts InProcess::go_on().
  std::function<void(StreamEvent)> on_event;
  std::function<bool()> full;
  std::function<void(ChatResult)> on_done;  // once

  std::atomic<bool> canceled{false};
  std::size_t worker = 0;               // that it was given to; set before it is posted
  ProgramExchange* exchange = nullptr;  // while it is served; the worker's
  // Cancels on a stop request; made before the job is posted, destroyed by the worker at its end.
  std::optional<std::stop_callback<std::function<void()>>> on_stop;
};

}  // namespace tidegate::client
