// Admin: the endpoints of the admin listener: health, readiness, metrics, virtual keys, budgets,
// and those that other parts of the program add. One object for all workers.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/admin_guard.h"
#include "gateway/shared_state.h"
#include "gateway/snapshot.h"
#include "http/exchange.h"

namespace tidegate::gateway {

class Admin final : public http::Handler {
 public:
  // `snapshot`: the configuration in force. `ready`: false while we are stopping.
  Admin(SharedState& shared, const std::atomic<std::shared_ptr<const Snapshot>>& snapshot,
        std::function<bool()> ready);

  // Gives `path` and all below it to `pages`, behind the same guard; `about` is their line on the
  // index page. Before the first request; `pages` must outlive this.
  void mount(std::string path, std::string about, http::Handler& pages);

  Task<void> serve(http::Exchange& exchange) override;
  std::string error_body(int status, std::string_view problem) override;

 private:
  [[nodiscard]] std::string readiness(bool ready) const;
  Task<void> serve_page(http::Exchange& exchange);
  Task<void> serve_metrics(http::Exchange& exchange);
  Task<void> serve_keys(http::Exchange& exchange);
  Task<void> serve_budgets(http::Exchange& exchange);
  Task<void> refuse(http::Exchange& exchange, int status, std::string problem,
                    std::string headers = {});

  struct Mount {
    std::string path;
    std::string about;
    http::Handler* pages;
  };
  [[nodiscard]] http::Handler* mounted_at(std::string_view path) const;
  [[nodiscard]] std::string index() const;

  SharedState& shared_;
  const std::atomic<std::shared_ptr<const Snapshot>>& snapshot_;
  std::function<bool()> ready_;
  AdminGuard guard_;
  std::vector<Mount> mounts_;
};

}  // namespace tidegate::gateway
