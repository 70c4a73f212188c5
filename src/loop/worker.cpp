#include "loop/worker.h"

#include <pthread.h>

#include <utility>

namespace tidegate {

Worker::Worker(const Clock& clock, std::string name, bool io_uring)
    : loop_(clock, io_uring), name_(std::move(name)) {}

Worker::~Worker() { stop_and_join(); }

void Worker::start() {
  thread_ = std::thread([this] {
    ::pthread_setname_np(::pthread_self(), name_.c_str());
    loop_.run();
  });
}

void Worker::stop_and_join() {
  if (!thread_.joinable()) return;
  loop_.stop();
  thread_.join();
}

}  // namespace tidegate
