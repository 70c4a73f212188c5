// KeyTable: all virtual keys at one moment, as requests are checked against them. Shared by all
// workers; a change of the store makes a new one (KeyRing). Immutable but for what it learns: a key
// that was good once is known again by a tag, which costs a third of its HMAC.
//
// 100,000 keys take less than 40 MB, a look-up less than 200 ns (key_bench.cpp).
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <memory_resource>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/sip_hash.h"
#include "base/time.h"
#include "limits/key.h"
#include "tls/keyed_hash.h"

namespace tidegate::limits {

// What requests under a key need of it. Views into its table.
struct KeyEntry {
  KeyId id;
  std::string_view id_text, name, tenant;
  const Allowed* allowed = nullptr;
  const OwnBounds* own = nullptr;
  WallTime expires = WallTime::max();
  WallTime old_until = WallTime::min();
  bool revoked = false;
  tls::Digest hash{}, old_hash{};
};

// Why a key is refused. Clients are not told all of it (gateway/authenticate.h).
enum class KeyFault : std::uint8_t { none, malformed, unknown, expired, revoked };

struct Verdict {
  const KeyEntry* key = nullptr;  // null: refused
  KeyFault fault = KeyFault::none;
  WallTime good_until = WallTime::max();  // under this secret
};

class KeyTable {
 public:
  KeyTable() = default;  // no keys
  KeyTable(const KeyTable&) = delete;
  KeyTable& operator=(const KeyTable&) = delete;

  // Does the same work whatever is wrong with `text`, so that the time it takes tells nothing. Only
  // a good key that was good before takes less.
  [[nodiscard]] Verdict check(std::string_view text, WallTime now) const;
  // By the text of its id, whether it is good or not; null: there is none.
  [[nodiscard]] const KeyEntry* find(std::string_view id) const;
  // Whether a key has a budget of its own for this period.
  [[nodiscard]] bool any_cap(config::BudgetPer per) const;
  [[nodiscard]] std::size_t size() const { return entries_.size(); }
  [[nodiscard]] std::size_t count(KeyState state, WallTime now) const;

 private:
  friend class KeyTableBuilder;
  [[nodiscard]] std::size_t slot_of(KeyId id) const;
  // The place in entries_ and tags_.
  [[nodiscard]] std::optional<std::size_t> find(KeyId id) const;
  [[nodiscard]] Verdict recall(std::string_view text, WallTime now) const;
  void learn(std::size_t place, std::string_view text) const;
  void index();

  // What tells a key that was good before: its id, until when, and the SipHash of its text under a
  // seed of this table, which nobody can make without both. No text is kept. The tag is zero until
  // it is learned and then stays, so threads that write it at once write the same.
  struct Tag {
    KeyId id;
    WallTime good_until = WallTime::min();
    std::atomic<std::uint64_t> low{0}, high{0};
  };

  std::vector<KeyEntry> entries_;
  std::vector<std::uint32_t> slots_;  // by id: one more than the place in entries_; 0: free
  std::unique_ptr<Tag[]> tags_;       // as entries_
  std::optional<SipHash> tag_;        // absent: the system gave no seed, so nothing is learned
  std::uint64_t seed_ = 0;
  std::pmr::monotonic_buffer_resource texts_;            // what the entries' views point into
  std::vector<std::unique_ptr<const Allowed>> allowed_;  // keys that may do the same share one
  std::vector<std::unique_ptr<const OwnBounds>> own_;    // likewise
  std::unique_ptr<const tls::KeyedHash> hash_;           // null: no keys
};

class KeyTableBuilder {
 public:
  KeyTableBuilder();
  ~KeyTableBuilder();
  void add(const Key& key);
  // `hash`: that of the store. Once.
  std::shared_ptr<const KeyTable> finish(tls::KeyedHash hash);

 private:
  struct Shared;  // what was added already: tenants and scopes
  std::string_view keep(std::string_view text);
  std::string_view keep_tenant(std::string_view tenant);
  const Allowed* keep_allowed(const Allowed& allowed);
  const OwnBounds* keep_own(const OwnBounds& own);

  std::shared_ptr<KeyTable> table_;
  std::unique_ptr<Shared> shared_;
};

}  // namespace tidegate::limits
