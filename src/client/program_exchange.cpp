#include "client/program_exchange.h"

namespace tidegate::client {

ProgramExchange::ProgramExchange(Loop& loop, std::size_t worker, Job& job, AnswerReading& reading)
    : peer_(loop), job_(job), reading_(reading) {
  client_ = &peer_;
  worker_index_ = worker;
  received_ = loop.wall();
  // What write_request() made is a good head.
  http::parse_request_head(job.request.head, {}, head_);
  body_ = job.request.body;
  job.exchange = this;
}

ProgramExchange::~ProgramExchange() { job_.exchange = nullptr; }

void ProgramExchange::leave() { peer_.leave(); }

void ProgramExchange::go_on() {
  if (waits_) peer_.cancel();
}

void ProgramExchange::release_request() {
  head_.method = head_.target = head_.host = {};
  head_.headers = {};
  body_ = {};
  job_.request = {};
}

http::Sending ProgramExchange::respond(int status, std::string_view headers,
                                       std::string_view body) {
  begun_ = finished_ = true;
  reading_.begin(status, headers);
  reading_.take(body);
  return {*this, true};
}

void ProgramExchange::begin(int status, std::string_view headers) {
  begun_ = true;
  reading_.begin(status, headers);
}

bool ProgramExchange::write(std::span<const std::string_view> pieces) {
  for (const std::string_view piece : pieces) reading_.take(piece);
  return !is_full();
}

// A program may take its time: only its leaving, or the end of the request's own, ends the wait.
Task<bool> ProgramExchange::flush() {
  while (is_full()) {
    waits_ = true;
    const Wake wake = co_await peer_.until_gone(kNever);
    waits_ = false;
    if (wake == Wake::gone) co_return false;
  }
  co_return !peer_.peer_gone();
}

http::Sending ProgramExchange::finish() {
  finished_ = true;
  return {*this, true};
}

}  // namespace tidegate::client
