#include "limits/key_table.h"

#include <algorithm>
#include <bit>
#include <map>
#include <unordered_map>

#include "base/random.h"
#include "limits/key_json.h"

namespace tidegate::limits {
namespace {

// What stands in for a text that is no key: hashing it takes as long as hashing one.
constexpr std::string_view kNoKey = "sk-tg-0000000000-00000000000000000000000000000000";
static_assert(kNoKey.size() == kKeySize);

// What stands in for a key that is not there: no digest is all zero.
constexpr KeyEntry kNobody{};

}  // namespace

Verdict KeyTable::check(std::string_view text, WallTime now) const {
  if (hash_ == nullptr) return {nullptr, KeyFault::unknown};
  if (const Verdict known = recall(text, now); known.key != nullptr) return known;
  const std::optional<KeyId> id = read_key_text(text);
  const tls::Digest digest = (*hash_)(id ? text : kNoKey);
  const std::optional<std::size_t> found = find(id.value_or(KeyId{}));
  const KeyEntry& entry = found ? entries_[*found] : kNobody;
  const bool current = tls::equal_in_constant_time(digest, entry.hash);
  const bool old = tls::equal_in_constant_time(digest, entry.old_hash);
  if (!id) return {nullptr, KeyFault::malformed};
  if (!current && !old) return {nullptr, KeyFault::unknown};
  if (entry.revoked) return {nullptr, KeyFault::revoked};
  const WallTime until = current ? entry.expires : std::min(entry.expires, entry.old_until);
  if (now >= until) return {nullptr, KeyFault::expired};
  if (current) learn(*found, text);
  return {&entry, KeyFault::none, until};
}

// A key that is good and was before; anything else, a key that has expired since included, takes
// the long way.
Verdict KeyTable::recall(std::string_view text, WallTime now) const {
  if (!tag_) return {};
  const std::optional<KeyId> id = read_key_id(text);
  const std::optional<std::size_t> place = find(id.value_or(KeyId{}));
  const SipTag tag = (*tag_)(id ? text : kNoKey);
  if (!place) return {};
  const Tag& known = tags_[*place];
  // Without a branch between the halves, so that the time tells nothing of either.
  const std::uint64_t low = known.low.load(std::memory_order_relaxed) ^ tag.low;
  const std::uint64_t high = known.high.load(std::memory_order_relaxed) ^ tag.high;
  if (!id || (low | high) != 0 || now >= known.good_until) return {};
  return {&entries_[*place], KeyFault::none, known.good_until};
}

void KeyTable::learn(std::size_t place, std::string_view text) const {
  if (!tag_) return;
  const SipTag tag = (*tag_)(text);
  tags_[place].low.store(tag.low, std::memory_order_relaxed);
  tags_[place].high.store(tag.high, std::memory_order_relaxed);
}

std::size_t KeyTable::count(KeyState state, WallTime now) const {
  const auto is = [&](const KeyEntry& entry) {
    if (entry.revoked) return state == KeyState::revoked;
    return state == (now >= entry.expires ? KeyState::expired : KeyState::active);
  };
  return static_cast<std::size_t>(std::ranges::count_if(entries_, is));
}

// The seed keeps those who choose ids from choosing a crowded part of the table.
std::size_t KeyTable::slot_of(KeyId id) const {
  std::uint64_t mixed = (id.value() ^ seed_) * 0x9e3779b97f4a7c15u;
  mixed ^= mixed >> 29;
  mixed *= 0xbf58476d1ce4e5b9u;
  return static_cast<std::size_t>(mixed >> 32) & (slots_.size() - 1);
}

std::optional<std::size_t> KeyTable::find(KeyId id) const {
  for (std::size_t slot = slot_of(id); slots_[slot] != 0; slot = (slot + 1) & (slots_.size() - 1)) {
    const std::size_t place = slots_[slot] - 1;
    if (tags_[place].id == id) return place;
  }
  return std::nullopt;
}

const KeyEntry* KeyTable::find(std::string_view id) const {
  const std::optional<KeyId> parsed = KeyId::parse(id);
  const std::optional<std::size_t> found = parsed && !slots_.empty() ? find(*parsed) : std::nullopt;
  return found ? &entries_[*found] : nullptr;
}

bool KeyTable::any_cap(config::BudgetPer per) const {
  return std::ranges::any_of(own_, [per](const auto& own) {
    return std::ranges::find(own->caps, per, &config::SpendingCap::per) != own->caps.end();
  });
}

void KeyTable::index() {
  seed_ = random_u64();
  slots_.assign(std::bit_ceil(std::max<std::size_t>(2 * entries_.size(), 8)), 0);
  tags_ = std::make_unique<Tag[]>(entries_.size());
  if (auto tag = SipHash::create()) tag_ = *tag;
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    tags_[i].id = entries_[i].id;
    if (!entries_[i].revoked) tags_[i].good_until = entries_[i].expires;
    std::size_t slot = slot_of(entries_[i].id);
    while (slots_[slot] != 0) slot = (slot + 1) & (slots_.size() - 1);
    slots_[slot] = static_cast<std::uint32_t>(i + 1);
  }
}

struct KeyTableBuilder::Shared {
  std::unordered_map<std::string, std::string_view> tenants;
  std::map<std::pair<std::vector<std::string>, std::vector<std::string>>, const Allowed*> allowed;
  std::map<std::string, const OwnBounds*> own;  // by their JSON
};

KeyTableBuilder::KeyTableBuilder()
    : table_(std::make_shared<KeyTable>()), shared_(std::make_unique<Shared>()) {}
KeyTableBuilder::~KeyTableBuilder() = default;

std::string_view KeyTableBuilder::keep(std::string_view text) {
  char* const kept = static_cast<char*>(table_->texts_.allocate(text.size() + 1, 1));
  std::ranges::copy(text, kept);
  return {kept, text.size()};
}

std::string_view KeyTableBuilder::keep_tenant(std::string_view tenant) {
  if (tenant.empty()) return {};
  const auto [found, added] = shared_->tenants.try_emplace(std::string(tenant));
  if (added) found->second = keep(tenant);
  return found->second;
}

const Allowed* KeyTableBuilder::keep_allowed(const Allowed& allowed) {
  const Allowed*& kept = shared_->allowed[{allowed.models, allowed.routes}];
  if (kept == nullptr) {
    kept = table_->allowed_.emplace_back(std::make_unique<const Allowed>(allowed)).get();
  }
  return kept;
}

const OwnBounds* KeyTableBuilder::keep_own(const OwnBounds& own) {
  const OwnBounds*& kept = shared_->own[to_json(own.limits) + to_json(own.caps)];
  if (kept == nullptr) {
    kept = table_->own_.emplace_back(std::make_unique<const OwnBounds>(own)).get();
  }
  return kept;
}

void KeyTableBuilder::add(const Key& key) {
  KeyEntry entry;
  entry.id = key.id;
  entry.id_text = keep(key.id.text());
  entry.name = keep(key.name);
  entry.tenant = keep_tenant(key.tenant);
  entry.allowed = keep_allowed(key.allowed);
  entry.own = keep_own(key.own);
  if (key.expires) entry.expires = *key.expires;
  if (key.old_until) entry.old_until = *key.old_until;
  entry.revoked = key.revoked.has_value();
  entry.hash = key.hash;
  entry.old_hash = key.old_hash;
  table_->entries_.push_back(entry);
}

std::shared_ptr<const KeyTable> KeyTableBuilder::finish(tls::KeyedHash hash) {
  table_->entries_.shrink_to_fit();
  table_->hash_ = std::make_unique<const tls::KeyedHash>(std::move(hash));
  table_->index();
  return std::move(table_);
}

}  // namespace tidegate::limits
