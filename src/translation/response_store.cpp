#include "translation/response_store.h"

#include <algorithm>
#include <array>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <vector>

#include "store/migration.h"
#include "store/sqlite.h"
#include "translation/response_memory.h"

namespace tidegate::translation {
namespace {

constexpr std::array<std::string_view, 2> kSteps{R"sql(
CREATE TABLE response (
  owner TEXT NOT NULL,
  id TEXT NOT NULL,
  previous TEXT NOT NULL,
  used_us INTEGER NOT NULL,
  items TEXT NOT NULL,
  PRIMARY KEY (owner, id)
);
)sql",
                                                 R"sql(
ALTER TABLE response RENAME COLUMN items TO input;
ALTER TABLE response ADD COLUMN answer TEXT NOT NULL DEFAULT '';
ALTER TABLE response ADD COLUMN output_begin INTEGER NOT NULL DEFAULT 0;
ALTER TABLE response ADD COLUMN output_end INTEGER NOT NULL DEFAULT 0;
ALTER TABLE response ADD COLUMN provider TEXT NOT NULL DEFAULT '';
)sql"};

using std::chrono::duration_cast;
using std::chrono::microseconds;

// What the file has still to be told: a response without text is one that goes.
using Changes = std::vector<KeptResponse>;

Result<void> write(store::Store& file, const Changes& changes) {
  if (auto begun = file.begin(); !begun) return begun;
  for (const KeptResponse& one : changes) {
    const std::int64_t used = duration_cast<microseconds>(one.used.time_since_epoch()).count();
    Result<std::int64_t> done;
    if (one.text == nullptr) {
      const std::array<store::Value, 2> name{std::string_view(one.owner), std::string_view(one.id)};
      done = file.run("DELETE FROM response WHERE owner = ? AND id = ?", name);
    } else {
      const ResponseText& text = *one.text;
      const std::array<store::Value, 9> row{
          std::string_view(one.owner),     std::string_view(one.id),
          std::string_view(one.previous),  used,
          std::string_view(text.input),    std::string_view(text.answer),
          std::int64_t{text.output.begin}, std::int64_t{text.output.end},
          std::string_view(text.provider)};
      done = file.run("INSERT OR REPLACE INTO response VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", row);
    }
    if (!done) {
      file.rollback();
      return std::unexpected(done.error());
    }
  }
  return file.commit();
}

Result<void> load(store::Store& file, ResponseMemory& memory) {
  return file.query(
      "SELECT owner, id, previous, used_us, input, answer, output_begin, output_end, provider "
      "FROM response",
      {}, [&](const store::Row& row) {
        KeptResponse one;
        one.owner = row.text(0);
        one.id = row.text(1);
        one.previous = row.text(2);
        one.used = WallTime{microseconds{row.integer(3)}};
        ResponseText text{.input = std::string(row.text(4)),
                          .answer = std::string(row.text(5)),
                          .output = {},
                          .provider = std::string(row.text(8))};
        const auto size = static_cast<std::int64_t>(text.answer.size());
        const std::int64_t end = std::clamp<std::int64_t>(row.integer(7), 0, size);
        text.output.end = static_cast<std::uint32_t>(end);
        text.output.begin =
            static_cast<std::uint32_t>(std::clamp<std::int64_t>(row.integer(6), 0, end));
        one.text = std::make_shared<const ResponseText>(std::move(text));
        memory.add_loaded(std::move(one));
      });
}

}  // namespace

class ResponseStore::State {
 public:
  State(const ResponseStoreOptions& options, const Clock& clock)
      : clock_(clock),
        memory_(options.max_bytes, options.ttl,
                [this](const KeptResponse& gone) {
                  if (file_) waiting_.push_back({gone.owner, gone.id, {}, nullptr, gone.used});
                }),
        max_waiting_(options.max_bytes) {}

  Result<void> open(const std::string& path) {
    store::SqliteOptions sqlite;
    sqlite.path = path;
    auto file = store::open_sqlite(std::move(sqlite));
    if (!file) return std::unexpected(file.error());
    file_ = std::move(*file);
    if (auto done = store::migrate(*file_, "responses", kSteps); !done) return done;
    if (auto done = load(*file_, memory_); !done) return done;
    memory_.settle_loaded(clock_.wall());
    thread_ = std::thread([this] { run(); });
    return {};
  }

  ~State() {
    {
      const std::lock_guard lock(mutex_);
      stop_ = true;
    }
    changed_.notify_all();
    if (thread_.joinable()) thread_.join();
  }

  ResponseChain conversation(std::string_view owner, std::string_view id) {
    const std::lock_guard lock(mutex_);
    return memory_.chain(owner, id, clock_.wall());
  }

  std::shared_ptr<const ResponseText> find(std::string_view owner, std::string_view id) {
    const std::lock_guard lock(mutex_);
    return memory_.one(owner, id, clock_.wall());
  }

  void forget(std::string_view owner, std::string_view id) {
    const std::lock_guard lock(mutex_);
    if (memory_.erase(owner, id) && file_) changed_.notify_all();
  }

  void remember(KeptResponse response) {
    const std::lock_guard lock(mutex_);
    response.used = clock_.wall();
    if (file_) keep_for_file(response);
    memory_.add(std::move(response), clock_.wall());
    if (file_) changed_.notify_all();
  }

  void flush() {
    std::unique_lock lock(mutex_);
    written_.wait(lock, [this] { return waiting_.empty() && !writing_; });
  }

  ResponseStoreStats stats() const {
    const std::lock_guard lock(mutex_);
    return {memory_.count(), memory_.bytes(), memory_.evicted(), last_error_};
  }

 private:
  // While the disk stands still, what does not fit is lost at a restart.
  void keep_for_file(const KeptResponse& response) {
    if (waiting_bytes_ + response.bytes() > max_waiting_) {
      last_error_ = "the disk is too slow: responses were not written";
      return;
    }
    waiting_bytes_ += response.bytes();
    waiting_.push_back(response);
  }

  void run() {
    std::unique_lock lock(mutex_);
    for (;;) {
      changed_.wait(lock, [this] { return stop_ || !waiting_.empty(); });
      if (waiting_.empty()) return;
      const Changes changes = std::exchange(waiting_, {});
      waiting_bytes_ = 0;
      writing_ = true;
      lock.unlock();
      const auto done = write(*file_, changes);
      lock.lock();
      writing_ = false;
      if (!done) last_error_ = done.error().message;
      written_.notify_all();
    }
  }

  const Clock& clock_;
  // Guards all below but the file, which is the thread's once it runs. Taken by workers for a walk
  // of a chain, without copying any items.
  mutable std::mutex mutex_;
  std::condition_variable changed_, written_;
  ResponseMemory memory_;
  Changes waiting_;
  std::size_t waiting_bytes_ = 0;
  const std::size_t max_waiting_;
  bool writing_ = false, stop_ = false;
  std::string last_error_;
  std::unique_ptr<store::Store> file_;
  std::thread thread_;
};

ResponseStore::ResponseStore(std::unique_ptr<State> state) : state_(std::move(state)) {}
ResponseStore::~ResponseStore() = default;

Result<std::unique_ptr<ResponseStore>> ResponseStore::open(ResponseStoreOptions options,
                                                           const Clock& clock) {
  auto state = std::make_unique<State>(options, clock);
  if (!options.path.empty()) {
    if (auto opened = state->open(options.path); !opened) return std::unexpected(opened.error());
  }
  return std::unique_ptr<ResponseStore>(new ResponseStore(std::move(state)));
}

ResponseChain ResponseStore::conversation(std::string_view owner, std::string_view id) {
  return state_->conversation(owner, id);
}

std::shared_ptr<const ResponseText> ResponseStore::find(std::string_view owner,
                                                        std::string_view id) {
  return state_->find(owner, id);
}

void ResponseStore::remember(std::string_view owner, std::string_view id, std::string_view previous,
                             ResponseText text) {
  state_->remember({std::string(owner),
                    std::string(id),
                    std::string(previous),
                    std::make_shared<const ResponseText>(std::move(text)),
                    {}});
}

void ResponseStore::forget(std::string_view owner, std::string_view id) {
  state_->forget(owner, id);
}

std::string items_of(const ResponseChain& chain) {
  std::string items;
  const auto add = [&items](std::string_view more) {
    if (!items.empty() && !more.empty()) items += ',';
    items += more;
  };
  for (const auto& one : chain) {
    add(one->input);
    add(one->output_items());
  }
  return items;
}

void ResponseStore::flush() { state_->flush(); }

ResponseStoreStats ResponseStore::stats() const { return state_->stats(); }

}  // namespace tidegate::translation
