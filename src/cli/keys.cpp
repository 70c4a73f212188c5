// `tidegate keys`: makes, lists, revokes and rotates virtual keys, beside running gateways, which
// see it within a second. A new key alone goes to standard output, so that a script can take it.
#include <fmt/format.h>

#include <cstdio>

#include "catalog/catalog.h"
#include "cli/commands.h"
#include "cli/load_config.h"
#include "limits/key_json.h"
#include "limits/key_store.h"

namespace tidegate::cli {
namespace {

using limits::Key;
using limits::KeyStore;

// A config of which not all is right can still say where the keys are.
struct Opened {
  config::Config config;
  catalog::Catalog catalog;
  std::unique_ptr<KeyStore> store;
};

std::optional<Opened> open(const std::string& file) {
  config::Loaded loaded = load_config(file);
  if (print_problems(loaded.problems)) return std::nullopt;
  std::vector<config::Problem> problems;
  Opened opened{.config = std::move(loaded.config), .catalog = {}, .store = nullptr};
  opened.catalog = catalog::Catalog::with(opened.config, problems);
  auto store = KeyStore::open({opened.config.state.keys, opened.config.key_secret.reveal()});
  if (!store) {
    fmt::print(stderr, "cannot open the keys: {}\n", store.error().message);
    return std::nullopt;
  }
  opened.store = std::move(*store);
  return opened;
}

int failed(const Error& error) {
  fmt::print(stderr, "{}{}{}\n", error.field, error.field.empty() ? "" : ": ", error.message);
  return error.code == ErrorCode::invalid || error.code == ErrorCode::not_found ? kNo
                                                                                : kCouldNotRun;
}

int wrong_usage(const Error& error) {
  fmt::print(stderr, "--{}: {}\n", error.field, error.message);
  return kWrongUsage;
}

void print_json(const Key& key, WallTime now, std::string_view text = {}) {
  std::string out;
  json::Writer json(out);
  limits::write_key(json, key, now, text);
  fmt::print("{}\n", out);
}

void print_new(const limits::NewKey& made, const KeysOptions& options, WallTime now) {
  if (options.json) {
    print_json(made.key, now, made.text);
    return;
  }
  fmt::print("{}\n", made.text);
  std::fflush(stdout);
  fmt::print(stderr, "{} \"{}\": keep it now, it is not shown again.\n", made.key.id.text(),
             made.key.name);
  if (made.key.old_until) {
    fmt::print(stderr, "The secret until now stays good until {}.\n",
               format_rfc3339(*made.key.old_until));
  }
}

std::string listed(const std::vector<std::string>& names) {
  std::string out;
  for (const std::string& name : names) out += (out.empty() ? "" : ",") + name;
  return out.empty() ? "any" : out;
}

void print_table(const std::vector<Key>& keys, WallTime now) {
  if (keys.empty()) fmt::print("There are no keys. `tidegate keys create NAME` makes one.\n");
  for (const Key& key : keys) {
    fmt::print("{}  ...{}  {:<7}  {}", key.id.text(), key.last4, name(state_of(key, now)),
               key.name);
    if (!key.tenant.empty()) fmt::print("  tenant={}", key.tenant);
    fmt::print("  models={}  routes={}", listed(key.allowed.models), listed(key.allowed.routes));
    if (key.own.limited()) fmt::print("  limits={}", limits::to_json(key.own.limits));
    for (const config::SpendingCap& cap : key.own.caps) fmt::print("  budget={}", show(cap));
    for (const auto& [label, value] : key.labels) fmt::print("  {}={}", label, value);
    fmt::print("  created={}", format_rfc3339(key.created).substr(0, 10));
    if (key.expires) fmt::print("  expires={}", format_rfc3339(*key.expires));
    if (key.revoked) fmt::print("  revoked={}", format_rfc3339(*key.revoked));
    fmt::print("\n");
  }
}

}  // namespace

int create_key(const KeysOptions& options) {
  const WallTime now = SystemClock().wall();
  limits::KeyDraft draft;
  draft.name = options.key;
  draft.tenant = options.tenant;
  draft.allowed = {options.models, options.routes};
  if (!options.expires.empty()) {
    auto expires = limits::parse_expiry(options.expires, now);
    if (!expires) return wrong_usage(expires.error());
    draft.expires = *expires;
  }
  for (const std::string& text : options.labels) {
    auto label = limits::parse_label(text);
    if (!label) return wrong_usage(label.error());
    draft.labels.push_back(std::move(*label));
  }
  draft.own.limits = options.limits;
  for (const std::string& text : options.budgets) {
    auto cap = limits::parse_cap(text);
    if (!cap) return wrong_usage(cap.error());
    draft.own.caps.push_back(*cap);
  }
  auto opened = open(options.config);
  if (!opened) return kCouldNotRun;
  if (auto good = limits::check(draft, opened->catalog, opened->config); !good) {
    return failed(good.error());
  }
  const auto made = opened->store->create(draft, now);
  if (!made) return failed(made.error());
  print_new(*made, options, now);
  if (opened->config.auth == config::Auth::open) {
    fmt::print(stderr, "The configuration says auth: open, so nobody has to have a key.\n");
  }
  return kDone;
}

int list_keys(const KeysOptions& options) {
  const WallTime now = SystemClock().wall();
  auto opened = open(options.config);
  if (!opened) return kCouldNotRun;
  std::vector<Key> keys;
  const auto read = opened->store->each([&](const Key& key) { keys.push_back(key); });
  if (!read) {
    fmt::print(stderr, "{}\n", read.error().message);
    return kCouldNotRun;
  }
  if (!options.json) {
    print_table(keys, now);
    return kDone;
  }
  std::string out;
  json::Writer json(out);
  json.begin_object().key("keys").begin_array();
  for (const Key& key : keys) limits::write_key(json, key, now);
  json.end_array().end_object();
  fmt::print("{}\n", out);
  return kDone;
}

int revoke_key(const KeysOptions& options) {
  const WallTime now = SystemClock().wall();
  auto opened = open(options.config);
  if (!opened) return kCouldNotRun;
  const auto key = opened->store->revoke(options.key, now);
  if (!key) return failed(key.error());
  if (options.json) {
    print_json(*key, now);
  } else {
    fmt::print("{} \"{}\" is revoked.\n", key->id.text(), key->name);
  }
  return kDone;
}

int rotate_key(const KeysOptions& options) {
  const WallTime now = SystemClock().wall();
  const auto grace = limits::parse_grace(options.grace);
  if (!grace) return wrong_usage(grace.error());
  auto opened = open(options.config);
  if (!opened) return kCouldNotRun;
  const auto made = opened->store->rotate(options.key, *grace, now);
  if (!made) return failed(made.error());
  print_new(*made, options, now);
  return kDone;
}

}  // namespace tidegate::cli
