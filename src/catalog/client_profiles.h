// ClientProfiles: which kind of client a request comes from and how that kind is treated.
// Built from a config's `clients` and data/clients.yaml (compiled in). Immutable, any thread.
#pragma once

#include <string_view>
#include <vector>

#include "config/config.h"

namespace tidegate::catalog {

class ClientProfiles {
 public:
  // The shipped profiles. Throws only if the compiled-in data is broken (a test guards it).
  static const std::vector<config::Client>& shipped();
  // The config's profiles in their order, each completed by the shipped one of its name, then the
  // other shipped ones. Adds to `problems` those that say of no client that it is meant.
  static ClientProfiles with(const config::Config& config, std::vector<config::Problem>& problems);
  // Data of the form of data/clients.yaml. Every problem names file:line:col.
  static std::vector<config::Client> parse(std::string_view yaml, const std::string& file,
                                           std::vector<config::Problem>& problems);

  // The first one that matches; nullptr if there is none. Lives as long as this. `key_digest`: of
  // the key that the client presents, 64 hexadecimal digits; empty: none, or not by_key().
  [[nodiscard]] const config::Client* find(std::string_view user_agent,
                                           std::string_view key_digest) const;
  // Whether any of them asks for a key.
  [[nodiscard]] bool by_key() const { return by_key_; }
  [[nodiscard]] const std::vector<config::Client>& all() const { return profiles_; }

 private:
  std::vector<config::Client> profiles_;
  bool by_key_ = false;
};

}  // namespace tidegate::catalog
