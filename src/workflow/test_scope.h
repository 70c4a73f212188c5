// A Scope that tests fill in.
#pragma once

#include <algorithm>
#include <deque>
#include <string>
#include <vector>

#include "workflow/scope.h"

namespace tidegate::workflow {

class TestScope : public Scope {
 public:
  Map inputs;
  Value the_item;
  std::int64_t index = -1;
  std::string key;

  void add(Need need) { needs_.push_back(std::move(need)); }

  Value input(std::string_view name) const override {
    const auto found = std::ranges::find(inputs, name, &Member::name);
    return found != inputs.end() ? found->value : Value{};
  }
  const Need* need(std::string_view id) const override {
    const auto found = std::ranges::find(needs_, id, &Need::id);
    return found != needs_.end() ? &*found : nullptr;
  }
  std::vector<const Need*> needs() const override {
    std::vector<const Need*> all;
    for (const Need& need : needs_) all.push_back(&need);
    return all;
  }
  Value item() const override { return the_item; }
  std::int64_t item_index() const override { return index; }
  std::string_view item_key() const override { return key; }
  Value run(std::string_view name) const override { return Value("run-" + std::string(name)); }

 private:
  std::deque<Need> needs_;
};

}  // namespace tidegate::workflow
