// For tests: keys of which the texts are known. One per test.
#pragma once

#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "limits/key_table.h"

namespace tidegate::limits {

class SampleKeys {
 public:
  Key& add(std::string name) {
    texts_.push_back(*make_key_text());
    Key key;
    key.id = *read_key_text(texts_.back());
    key.name = std::move(name);
    key.hash = hash_(texts_.back());
    return rows_.emplace_back(std::move(key));
  }
  [[nodiscard]] std::shared_ptr<const KeyTable> table() const {
    KeyTableBuilder builder;
    for (const Key& key : rows_) builder.add(key);
    return builder.finish(tls::KeyedHash(kSecret));
  }
  [[nodiscard]] const std::deque<Key>& rows() const { return rows_; }
  [[nodiscard]] const std::vector<std::string>& texts() const { return texts_; }
  [[nodiscard]] const tls::KeyedHash& hash() const { return hash_; }

 private:
  static constexpr std::string_view kSecret = "a secret for tests";
  tls::KeyedHash hash_{kSecret};
  std::deque<Key> rows_;
  std::vector<std::string> texts_;
};

}  // namespace tidegate::limits
