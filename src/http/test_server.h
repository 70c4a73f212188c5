// For tests: a Server on a worker of its own, with a handler whose paths show one behaviour each.
#pragma once

#include <atomic>
#include <future>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "http/server.h"
#include "http/test_peer.h"

namespace tidegate::http {

// /echo answers "METHOD target body". The others are described where they are tested.
class ScriptedHandler final : public Handler {
 public:
  std::atomic<std::size_t> written{0};  // by /flood
  std::atomic<int> clients_gone{0};     // seen by /wait and /flood

  Task<void> serve(Exchange& exchange) override {
    const std::string path(exchange.head().path());
    if (path == "/stream" || path == "/cut") {
      if (exchange.head().headers.find("release") == "early") exchange.release_request();
      exchange.begin(200, "X-Kind: stream\r\n");
      bool sent = exchange.write("hello ");
      const std::string_view pieces[] = {"wo", "", "rld"};
      sent = sent && exchange.write(pieces);
      if (!sent) co_await exchange.flush();
      if (path == "/stream") co_await exchange.finish();
    } else if (path == "/pieces") {
      const std::vector<std::string_view> pieces(100, "piece ");
      exchange.begin(200, "");
      const bool sent = exchange.write(pieces);
      if (!sent) co_await exchange.flush();
      co_await exchange.finish();
    } else if (path == "/silent") {
      co_return;
    } else if (path == "/wait") {
      const Wake wake = co_await exchange.client().until_gone(exchange.loop().now() + 10s);
      if (wake == Wake::gone) ++clients_gone;
    } else if (path == "/slow") {
      co_await exchange.loop().sleep_until(exchange.loop().now() + 50ms);
      co_await exchange.respond(200, "", "slow");
    } else if (path == "/flood") {
      co_await flood(exchange);
    } else {
      std::string body(exchange.head().method);
      body.append(" ").append(exchange.head().target).append(" ").append(exchange.body());
      co_await exchange.respond(200, "X-Kind: echo\r\n", body);
    }
  }

  std::string error_body(int status, std::string_view problem) override {
    return std::to_string(status) + ": " + std::string(problem);
  }

 private:
  // Streams 64 MiB as fast as the client takes them.
  Task<void> flood(Exchange& exchange) {
    const std::string block(64 * 1024, 'f');
    exchange.begin(200, "");
    for (int i = 0; i < 1024; ++i) {
      bool sent = exchange.write(block);
      written += block.size();
      if (!sent) sent = co_await exchange.flush();
      if (!sent) {
        ++clients_gone;
        co_return;
      }
    }
    co_await exchange.finish();
  }
};

class TestServer {
 public:
  explicit TestServer(ServerOptions options = {}) {
    server_.emplace(std::move(options), handler, workers_);
    address = *server_->start(owner_.loop(), *Address::parse_listen("127.0.0.1:0"));
    worker_.start();
    owner_.start();
  }
  ~TestServer() {
    on_owner([this] { server_.reset(); });
  }

  // On the thread of the server's owner, where its acceptor runs too.
  void on_owner(std::move_only_function<void()> work) {
    std::promise<void> done;
    owner_.loop().post([&] {
      work();
      done.set_value();
    });
    done.get_future().wait();
  }
  [[nodiscard]] RawPeer connect() const { return RawPeer(address); }
  Server& server() { return *server_; }
  // What one request on a new connection is answered with, to the end of the connection.
  [[nodiscard]] std::string ask(std::string_view request) const {
    RawPeer peer(address);
    peer.send(request);
    return peer.read_to_end();
  }

  ScriptedHandler handler;
  Address address;

 private:
  const SystemClock clock_;
  Worker worker_{clock_, "worker"};
  Worker owner_{clock_, "owner"};
  std::vector<Worker*> workers_{&worker_};
  std::optional<Server> server_;
};

// "GET path HTTP/1.1" with a Host and further lines.
inline std::string get(std::string_view path, std::string_view lines = {}) {
  return "GET " + std::string(path) + " HTTP/1.1\r\nHost: t\r\n" + std::string(lines) + "\r\n";
}

inline std::string post(std::string_view path, std::string_view lines, std::string_view body) {
  return "POST " + std::string(path) + " HTTP/1.1\r\nHost: t\r\n" + std::string(lines) + "\r\n" +
         std::string(body);
}

}  // namespace tidegate::http
