// Reads `messages` and `system` of a Messages request into turns, and checks what Anthropic checks:
// roles, and that every tool call is answered in the message after it, once.
// Used by the reader of requests alone, one per request.
#pragma once

#include <utility>
#include <vector>

#include "translation/messages_walk.h"

namespace tidegate::translation::messages {

class TurnReader {
 public:
  TurnReader(Walk& walk, Request& request) : walk_(walk), request_(request) {}

  bool read_messages();
  bool read_system();
  // When both were read, in whichever order.
  bool finish();

 private:
  struct Call {
    std::string_view id;
    Place place;
    bool answered = false;
  };

  bool message();
  bool content(const Where& where, bool& is_empty);
  bool assistant(std::uint32_t first);
  bool user(std::uint32_t first);
  bool answer(const Part& result);
  bool all_answered();
  bool unique_ids();
  bool misplaced(const Part& part, std::string_view what);
  void attach_seals(std::uint32_t first);
  void add_turn(Role role, std::uint32_t first, std::size_t end, std::uint32_t element);

  Walk& walk_;
  Request& request_;
  std::uint32_t item_ = 0;              // the message being read
  std::uint32_t empty_ = Place::kNone;  // the assistant's message without content
  bool in_assistant_ = false;           // the last message was the assistant's
  std::vector<Call> open_;  // of the assistant's messages that the user's next ones answer
  std::vector<std::pair<std::size_t, std::uint32_t>> ids_;  // hash, index in parts
  std::vector<Part> scratch_;
  std::uint32_t system_first_ = 0, system_parts_ = 0;
  bool has_system_ = false;
};

}  // namespace tidegate::translation::messages
