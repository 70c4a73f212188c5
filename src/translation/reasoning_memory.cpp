#include "translation/reasoning_memory.h"

#include <fmt/format.h>

#include <array>
#include <filesystem>

#include "base/hash.h"
#include "store/migration.h"
#include "store/sqlite.h"

namespace tidegate::translation {
namespace {

constexpr std::array<std::string_view, 1> kSteps{R"sql(
CREATE TABLE reasoning (
  key TEXT PRIMARY KEY,
  cargo TEXT NOT NULL,
  until_us INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX reasoning_until ON reasoning (until_us);
)sql"};

// Beside its texts: list node, table entry, shared count.
constexpr std::size_t kEntryBytes = 200;
constexpr Duration kGather = 200ms;  // of changes, before they are written
// What nobody knew may have been on its way.
constexpr Duration kNobodyKnows = 5s;

std::int64_t microseconds(WallTime at) {
  return std::chrono::duration_cast<std::chrono::microseconds>(at.time_since_epoch()).count();
}

std::string call_key(std::string_view owner, std::string_view id) {
  return fmt::format("{} call {}", owner, id);
}

std::string text_key(std::string_view owner, std::uint64_t hash) {
  return fmt::format("{} text {:016x}", owner, hash);
}

std::string seal_key(std::string_view owner, std::string_view proof) {
  return fmt::format("{} seal {:016x}", owner, hash_bytes(proof));
}

std::string pack(const std::vector<Cargo>& cargo) {
  std::string packed;
  for (const Cargo& each : cargo) packed.append(wrap(each)).push_back(' ');
  return packed;
}

std::vector<Cargo> unpack(std::string_view packed) {
  std::vector<Cargo> cargo;
  while (!packed.empty()) {
    const std::size_t end = packed.find(' ');
    if (std::optional<Cargo> each = unwrap(packed.substr(0, end))) {
      cargo.push_back(std::move(*each));
    }
    packed.remove_prefix(end == std::string_view::npos ? packed.size() : end + 1);
  }
  return cargo;
}

}  // namespace

// The file, only ever touched by the memory's own thread.
struct ReasoningMemory::File {
  std::unique_ptr<store::Store> store;

  Result<void> open(const std::string& path) {
    auto opened = store::open_sqlite({.path = path});
    if (!opened) return std::unexpected(opened.error());
    store = std::move(*opened);
    return store::migrate(*store, "reasoning", kSteps);
  }

  Result<void> read(std::deque<Entry>& entries, WallTime now) {
    const store::Value values[] = {microseconds(now)};
    return store->query(
        "SELECT key, cargo, until_us FROM reasoning WHERE until_us >= ? ORDER BY until_us", values,
        [&entries](const store::Row& row) {
          entries.push_back({std::string(row.text(0)),
                             std::make_shared<const std::string>(row.text(1)),
                             WallTime(std::chrono::microseconds(row.integer(2)))});
        });
  }

  Result<void> write(const std::deque<Entry>& entries, const std::deque<std::string>& forgotten,
                     WallTime now) {
    Result<void> done = store->begin();
    for (const Entry& entry : entries) {
      if (!done) break;
      const store::Value values[] = {std::string_view(entry.key), std::string_view(*entry.cargo),
                                     microseconds(entry.until)};
      done = run("INSERT OR REPLACE INTO reasoning VALUES (?, ?, ?)", values);
    }
    for (const std::string& key : forgotten) {
      if (!done) break;
      const store::Value values[] = {std::string_view(key)};
      done = run("DELETE FROM reasoning WHERE key = ?", values);
    }
    if (done) {
      const store::Value values[] = {microseconds(now)};
      done = run("DELETE FROM reasoning WHERE until_us < ?", values);
    }
    if (done) done = store->commit();
    if (!done) store->rollback();
    return done;
  }

  Result<void> run(std::string_view sql, std::span<const store::Value> values) {
    const Result<std::int64_t> changed = store->run(sql, values);
    if (!changed) return std::unexpected(changed.error());
    return {};
  }
};

ReasoningMemory::ReasoningMemory(MemoryOptions options, const Clock& clock)
    : options_(std::move(options)), clock_(clock) {
  if (!options_.path.empty()) thread_ = std::thread([this] { run(); });
}

ReasoningMemory::~ReasoningMemory() {
  if (!thread_.joinable()) return;
  {
    const std::scoped_lock lock(mutex_);
    stop_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

const ReasoningMemory::Entry* ReasoningMemory::find(const std::string& key) const {
  const auto found = by_key_.find(key);
  if (found == by_key_.end() || found->second->until < clock_.wall()) return nullptr;
  return &*found->second;
}

void ReasoningMemory::put(Entry entry) {
  if (const auto old = by_key_.find(entry.key); old != by_key_.end()) {
    const Entries::iterator at = old->second;
    bytes_ -= kEntryBytes + at->key.size() + at->cargo->size();
    by_key_.erase(old);
    entries_.erase(at);
  }
  bytes_ += kEntryBytes + entry.key.size() + entry.cargo->size();
  entries_.push_back(std::move(entry));
  by_key_.emplace(entries_.back().key, std::prev(entries_.end()));
}

// Forgets the oldest beyond the limit.
void ReasoningMemory::shrink() {
  while (bytes_ > options_.max_bytes && !entries_.empty()) {
    Entry& oldest = entries_.front();
    bytes_ -= kEntryBytes + oldest.key.size() + oldest.cargo->size();
    by_key_.erase(oldest.key);
    if (thread_.joinable()) forgotten_.push_back(std::move(oldest.key));
    entries_.pop_front();
  }
}

void ReasoningMemory::remember(std::string_view owner, const Turn& turn,
                               const std::vector<Cargo>& cargo) {
  if (cargo.empty()) return;
  const auto packed = std::make_shared<const std::string>(pack(cargo));
  const WallTime until = clock_.wall() + options_.keep;
  std::vector<Entry> entries;
  for (const std::string& id : turn.calls) entries.push_back({call_key(owner, id), packed, until});
  if (!turn.text.empty()) {
    entries.push_back({text_key(owner, turn.text.value()), packed, until});
  }
  if (!entries.empty()) tell(entries.front());
  keep(std::move(entries));
}

void ReasoningMemory::remember_seals(std::string_view owner, const std::vector<Cargo>& cargo) {
  const WallTime until = clock_.wall() + options_.keep;
  std::vector<Entry> entries;
  for (const Cargo& each : cargo) {
    if (each.proof.empty()) continue;
    const Cargo made{.seal = each.seal, .maker = each.maker, .id = {}, .proof = {}, .text = {}};
    entries.push_back(
        {seal_key(owner, each.proof), std::make_shared<const std::string>(pack({made})), until});
    tell(entries.back());
  }
  keep(std::move(entries));
}

std::string ReasoningMemory::maker_of(std::string_view owner, std::string_view proof,
                                      Unknown* unknown) const {
  std::string key = seal_key(owner, proof);
  std::shared_ptr<const std::string> packed;
  {
    const std::scoped_lock lock(mutex_);
    if (const Entry* entry = find(key)) packed = entry->cargo;
  }
  if (!packed) {
    if (unknown != nullptr) unknown->push_back(std::move(key));
    return {};
  }
  std::vector<Cargo> cargo = unpack(*packed);
  return cargo.empty() ? std::string() : std::move(cargo.front().maker);
}

void ReasoningMemory::keep(std::vector<Entry> entries) {
  if (entries.empty()) return;
  {
    const std::scoped_lock lock(mutex_);
    for (Entry& entry : entries) {
      if (thread_.joinable()) unwritten_.push_back(entry);
      put(std::move(entry));
    }
    shrink();
  }
  if (thread_.joinable()) changed_.notify_all();
}

void ReasoningMemory::adopt(std::string key, std::optional<std::string> cargo, WallTime until) {
  const WallTime now = clock_.wall();
  until = std::min<WallTime>(until, now + (cargo ? options_.keep : kNobodyKnows));
  Entry entry{std::move(key), std::make_shared<const std::string>(cargo.value_or("")), until};
  const std::scoped_lock lock(mutex_);
  const Entry* const known = find(entry.key);
  if (known != nullptr && !known->cargo->empty()) return;
  put(std::move(entry));
  shrink();
}

std::vector<Cargo> ReasoningMemory::recall(std::string_view owner, const Turn& turn,
                                           Unknown* unknown) const {
  std::shared_ptr<const std::string> packed;
  {
    const std::scoped_lock lock(mutex_);
    const Entry* entry = nullptr;
    for (const std::string& id : turn.calls) {
      entry = find(call_key(owner, id));
      if (entry != nullptr) break;
    }
    // A turn with calls is one with these calls: its text alone may be anybody's.
    if (entry == nullptr && turn.calls.empty() && !turn.text.empty()) {
      entry = find(text_key(owner, turn.text.value()));
    }
    if (entry != nullptr) packed = entry->cargo;
  }
  if (packed) return unpack(*packed);
  if (unknown != nullptr && !turn.calls.empty()) {
    unknown->push_back(call_key(owner, turn.calls.front()));
  } else if (unknown != nullptr && !turn.text.empty()) {
    unknown->push_back(text_key(owner, turn.text.value()));
  }
  return {};
}

std::size_t ReasoningMemory::bytes() const {
  const std::scoped_lock lock(mutex_);
  return bytes_;
}

std::string ReasoningMemory::problem() const {
  const std::scoped_lock lock(mutex_);
  return problem_;
}

void ReasoningMemory::flush() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] {
    return !thread_.joinable() || (unwritten_.empty() && forgotten_.empty() && !writing_);
  });
}

// Puts what the file has before what came in since the start, which is newer.
void ReasoningMemory::load(std::deque<Entry> loaded) {
  Entries newer = std::exchange(entries_, {});
  by_key_.clear();
  bytes_ = 0;
  for (Entry& entry : loaded) put(std::move(entry));
  for (Entry& entry : newer) put(std::move(entry));
  shrink();
}

void ReasoningMemory::run() {
  File file;
  Result<void> good;
  std::error_code ignored;
  // An open database costs a third of a megabyte: a new one waits for something to write.
  if (std::filesystem::exists(options_.path, ignored)) {
    std::deque<Entry> loaded;
    good = file.open(options_.path);
    if (good) good = file.read(loaded, clock_.wall());
    const std::scoped_lock lock(mutex_);
    load(std::move(loaded));
  }
  std::unique_lock lock(mutex_);
  for (;;) {
    if (!good) problem_ = good.error().message;
    writing_ = false;
    changed_.notify_all();
    changed_.wait(lock, [this] { return stop_ || !unwritten_.empty() || !forgotten_.empty(); });
    if (!stop_) changed_.wait_for(lock, kGather, [this] { return stop_; });
    if (unwritten_.empty() && forgotten_.empty()) return;
    const std::deque<Entry> entries = std::exchange(unwritten_, {});
    const std::deque<std::string> forgotten = std::exchange(forgotten_, {});
    writing_ = true;
    lock.unlock();
    if (file.store == nullptr) good = file.open(options_.path);
    if (good) good = file.write(entries, forgotten, clock_.wall());
    lock.lock();
  }
}

}  // namespace tidegate::translation
