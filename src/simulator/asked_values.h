// AskedValues: what a model puts into an object that has to fit a schema: numbers and quoted words
// of the question, so that a test gets its own values back. Per object, on one worker.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace tidegate::simulator {

class AskedValues {
 public:
  // `round`: so many objects of the same schema came before in this answer; then "simulated NAME"
  // is numbered.
  explicit AskedValues(std::string_view asked, std::size_t round = 0);

  // The first whole number of up to nine digits in the question, else 1.
  [[nodiscard]] std::int64_t number() const { return number_; }
  // The first words in quotes there, else "simulated NAME".
  [[nodiscard]] std::string text(std::string_view name) const;

 private:
  std::int64_t number_ = 1;
  std::string_view quoted_;
  std::size_t round_;
};

}  // namespace tidegate::simulator
