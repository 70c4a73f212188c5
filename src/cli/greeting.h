// What `tidegate serve` prints once it is up: where it listens and what to paste to try it.
#pragma once

#include "config/config.h"
#include "loop/address.h"

namespace tidegate::cli {

struct Greeting {
  const config::Config& config;
  const Address& client;
  const Address& admin;
  bool asks_for_keys = false;
};
void greet(const Greeting& greeting);

}  // namespace tidegate::cli
