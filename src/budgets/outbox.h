// Outbox: the alerts that were given and those that a receiver has yet to take, in a SQLite file:
// each once, whatever restarts lie between. One object belongs to one thread.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/error.h"
#include "budgets/alert.h"
#include "store/store.h"

namespace tidegate::budgets {

class Outbox {
 public:
  struct Letter {
    std::string id;
    std::string budget;  // Alert::budget
    std::string body;
    WallTime written;
  };

  static Result<std::unique_ptr<Outbox>> open(const std::string& path);

  // False: it was given before.
  Result<bool> add(const Alert& alert);
  // What no receiver has taken, oldest first.
  Result<std::vector<Letter>> waiting();
  // It was taken, or is given up.
  Result<void> done(const std::string& id, WallTime now);
  // Forgets what is done and whose period has ended long ago.
  Result<void> clean(WallTime now);

 private:
  explicit Outbox(std::unique_ptr<store::Store> file) : file_(std::move(file)) {}
  std::unique_ptr<store::Store> file_;
};

}  // namespace tidegate::budgets
