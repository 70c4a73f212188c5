#include "budgets/restore.h"

#include <algorithm>

#include "ledger/spending.h"

namespace tidegate::budgets {
namespace {

// Records of one key lie together.
class KeyMemo {
 public:
  explicit KeyMemo(const limits::KeyTable& keys) : keys_(keys) {}
  const limits::KeyEntry* find(const std::string& id) {
    if (id == id_) return entry_;
    id_ = id;
    entry_ = keys_.find(id);
    return entry_;
  }

 private:
  const limits::KeyTable& keys_;
  std::string id_;
  const limits::KeyEntry* entry_ = nullptr;
};

}  // namespace

Result<void> restore(const Budgets& budgets, const LedgerFiles& ledger,
                     const limits::KeyTable& keys, WallTime now) {
  const auto any_cap = [&](config::BudgetPer per) { return keys.any_cap(per); };
  if (const auto since = budgets.restore_since(now, any_cap)) {
    KeyMemo memo(keys);
    auto read = ledger::each_attempt_since(
        ledger.path, ledger.journal, *since,
        [&](const ledger::Label& label, const ledger::Entry& entry) {
          if (!entry.cost || entry.cost->value == 0) return;
          if (budgets.has_counted(entry.request, entry.attempt)) return;
          Spender who{.tenant = label.tenant,
                      .key = label.key,
                      .client = label.client,
                      .route = label.route,
                      .provider = label.provider,
                      .model = label.model,
                      .task = entry.task};
          who.add(memo.find(label.key));
          const WallTime started{std::chrono::microseconds{entry.started_us}};
          budgets.restore(who, *entry.cost, started, now);
        });
    if (!read) return read;
  }
  budgets.restored(now, caps_of(keys));
  return {};
}

Budgets::CapOf caps_of(const limits::KeyTable& keys) {
  return [&keys](std::string_view id, config::BudgetPer per) -> std::optional<NanoDollars> {
    const limits::KeyEntry* key = keys.find(id);
    if (key == nullptr) return std::nullopt;
    const auto cap = std::ranges::find(key->own->caps, per, &config::SpendingCap::per);
    return cap == key->own->caps.end() ? std::nullopt : std::optional(cap->amount);
  };
}

}  // namespace tidegate::budgets
