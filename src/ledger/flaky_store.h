// A store for tests that passes everything on to a real one until it is told to fail.
#pragma once

#include <atomic>
#include <memory>
#include <utility>

#include "store/store.h"

namespace tidegate::ledger {

// Which calls fail, and with what; shared between a test and the stores that it gave out.
struct Faults {
  std::atomic<bool> open = false;
  std::atomic<bool> begin = false;
  std::atomic<bool> run = false;
  std::atomic<bool> commit = false;
  std::atomic<bool> commit_but_say_no = false;  // the commit takes place and an error is returned
  std::atomic<ErrorCode> code = ErrorCode::io;
};

class FlakyStore final : public store::Store {
 public:
  FlakyStore(std::unique_ptr<store::Store> real, std::shared_ptr<Faults> faults)
      : real_(std::move(real)), faults_(std::move(faults)) {}

  Result<void> execute(std::string_view sql) override { return real_->execute(sql); }
  Result<std::int64_t> run(std::string_view sql, std::span<const store::Value> values) override {
    if (faults_->run) return fail(faults_->code, "injected at run");
    return real_->run(sql, values);
  }
  Result<void> query(std::string_view sql, std::span<const store::Value> values,
                     const std::function<void(const store::Row&)>& each) override {
    return real_->query(sql, values, each);
  }
  Result<void> begin_reading() override { return real_->begin_reading(); }
  [[nodiscard]] store::Dialect dialect() const override { return real_->dialect(); }
  Result<bool> has_table(std::string_view name) override { return real_->has_table(name); }
  Result<bool> is_empty() override { return real_->is_empty(); }
  Result<void> begin() override {
    if (faults_->begin) return fail(faults_->code, "injected at begin");
    return real_->begin();
  }
  Result<void> commit() override {
    if (faults_->commit) return fail(faults_->code, "injected at commit");
    auto done = real_->commit();
    if (faults_->commit_but_say_no) return fail(faults_->code, "injected after commit");
    return done;
  }
  void rollback() override { real_->rollback(); }

 private:
  std::unique_ptr<store::Store> real_;
  std::shared_ptr<Faults> faults_;
};

}  // namespace tidegate::ledger
