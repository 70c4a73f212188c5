#include "gateway/usage_page.h"

#include <pthread.h>

#include <algorithm>
#include <coroutine>
#include <optional>
#include <utility>
#include <vector>

#include "http/percent.h"
#include "json/writer.h"
#include "ledger/query_text.h"

namespace tidegate::gateway {
namespace {

constexpr std::string_view kJson = "Content-Type: application/json\r\n";
constexpr std::size_t kMostWaiting = 16;

// "a%20b+c" -> "a b c"
std::string decode(std::string text) {
  std::ranges::replace(text, '+', ' ');
  return http::percent_decoded(text);
}

std::vector<ledger::Parameter> parameters(std::string_view query) {
  std::vector<ledger::Parameter> all;
  while (!query.empty()) {
    const std::size_t end = std::min(query.find('&'), query.size());
    const std::string_view one = query.substr(0, end);
    const std::size_t equals = std::min(one.find('='), one.size());
    if (!one.empty()) {
      all.emplace_back(decode(std::string(one.substr(0, equals))),
                       decode(std::string(one.substr(std::min(equals + 1, one.size())))));
    }
    query.remove_prefix(std::min(end + 1, query.size()));
  }
  return all;
}

std::string problems_body(const std::vector<Error>& problems) {
  std::string out;
  json::Writer json(out);
  std::string message;
  for (const Error& problem : problems) {
    if (!message.empty()) message += "; ";
    message += problem.field + ": " + problem.message;
  }
  json.begin_object().key("error").begin_object();
  json.member("status", 400).member("message", message).key("problems").begin_array();
  for (const Error& problem : problems) {
    json.begin_object().member("parameter", problem.field);
    json.member("message", problem.message).end_object();
  }
  json.end_array().end_object().end_object();
  return out;
}

}  // namespace

// A report on the page's thread, while this worker goes on with other requests.
class UsagePage::OnThread {
 public:
  OnThread(UsagePage& page, Loop& loop, const ledger::Query& query)
      : page_(page), loop_(loop), query_(query) {}

  [[nodiscard]] bool await_ready() const { return false; }
  bool await_suspend(std::coroutine_handle<> waiter) {
    return page_.submit([this, waiter] {
      answer_ = page_.report(query_);
      loop_.post([waiter] { waiter.resume(); });
    });
  }
  // Absent: too many wait already.
  std::optional<Answer> await_resume() { return std::move(answer_); }

 private:
  UsagePage& page_;
  Loop& loop_;
  const ledger::Query& query_;
  std::optional<Answer> answer_;
};

UsagePage::~UsagePage() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

bool UsagePage::submit(std::function<void()> work) {
  {
    const std::lock_guard lock(mutex_);
    if (waiting_.size() >= kMostWaiting) return false;
    waiting_.push_back(std::move(work));
    if (!thread_.joinable()) thread_ = std::thread([this] { run(); });
  }
  changed_.notify_all();
  return true;
}

void UsagePage::run() {
  pthread_setname_np(pthread_self(), "reports");
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [this] { return stop_ || !waiting_.empty(); });
    if (waiting_.empty()) return;
    const std::function<void()> work = std::move(waiting_.front());
    waiting_.pop_front();
    lock.unlock();
    work();
    lock.lock();
  }
}

UsagePage::Answer UsagePage::report(const ledger::Query& query) const {
  const auto report = ledger::run_report(place_, query);
  if (report) return {200, ledger::to_string(*report, ledger::write_json)};
  const Error& error = report.error();
  if (!error.field.empty()) return {400, problems_body({error})};
  const int status = error.code == ErrorCode::not_found     ? 404
                     : error.code == ErrorCode::unavailable ? 503
                                                            : 500;
  std::string body;
  json::Writer json(body);
  json.begin_object().key("error").begin_object();
  json.member("status", status).member("message", error.message).end_object().end_object();
  return {status, body};
}

Task<void> UsagePage::serve(http::Exchange& exchange) {
  const http::RequestHead& head = exchange.head();
  if (head.method != "GET" || head.path() != "/api/usage") {
    const int status = head.method != "GET" ? 405 : 404;
    const std::string body = error_body(status, "expected GET /api/usage?by=model&since=24h");
    co_await exchange.respond(status, kJson, body);
    co_return;
  }
  const auto query = ledger::read_query(parameters(head.query()), exchange.received());
  if (!query) {
    const std::string body = problems_body(query.error());
    co_await exchange.respond(400, kJson, body);
    co_return;
  }
  OnThread on_thread(*this, exchange.loop(), *query);
  std::optional<Answer> answer = co_await on_thread;
  if (!answer) {
    answer.emplace(503, error_body(503, "too many reports are waiting; ask again in a moment"));
  }
  co_await exchange.respond(answer->status, kJson, answer->body);
}

std::string UsagePage::error_body(int status, std::string_view problem) {
  std::string out;
  json::Writer json(out);
  json.begin_object().key("error").begin_object();
  json.member("status", status).member("message", problem).end_object().end_object();
  return out;
}

}  // namespace tidegate::gateway
