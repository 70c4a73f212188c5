// The request log: one line per request, collected per worker and written in batches.
// One RequestLog per worker, never shared; the loop's owner calls flush_if_due() once per turn.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/money.h"
#include "base/request_id.h"
#include "base/time.h"
#include "base/usage.h"
#include "telemetry/log.h"

namespace tidegate::telemetry {

// What a line says. Views need to live only until append() returns; empty and zero fields are left
// out. There is no field for a header or a body, so that no key can reach a log.
struct RequestLine {
  WallTime at;  // arrival
  RequestId id;
  std::string_view endpoint;  // "/v1/chat/completions" or another
  int status = 0;             // what the client was answered; 0: it left before
  std::string_view result;    // "ok", "client_gone", ...

  std::string_view requested_model;
  std::string_view route;
  std::string_view provider;
  std::string_view model;
  std::string_view reason;  // why there, or why refused
  std::string_view notes;   // what was changed
  std::uint16_t attempts = 0;
  bool stream = false;

  std::string_view task;
  std::string_view role;
  std::string_view key_id;  // id of the virtual key, never the key
  std::string_view tenant;  // the key's
  std::string_view client;  // product of the user agent
  std::string_view error;   // a short class or code

  std::string_view limit;  // that it waited for or was refused by: "key.tokens_per_minute"
  Duration queued{};       // for limits

  Usage usage;
  std::optional<NanoDollars> cost;
  Duration first_byte{};  // from `at`; zero: none came
  Duration total{};
};

class RequestLog {
 public:
  static constexpr std::size_t kFlushBytes = 16 * 1024;
  static constexpr std::size_t kMaxBytes = 64 * 1024;  // written within append() beyond this
  static constexpr Duration kMaxAge = 100ms;

  explicit RequestLog(Log& log);
  ~RequestLog() { flush(); }
  RequestLog(const RequestLog&) = delete;
  RequestLog& operator=(const RequestLog&) = delete;

  // Budget: 0.5 us and no allocation (log_bench.cpp).
  void append(const RequestLine& line, TimePoint now);
  void flush_if_due(TimePoint now) {
    if (buffer_.size() >= kFlushBytes || now >= due_) {
      flush();
    }
  }
  void flush();
  // When the oldest line must be written; kNever while there is none.
  [[nodiscard]] TimePoint due() const { return due_; }

 private:
  Log& log_;
  TimeStamp stamp_;
  std::string buffer_;
  TimePoint due_ = kNever;
};

}  // namespace tidegate::telemetry
