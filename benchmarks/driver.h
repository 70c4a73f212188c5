// Sends requests over keep-alive connections and judges every answer: the engine of bench_load.
// One thread, one epoll instance; not shared.
#pragma once

#include <deque>
#include <memory>
#include <string_view>
#include <vector>

#include "answer_reader.h"
#include "report.h"
#include "requests.h"
#include "sockets.h"

namespace tidegate::bench {

// What to send and when. Without a schedule the loop is closed: each connection sends its next
// request when the answer to the last one is complete.
struct Plan {
  int port = 0;
  int connections = 1;
  Duration give_up_after{};           // unfinished requests are errors then
  std::vector<Duration> schedule;     // intended starts since the run's begin, ascending
  std::uint64_t closed_requests = 0;  // closed loop: stop after so many, or
  Duration closed_for{};              // after so long
  bool until_first_byte = false;      // scheduled only: an answer that has begun counts as good
};

class Driver {
 public:
  Driver(Plan plan, Requests& requests);
  ~Driver();

  Report run();

 private:
  struct Connection {
    int fd = -1;
    bool busy = false;
    bool waits_writable = false;
    std::string_view unsent;
    AnswerReader answer;
    TimePoint intended, sent, first_byte;
  };

  void start_due(TimePoint now);
  void start(Connection& connection, TimePoint intended);
  void send_rest(Connection& connection);
  void on_readable(Connection& connection);
  void finish(Connection& connection);
  void fail(Connection& connection, std::string_view why);
  void disconnect(Connection& connection);
  void release(Connection& connection);
  void watch(Connection& connection, int operation);
  [[nodiscard]] bool closed_loop() const { return plan_.schedule.empty(); }
  [[nodiscard]] bool may_start_another(TimePoint now) const;
  [[nodiscard]] std::uint64_t answered() const { return report_.requests + report_.errors; }

  Plan plan_;
  Requests& requests_;
  Report report_;
  int epoll_;
  TimePoint begin_;
  std::vector<Connection> connections_;
  std::deque<Connection*> idle_;  // the longest idle first, so that all connections are used
  std::size_t next_arrival_ = 0;
  std::uint64_t started_ = 0;
  std::unique_ptr<char[]> scratch_;
};

}  // namespace tidegate::bench
