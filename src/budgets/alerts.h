// Alerts: what becomes of an Alert: a line in the log, and a post to the budget's webhook, repeated
// until it is taken. One per process, with a thread of its own from the first alert on, or the
// first webhook; give(), use() and waiting() from any thread.
//
// Alerts are in the outbox before they are logged or posted. One that comes again, after a restart
// or from another gateway with the same file, is dropped there. A process that dies between a
// receiver's answer and the note of it posts once more, with the same id.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "budgets/alert.h"
#include "budgets/outbox.h"
#include "budgets/webhook.h"
#include "loop/resolver.h"
#include "loop/task_group.h"
#include "loop/worker.h"
#include "telemetry/log.h"

namespace tidegate::budgets {

struct AlertOptions {
  std::string path;     // of the outbox; made with the first alert
  std::string ca_file;  // CAs that webhooks are trusted by beside the system's; may be empty
  // Between two posts of one alert: random below a bound that doubles from the first to the last.
  Duration first_pause = 1s;
  Duration last_pause = 5min;
  Duration give_up = std::chrono::hours(24 * 7);
};

class Alerts {
 public:
  Alerts(AlertOptions options, const Clock& clock, telemetry::Log& log);
  ~Alerts();  // what is not taken waits in the outbox
  Alerts(const Alerts&) = delete;
  Alerts& operator=(const Alerts&) = delete;

  void give(Alert alert);
  // The webhooks of the configuration in force. Those that wait go to the one of their budget.
  void use(const std::vector<config::Budget>& budgets);
  [[nodiscard]] std::uint64_t waiting() const { return waiting_.load(); }

 private:
  struct Receiver;
  using Urls = std::map<std::string, config::Secret>;  // by Alert::budget

  void post(std::move_only_function<void()> work);
  void take(const Alert& alert);
  void set(Urls urls);
  bool have_outbox();
  void take_up_waiting();
  void send(Outbox::Letter letter);
  static Task<void> deliver(Alerts* self, Receiver* receiver);
  void finish(const Outbox::Letter& letter);
  void log_alert(const Alert& alert);
  void stop();

  const AlertOptions options_;
  const Clock& clock_;
  telemetry::Log& log_;
  std::atomic<std::uint64_t> waiting_{0};
  Resolver resolver_;
  Worker worker_;
  std::once_flag started_;
  std::atomic<bool> runs_{false};

  // The thread's.
  std::unique_ptr<Outbox> outbox_;
  bool taken_up_ = false;  // what an earlier process left
  Urls urls_;
  std::map<std::string, std::unique_ptr<Receiver>> receivers_;  // by URL
  bool stopping_ = false;
  TaskGroup tasks_;
};

}  // namespace tidegate::budgets
