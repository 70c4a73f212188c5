#include "budgets/alerts.h"

#include <fmt/format.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <future>
#include <utility>

#include "base/random.h"

namespace tidegate::budgets {

// Those that are posted to one URL, one after the other.
struct Alerts::Receiver {
  std::unique_ptr<Webhook> webhook;
  std::deque<Outbox::Letter> letters;
  bool busy = false;
  // Waits end when the other end of this pair is closed.
  std::optional<Socket> life;
  int other_end = -1;

  ~Receiver() { end(); }
  void end() {
    if (other_end >= 0) ::close(std::exchange(other_end, -1));
  }
};

Alerts::Alerts(AlertOptions options, const Clock& clock, telemetry::Log& log)
    : options_(std::move(options)),
      clock_(clock),
      log_(log),
      resolver_(clock),
      worker_(clock, "alerts") {}

Alerts::~Alerts() {
  if (!runs_.load()) return;
  std::promise<void> idle;
  worker_.loop().post([&] {
    stop();
    idle.set_value();
  });
  idle.get_future().wait();
  // Tasks end in the turns that follow, each at the close of its receiver's pair.
  for (bool empty = false; !empty;) {
    std::promise<bool> now;
    worker_.loop().post([&] { now.set_value(tasks_.empty()); });
    empty = now.get_future().get();
  }
  std::promise<void> gone;
  worker_.loop().post([&] {
    receivers_.clear();
    outbox_.reset();
    gone.set_value();
  });
  gone.get_future().wait();
  worker_.stop_and_join();
}

void Alerts::post(std::move_only_function<void()> work) {
  std::call_once(started_, [this] {
    runs_.store(true);
    worker_.start();
  });
  worker_.loop().post(std::move(work));
}

void Alerts::give(Alert alert) {
  post([this, alert = std::move(alert)] { take(alert); });
}

void Alerts::use(const std::vector<config::Budget>& budgets) {
  Urls urls;
  for (const config::Budget& budget : budgets) {
    if (!budget.webhook.empty()) urls[key_of(budget)] = budget.webhook;
  }
  if (urls.empty() && !runs_.load()) return;
  post([this, urls = std::move(urls)]() mutable { set(std::move(urls)); });
}

void Alerts::stop() {
  stopping_ = true;
  for (const auto& [url, receiver] : receivers_) receiver->end();
}

bool Alerts::have_outbox() {
  if (outbox_ != nullptr) return true;
  auto opened = Outbox::open(options_.path);
  if (!opened) {
    log_.event(telemetry::Level::error, "budget_alerts_not_kept",
               {{"error", opened.error().message}});
    return false;
  }
  outbox_ = std::move(*opened);
  if (const auto cleaned = outbox_->clean(clock_.wall()); !cleaned) {
    log_.event(telemetry::Level::warning, "budget_alerts_not_kept",
               {{"error", cleaned.error().message}});
  }
  return true;
}

void Alerts::log_alert(const Alert& alert) {
  const std::string limit = format_usd(alert.limit);
  const std::string spent = format_usd(alert.spent);
  const std::string share = show_share(alert.share);
  const std::string runs_out = alert.runs_out ? format_rfc3339(*alert.runs_out) : std::string();
  log_.event(telemetry::Level::warning, "budget_alert",
             {{"budget", alert.budget},
              {"name", alert.name},
              {"threshold", share},
              {"spent", spent},
              {"limit", limit},
              {"turned_away", alert.turned_away},
              {"runs_out", runs_out}});
}

void Alerts::take(const Alert& alert) {
  bool is_new = true;
  if (have_outbox()) {
    const auto added = outbox_->add(alert);
    is_new = !added || *added;
    if (!added) {  // told all the same, if perhaps twice
      log_.event(telemetry::Level::error, "budget_alerts_not_kept",
                 {{"error", added.error().message}});
    }
  }
  if (!is_new) return;
  log_alert(alert);
  if (!alert.webhook.empty()) send({id_of(alert), alert.budget, body_of(alert), alert.at});
}

void Alerts::set(Urls urls) {
  urls_ = std::move(urls);
  if (!std::exchange(taken_up_, true)) take_up_waiting();
}

void Alerts::take_up_waiting() {
  if (::access(options_.path.c_str(), F_OK) != 0 || !have_outbox()) return;
  auto letters = outbox_->waiting();
  if (!letters) {
    log_.event(telemetry::Level::error, "budget_alerts_not_kept",
               {{"error", letters.error().message}});
    return;
  }
  for (Outbox::Letter& letter : *letters) send(std::move(letter));
}

void Alerts::send(Outbox::Letter letter) {
  if (stopping_) return;
  const auto url = urls_.find(letter.budget);
  if (url == urls_.end()) {  // the budget has no webhook any more
    finish(letter);
    return;
  }
  std::unique_ptr<Receiver>& receiver = receivers_[url->second.reveal()];
  if (receiver == nullptr) {
    auto webhook = Webhook::open(url->second, options_.ca_file, worker_.loop(), resolver_);
    int ends[2];
    if (!webhook ||
        ::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) != 0) {
      log_.event(telemetry::Level::error, "budget_alert_not_delivered",
                 {{"alert", letter.id},
                  {"error", webhook ? "no sockets are left" : webhook.error().message}});
      receivers_.erase(url->second.reveal());
      return;  // it waits in the outbox for the next start
    }
    receiver = std::make_unique<Receiver>();
    receiver->webhook = std::move(*webhook);
    receiver->life.emplace(worker_.loop(), ends[0]);
    receiver->other_end = ends[1];
  }
  receiver->letters.push_back(std::move(letter));
  waiting_.fetch_add(1);
  if (!std::exchange(receiver->busy, true)) tasks_.spawn(deliver(this, receiver.get()));
}

void Alerts::finish(const Outbox::Letter& letter) {
  if (outbox_ == nullptr) return;
  if (const auto noted = outbox_->done(letter.id, clock_.wall()); !noted) {
    log_.event(telemetry::Level::error, "budget_alerts_not_kept",
               {{"error", noted.error().message}});
  }
}

Task<void> Alerts::deliver(Alerts* self, Receiver* receiver) {
  Loop& loop = self->worker_.loop();
  Duration pause = self->options_.first_pause;
  while (!receiver->letters.empty() && !self->stopping_) {
    const Outbox::Letter letter = receiver->letters.front();
    const Result<void> posted =
        co_await receiver->webhook->post(letter.id, letter.body, *receiver->life);
    if (self->stopping_) co_return;
    const bool too_old = self->clock_.wall() - letter.written > self->options_.give_up;
    if (posted || too_old) {
      self->finish(letter);
      receiver->letters.pop_front();
      self->waiting_.fetch_sub(1);
      pause = self->options_.first_pause;
    }
    if (posted) {
      self->log_.event(telemetry::Level::info, "budget_alert_delivered",
                       {{"alert", letter.id}, {"webhook", receiver->webhook->shown()}});
      continue;
    }
    self->log_.event(telemetry::Level::warning,
                     too_old ? "budget_alert_given_up" : "budget_alert_not_delivered",
                     {{"alert", letter.id},
                      {"webhook", receiver->webhook->shown()},
                      {"error", posted.error().message}});
    if (too_old) continue;
    // It may be the only one that its receiver refuses: behind the others.
    if (posted.error().code == ErrorCode::invalid) {
      receiver->letters.pop_front();
      receiver->letters.push_back(letter);
    }
    const auto bound = static_cast<std::uint64_t>(pause.count());
    const TimePoint until =
        loop.now() + pause / 2 + Duration{static_cast<std::int64_t>(random_below(bound / 2 + 1))};
    (void)co_await receiver->life->until_gone(until);
    pause = std::min(pause * 2, self->options_.last_pause);
  }
  receiver->busy = false;
}

}  // namespace tidegate::budgets
