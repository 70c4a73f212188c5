// HttpLink: an MCP server over streamable HTTP. A message is a POST; its answer is JSON or a stream
// of events. Both eras: stateless, or with a session. Owned by a Client. One loop, never shared;
// close() must have ended before it is destroyed.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "http/call.h"
#include "http/client_pool.h"
#include "http/sse_scanner.h"
#include "loop/notice.h"
#include "loop/resolver.h"
#include "loop/task_group.h"
#include "mcp/link.h"
#include "mcp/server_spec.h"

namespace tidegate::mcp {

class HttpLink final : public Link {
 public:
  HttpLink(Loop& loop, Resolver& resolver, const ServerSpec& spec)
      : loop_(loop), resolver_(resolver), spec_(spec), quiet_(loop) {}

  Task<Answer<void>> open(Cancel& cancel) override;
  [[nodiscard]] bool is_open() const override { return pool_ != nullptr && !session_lost_; }
  void speak(Speech speech) override { speech_ = std::move(speech); }
  Task<Answer<std::string>> ask(const Ask& ask, Cancel& cancel) override;
  Task<Answer<void>> tell(std::string text, TimePoint deadline) override;
  Task<void> close() override;

 private:
  class Leaving;
  struct Stream;

  Task<Answer<std::string>> exchange(const Ask& ask, Leaving& leaving, Stream& stream);
  Task<Answer<std::string>> read_body(const Ask& ask, http::Call& call, Leaving& leaving,
                                      Stream& stream);
  Task<void> answer_in_background(std::string text);
  bool take_event(const Ask& ask, const http::SseEvent& event, Stream& stream);
  void take_message(const Ask& ask, std::string_view text, Stream& stream);
  [[nodiscard]] std::string head(std::string_view method, std::string_view more,
                                 std::size_t body) const;
  void note_session(const http::ResponseHead& head, std::string_view method);

  Loop& loop_;
  Resolver& resolver_;
  const ServerSpec& spec_;
  Speech speech_;
  std::optional<http::Endpoint> endpoint_;
  std::shared_ptr<const tls::ClientContext> tls_;
  std::unique_ptr<http::ClientPool> pool_;
  std::string session_;  // of the initialize era; empty: none
  bool session_lost_ = false;
  TaskGroup tasks_;  // answers to what a server asks us
  Notice quiet_;     // tasks_ is empty
};

}  // namespace tidegate::mcp
