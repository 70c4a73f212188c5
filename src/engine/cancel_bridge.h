// CancelBridge: the runner's cancelling of a task becomes that of what waits within it. Used by the
// loop of turns outside of Conversation::ask(). Lives on the engine's loop.
#pragma once

#include "engine/models.h"
#include "loop/cancel.h"

namespace tidegate::engine {

class CancelBridge {
 public:
  explicit CancelBridge(Cancel& from) : from_(from) {
    from_.when_cancelled([](void* to) { static_cast<tidegate::Cancel*>(to)->cancel(); }, &to_);
    if (from_.cancelled()) to_.cancel();
  }
  CancelBridge(const CancelBridge&) = delete;
  CancelBridge& operator=(const CancelBridge&) = delete;
  ~CancelBridge() { from_.when_cancelled(nullptr, nullptr); }
  tidegate::Cancel& to() { return to_; }

 private:
  Cancel& from_;
  tidegate::Cancel to_;
};

}  // namespace tidegate::engine
