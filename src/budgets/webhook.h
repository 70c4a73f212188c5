// Webhook: where alerts are posted to, and one post. Lives on the loop of whoever posts.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "config/config.h"
#include "http/client_pool.h"
#include "loop/resolver.h"
#include "loop/task.h"

namespace tidegate::budgets {

class Webhook {
 public:
  // The URL was checked with the configuration. `ca_file`: CAs beside the system's, may be empty.
  static Result<std::unique_ptr<Webhook>> open(const config::Secret& url,
                                               const std::string& ca_file, Loop& loop,
                                               Resolver& resolver);

  // Posts a JSON body. `id`: the same for every post of one alert. Success: any 2xx. Ends when
  // `owner`'s peer leaves: Error::canceled. Errors say what is wrong without the URL's path.
  Task<Result<void>> post(std::string_view id, std::string_view body, Socket& owner);

  // "https://hooks.slack.com/...": what may be logged.
  [[nodiscard]] const std::string& shown() const { return shown_; }

 private:
  Webhook(Loop& loop, Resolver& resolver, const http::Endpoint& endpoint,
          std::shared_ptr<const tls::ClientContext> tls)
      : loop_(loop), pool_(loop, resolver, endpoint, std::move(tls)) {}

  Loop& loop_;
  http::ClientPool pool_;
  std::string path_;  // with its query
  std::string shown_;
};

}  // namespace tidegate::budgets
