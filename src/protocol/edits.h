// Edits of a request's body: what a rule changes is spliced in between the client's own bytes,
// which are neither copied nor written anew. Used by the gateway, one per attempt. A plain value;
// the views that it gives live as long as it and the body do.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "protocol/conversation.h"

namespace tidegate::protocol {

class Edits {
 public:
  static constexpr std::size_t kMostSplices = 8;
  static constexpr std::size_t kMostText = 320;  // bytes of all replacements together
  static constexpr std::size_t kMostPieces = 2 * kMostSplices + 1;

  // The conversation must outlive this.
  explicit Edits(const Conversation& conversation) : conversation_(&conversation) {}

  void set_model(std::string_view name);

  // Asks for a final chunk with the usage. True if the client had not: the chunk is then not its.
  // Does nothing when the answer is not streamed.
  bool ensure_include_usage();

  // Sets the limit of generated tokens, in place, under the name that the provider knows. Where the
  // client sent both names, both get the value.
  void set_max_tokens(std::string_view name, Tokens value);
  // The same where the client asked for more, or for nothing; else only the name is changed.
  void limit_max_tokens(std::string_view name, Tokens most);

  // Replaces the top-level value at `place` by a JSON value; inserts the member if the place is
  // empty.
  void set_member(Range place, std::string_view name, std::string_view json);

  // Adds top-level members, raw JSON without a comma at either end, that the client did not send.
  void add_members(std::string_view members);

  // False once an edit found no room or met another one's bytes: then nothing of this may be sent.
  [[nodiscard]] bool ok() const { return ok_; }
  [[nodiscard]] bool empty() const { return count_ == 0; }

  // The edited body, in order.
  struct Pieces {
    std::array<std::string_view, kMostPieces> items;
    std::size_t count = 0;
    [[nodiscard]] std::span<const std::string_view> all() const { return {items.data(), count}; }
  };
  [[nodiscard]] Pieces pieces() const;
  [[nodiscard]] std::size_t size() const;  // of the edited body
  [[nodiscard]] std::string apply() const;

 private:
  struct Splice {
    Range place;                       // empty: an insertion
    std::uint16_t begin = 0, end = 0;  // in text_
  };

  void splice(Range place, std::initializer_list<std::string_view> parts);
  void insert_member(std::string_view name, std::string_view json);
  [[nodiscard]] std::string_view text(const Splice& splice) const {
    return {text_.data() + splice.begin, static_cast<std::size_t>(splice.end - splice.begin)};
  }

  const Conversation* conversation_;
  std::array<Splice, kMostSplices> splices_{};  // by place; insertions at one place in call order
  std::array<char, kMostText> text_;
  std::uint16_t used_ = 0;
  std::uint8_t count_ = 0;
  bool ok_ = true;
};

}  // namespace tidegate::protocol
