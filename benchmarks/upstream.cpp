// bench_upstream: a provider that costs next to nothing, to put behind the proxies that are
// measured.
//
//   bench_upstream [--port P] [--chunks N] [--interval MS] [--hold] [--unique]
//                  [--tls-cert PEM --tls-key PEM]
//
// A request whose body has "stream":true among its first 4 KB gets N paced chunks
// (with --hold: one chunk and then silence), any other a fixed completion (with --unique: one that
// no other request gets). Prints its port, then serves until it is killed. One thread,
// level-triggered epoll, keep-alive, Content-Length bodies only.
#include <fmt/format.h>
#include <sys/socket.h>

#include <array>
#include <charconv>
#include <cstdio>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "canned_answers.h"
#include "options.h"
#include "peer.h"
#include "sockets.h"

namespace tidegate::bench {
namespace {

constexpr std::size_t scratch_bytes = 256 * 1024;
constexpr std::size_t inspected_bytes = 4096;  // of a body
constexpr std::size_t head_limit = 64 * 1024;

struct Pace {
  int chunks = 200;
  Duration interval{};
  bool hold = false;
};

class Upstream {
 public:
  Upstream(int listener, Pace pace, bool unique, TlsServer tls)
      : listener_(listener),
        pace_(pace),
        unique_(unique),
        tls_(std::move(tls)),
        epoll_(epoll_create1(EPOLL_CLOEXEC)),
        canned_(unique),
        scratch_(std::make_unique<char[]>(scratch_bytes)) {
    watch(listener_, EPOLLIN, EPOLL_CTL_ADD);
  }

  [[noreturn]] void serve() {
    std::array<epoll_event, 256> events;
    for (;;) {
      const TimePoint next = ticks_.empty() ? Clock::now() + std::chrono::hours(1) : ticks_[0].due;
      const int count = wait_for_events(epoll_, events.data(), events.size(), next);
      for (int i = 0; i < count; ++i) on_event(events[static_cast<std::size_t>(i)]);
      send_due_chunks(Clock::now());
    }
  }

 private:
  // All intervals are equal, so the queue is always in order of `due`.
  struct Tick {
    TimePoint due;
    int fd;
    std::uint64_t serial;  // a later connection may have the same descriptor
  };

  void on_event(const epoll_event& event) {
    const int fd = event.data.fd;
    if (fd == listener_) return accept_all();
    Peer* peer = find(fd);
    if (peer == nullptr) return;
    if ((event.events & EPOLLOUT) != 0) flush(*peer);
    if (peer->open && (event.events & ~static_cast<std::uint32_t>(EPOLLOUT)) != 0) receive(*peer);
    if (!peer->open) drop(fd);
  }

  void accept_all() {
    for (;;) {
      const int fd = accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
      if (fd < 0) return;
      make_prompt(fd);
      if (peers_.size() <= static_cast<std::size_t>(fd)) {
        peers_.resize(static_cast<std::size_t>(fd) + 1);
      }
      peers_[static_cast<std::size_t>(fd)] = std::make_unique<Peer>(fd, ++serial_, tls_.open(fd));
      watch(fd, EPOLLIN, EPOLL_CTL_ADD);
    }
  }

  void receive(Peer& peer) {
    for (;;) {
      const ssize_t got = peer.read(scratch_.get(), scratch_bytes);
      if (got == 0) peer.open = false;
      if (got <= 0) return;
      consume(peer, {scratch_.get(), static_cast<std::size_t>(got)});
      if (!peer.open) return;
    }
  }

  // Collects the head and the start of the body; the rest of the body is only counted.
  void consume(Peer& peer, std::string_view bytes) {
    if (peer.body_left > 0) {
      if (bytes.size() > peer.body_left) {
        peer.open = false;
        return;
      }
      peer.body_left -= bytes.size();
      if (peer.body_left == 0) answer(peer);
      return;
    }
    peer.request += bytes;
    const auto end = peer.request.find("\r\n\r\n");
    if (end == std::string::npos) {
      peer.open = peer.request.size() < head_limit;
      return;
    }
    const std::size_t length = content_length(peer.request.substr(0, end));
    const std::size_t arrived = peer.request.size() - (end + 4);
    peer.open = arrived <= length;
    if (arrived < std::min(length, inspected_bytes)) return;
    const auto start = std::string_view(peer.request).substr(end + 4, inspected_bytes);
    peer.wants_stream = start.find(R"("stream":true)") != std::string_view::npos;
    peer.body_left = length - arrived;
    peer.request.clear();
    if (peer.body_left == 0) answer(peer);
  }

  static std::size_t content_length(std::string head) {
    for (char& c : head) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
    const std::string name = "\r\ncontent-length: ";
    const auto at = head.find(name);
    std::size_t length = 0;
    if (at != std::string::npos) {
      std::from_chars(head.data() + at + name.size(), head.data() + head.size(), length);
    }
    return length;
  }

  void answer(Peer& peer) {
    if (!peer.wants_stream) {
      if (unique_) canned_.completion.renew();
      return send(peer, canned_.completion.text());
    }
    send(peer, canned_.stream_head);
    if (pace_.hold) return send(peer, canned_.chunk);
    peer.chunks_left = pace_.chunks;
    ticks_.push_back({Clock::now() + pace_.interval, peer.fd, peer.serial});
  }

  void send_due_chunks(TimePoint now) {
    while (!ticks_.empty() && ticks_[0].due <= now) {
      Tick tick = ticks_[0];
      ticks_.pop_front();
      Peer* peer = find(tick.fd);
      if (peer == nullptr || peer->serial != tick.serial) continue;
      send(*peer, peer->chunks_left > 0 ? canned_.chunk : canned_.stream_end);
      if (!peer->open) {
        drop(tick.fd);
      } else if (--peer->chunks_left >= 0) {
        tick.due += pace_.interval;
        ticks_.push_back(tick);
      }
    }
  }

  void send(Peer& peer, std::string_view bytes) {
    peer.unsent += bytes;
    flush(peer);
  }

  void flush(Peer& peer) {
    const bool was_waiting = peer.wait_writable;
    peer.flush();
    if (peer.open && peer.wait_writable != was_waiting) {
      watch(peer.fd, peer.wait_writable ? EPOLLIN | EPOLLOUT : EPOLLIN, EPOLL_CTL_MOD);
    }
  }

  Peer* find(int fd) {
    const auto index = static_cast<std::size_t>(fd);
    return index < peers_.size() ? peers_[index].get() : nullptr;
  }
  void drop(int fd) { peers_[static_cast<std::size_t>(fd)].reset(); }

  void watch(int fd, int what, int operation) {
    epoll_event event{};
    event.events = static_cast<std::uint32_t>(what);
    event.data.fd = fd;
    if (epoll_ctl(epoll_, operation, fd, &event) != 0) die("epoll_ctl");
  }

  const int listener_;
  const Pace pace_;
  const bool unique_;
  const TlsServer tls_;
  const int epoll_;
  CannedAnswers canned_;
  std::unique_ptr<char[]> scratch_;
  std::vector<std::unique_ptr<Peer>> peers_;  // by descriptor
  std::deque<Tick> ticks_;
  std::uint64_t serial_ = 0;
};

}  // namespace
}  // namespace tidegate::bench

int main(int argc, char** argv) {
  using namespace tidegate::bench;
  const Options options(argc, argv);
  prepare_process();
  const int listener = listen_on(options.integer("port", 0));
  const Pace pace{
      .chunks = options.integer("chunks", 200),
      .interval = Duration(static_cast<std::int64_t>(options.number("interval", 20) * 1e6)),
      .hold = options.has("hold")};
  Upstream upstream(listener, pace, options.has("unique"),
                    TlsServer(options.text("tls-cert", ""), options.text("tls-key", "")));
  fmt::print("{}\n", local_port(listener));
  std::fflush(stdout);
  upstream.serve();
}
