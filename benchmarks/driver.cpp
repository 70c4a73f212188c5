#include "driver.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <utility>

namespace tidegate::bench {
namespace {

constexpr std::size_t scratch_bytes = 256 * 1024;

}  // namespace

Driver::Driver(Plan plan, Requests& requests)
    : plan_(std::move(plan)),
      requests_(requests),
      epoll_(epoll_create1(EPOLL_CLOEXEC)),
      connections_(static_cast<std::size_t>(plan_.connections)),
      scratch_(std::make_unique<char[]>(scratch_bytes)) {
  for (auto& connection : connections_) idle_.push_back(&connection);
}

Driver::~Driver() {
  for (auto& connection : connections_) disconnect(connection);
  close(epoll_);
}

Report Driver::run() {
  begin_ = Clock::now();
  const TimePoint deadline = begin_ + plan_.give_up_after;
  std::array<epoll_event, 256> events;
  for (;;) {
    const TimePoint now = Clock::now();
    if (now > deadline) break;
    start_due(now);
    const bool arrivals_left = next_arrival_ < plan_.schedule.size();
    if (answered() == started_ && !arrivals_left && !(closed_loop() && may_start_another(now)))
      break;
    const bool wait_for_arrival = arrivals_left && !idle_.empty();
    const TimePoint until = wait_for_arrival ? begin_ + plan_.schedule[next_arrival_] : deadline;
    const int count = wait_for_events(epoll_, events.data(), events.size(), until);
    for (int i = 0; i < count; ++i) {
      const epoll_event& event = events[static_cast<std::size_t>(i)];
      auto& connection = *static_cast<Connection*>(event.data.ptr);
      if ((event.events & EPOLLOUT) != 0 && connection.fd >= 0) send_rest(connection);
      if ((event.events & ~static_cast<std::uint32_t>(EPOLLOUT)) != 0 && connection.fd >= 0) {
        on_readable(connection);
      }
    }
  }
  const std::uint64_t unanswered = started_ - answered() + (plan_.schedule.size() - next_arrival_);
  if (unanswered > 0) {
    report_.errors += unanswered;
    if (report_.first_error.empty()) report_.first_error = "no complete answer in time";
  }
  report_.lasted = Clock::now() - begin_;
  return std::move(report_);
}

bool Driver::may_start_another(TimePoint now) const {
  if (plan_.closed_requests > 0) return started_ < plan_.closed_requests;
  return now < begin_ + plan_.closed_for;
}

void Driver::start_due(TimePoint now) {
  if (closed_loop()) {
    // A connection that fails is idle again; one attempt each per turn keeps the loop turning.
    for (auto left = idle_.size(); left > 0 && may_start_another(now); --left) {
      Connection& connection = *idle_.front();
      idle_.pop_front();
      start(connection, Clock::now());
    }
    return;
  }
  while (next_arrival_ < plan_.schedule.size() && !idle_.empty()) {
    const TimePoint intended = begin_ + plan_.schedule[next_arrival_];
    if (intended > now) return;
    ++next_arrival_;
    Connection& connection = *idle_.front();
    idle_.pop_front();
    start(connection, intended);
  }
}

void Driver::start(Connection& connection, TimePoint intended) {
  ++started_;
  connection.busy = true;
  connection.intended = intended;
  connection.first_byte = {};
  connection.answer.start();
  if (connection.fd < 0) {
    connection.fd = connect_to(plan_.port);
    if (connection.fd < 0) return fail(connection, std::strerror(errno));
    ++report_.connects;
    connection.waits_writable = false;
    watch(connection, EPOLL_CTL_ADD);
  }
  connection.unsent = requests_.next();
  connection.sent = Clock::now();
  send_rest(connection);
}

void Driver::send_rest(Connection& connection) {
  if (connection.unsent.empty()) return;
  const ssize_t sent = send(connection.fd, connection.unsent.data(), connection.unsent.size(), 0);
  if (sent < 0 && errno != EAGAIN) return fail(connection, std::strerror(errno));
  if (sent > 0) connection.unsent.remove_prefix(static_cast<std::size_t>(sent));
  if (connection.waits_writable == connection.unsent.empty()) {
    connection.waits_writable = !connection.unsent.empty();
    watch(connection, EPOLL_CTL_MOD);
  }
}

void Driver::on_readable(Connection& connection) {
  const ssize_t got = recv(connection.fd, scratch_.get(), scratch_bytes, 0);
  if (got < 0 && errno == EAGAIN) return;
  if (!connection.busy) return disconnect(connection);  // closed while idle: its right
  if (got <= 0) return fail(connection, got == 0 ? "closed too early" : std::strerror(errno));
  const auto state = connection.answer.read({scratch_.get(), static_cast<std::size_t>(got)});
  if (connection.first_byte == TimePoint{} && connection.answer.body_bytes() > 0) {
    connection.first_byte = Clock::now();
    if (plan_.until_first_byte) {
      ++report_.requests;
      report_.first_byte.add(connection.first_byte - connection.intended);
      return;
    }
  }
  if (state == AnswerReader::State::broken) return fail(connection, "malformed answer");
  if (state == AnswerReader::State::done) finish(connection);
}

void Driver::finish(Connection& connection) {
  const TimePoint now = Clock::now();
  if (!connection.answer.good()) {
    return fail(connection, "status " + std::to_string(connection.answer.status()));
  }
  ++report_.requests;
  report_.bytes += connection.answer.body_bytes();
  report_.events += connection.answer.events();
  report_.latency.add(now - connection.intended);
  report_.from_send.add(now - connection.sent);
  report_.first_byte.add(connection.first_byte - connection.intended);
  if (!connection.answer.keep_alive()) disconnect(connection);
  release(connection);
}

void Driver::fail(Connection& connection, std::string_view why) {
  if (plan_.until_first_byte && connection.first_byte != TimePoint{}) --report_.requests;
  ++report_.errors;
  if (report_.first_error.empty()) report_.first_error = why;
  disconnect(connection);
  release(connection);
}

void Driver::disconnect(Connection& connection) {
  if (connection.fd >= 0) close(connection.fd);
  connection.fd = -1;
}

void Driver::release(Connection& connection) {
  connection.busy = false;
  idle_.push_back(&connection);
}

void Driver::watch(Connection& connection, int operation) {
  epoll_event event{};
  event.events = EPOLLIN;
  if (connection.waits_writable) event.events |= EPOLLOUT;
  event.data.ptr = &connection;
  epoll_ctl(epoll_, operation, connection.fd, &event);
}

}  // namespace tidegate::bench
