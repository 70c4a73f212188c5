// Client: asks language models of any provider, through the same pipeline as the gateway: pooled
// connections, translation to each provider's dialect, retries, breakers, fallbacks, limits,
// prices. A gateway in the program's own process, without a socket to get there.
//
//   auto client = tidegate::Client::open({.limits = {.requests_per_second = 20}});
//   if (!client) return say(client.error().message);
//   auto answer = client->complete({.model = "deepseek-v4-flash", .messages = {{.content =
//   "Hi"}}}); if (answer) use(answer->content); else say(answer.error().message);
//   show(client->costs());
//
// Errors are values; nothing here throws but std::bad_alloc. Thread-safe: one client serves a
// program. complete(), stream() and Stream block the thread that calls them; submit() does not.
#pragma once

#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <stop_token>

#include "tidegate/chat.h"
#include "tidegate/client_options.h"
#include "tidegate/cost_summary.h"
#include "tidegate/error.h"

namespace tidegate {

class Client;
namespace client {
struct Access;
}

// One streamed answer, read at the program's pace: a provider that is faster waits. Used by one
// thread at a time. Destroyed before its end it is canceled, which closes the connection.
class Stream {
 public:
  Stream(Stream&&) noexcept;
  Stream& operator=(Stream&&) noexcept;
  ~Stream();

  // Blocks until the next event is here; nullopt: the stream has ended.
  std::optional<StreamEvent> next();
  // Blocks until the end; what was not read with next() is in the answer all the same.
  ChatResult result();
  void cancel();

 private:
  friend class Client;
  struct Reading;
  explicit Stream(std::shared_ptr<Reading> reading);
  std::shared_ptr<Reading> reading_;
};

class Client {
 public:
  // Errors name all that is wrong with the options, keys included: variable and expected form,
  // never the key.
  static Result<Client> open(ClientOptions options);
  Client(Client&&) noexcept;
  Client& operator=(Client&&) noexcept;
  // Cancels what is in flight and waits for it.
  ~Client();

  // A stop request closes the connection to the provider at once.
  ChatResult complete(const ChatRequest& request, std::stop_token stop = {});
  // on_event is called by this thread as the answer comes. The result has all of it once more.
  ChatResult stream(const ChatRequest& request,
                    const std::function<void(const StreamEvent&)>& on_event,
                    std::stop_token stop = {});
  Stream open_stream(const ChatRequest& request, std::stop_token stop = {});

  std::future<ChatResult> submit(const ChatRequest& request, std::stop_token stop = {});
  // done, and on_event where it is given, are called by a thread of the client and must not block.
  // With on_event the answer is streamed. None may destroy the client.
  void submit(const ChatRequest& request, std::function<void(ChatResult)> done,
              std::function<void(const StreamEvent&)> on_event = {}, std::stop_token stop = {});

  // Of the requests that have ended so far.
  [[nodiscard]] CostSummary costs() const;

 private:
  friend struct client::Access;
  struct Impl;
  explicit Client(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace tidegate
