#include "protocol/edits.h"

#include <algorithm>
#include <charconv>

#include "json/escape.h"

namespace tidegate::protocol {
namespace {

constexpr std::string_view kIncludeUsage = "\"include_usage\":true";

struct Digits {
  explicit Digits(Tokens value) { end = std::to_chars(bytes, bytes + sizeof(bytes), value).ptr; }
  [[nodiscard]] std::string_view view() const { return {bytes, end}; }
  char bytes[20];
  char* end;
};

bool needs_escape(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](char c) {
    return static_cast<unsigned char>(c) < 0x20 || static_cast<unsigned char>(c) >= 0x80 ||
           c == '"' || c == '\\';
  });
}

}  // namespace

void Edits::splice(Range place, std::initializer_list<std::string_view> parts) {
  std::size_t need = 0;
  for (const std::string_view part : parts) need += part.size();
  if (!ok_ || count_ == kMostSplices || need > kMostText - used_) {
    ok_ = false;
    return;
  }
  Splice added{place, used_, used_};
  for (const std::string_view part : parts) {
    part.copy(text_.data() + used_, part.size());
    used_ = static_cast<std::uint16_t>(used_ + part.size());
  }
  added.end = used_;
  std::size_t at = count_;
  while (at > 0 && splices_[at - 1].place.begin > place.begin) --at;
  const bool meets_before = at > 0 && splices_[at - 1].place.end > place.begin;
  const bool meets_after = at < count_ && place.end > splices_[at].place.begin;
  if (meets_before || meets_after) {
    ok_ = false;
    return;
  }
  std::move_backward(splices_.begin() + static_cast<std::ptrdiff_t>(at), splices_.begin() + count_,
                     splices_.begin() + count_ + 1);
  splices_[at] = added;
  ++count_;
}

// The comma is always due: a conversation has at least a model and messages.
void Edits::insert_member(std::string_view name, std::string_view json) {
  const std::uint32_t at = conversation_->members_begin;
  splice({at, at}, {"\"", name, "\":", json, ","});
}

void Edits::add_members(std::string_view members) {
  if (members.empty()) return;
  const std::uint32_t at = conversation_->members_begin;
  splice({at, at}, {members, ","});
}

void Edits::set_model(std::string_view name) {
  if (name == conversation_->model) return;
  if (needs_escape(name)) {
    splice(conversation_->model_value, {"\"", json::escape(name), "\""});
  } else {
    splice(conversation_->model_value, {"\"", name, "\""});
  }
}

bool Edits::ensure_include_usage() {
  const Conversation& it = *conversation_;
  if (!it.stream || it.include_usage) return false;
  if (!it.include_usage_value.empty()) {
    splice(it.include_usage_value, {"true"});
  } else if (const std::string_view options = it.stream_options_value.in(it.body);
             options.starts_with('{')) {
    const std::uint32_t at = it.stream_options_value.begin + 1;
    const bool bare = options[options.find_first_not_of(" \t\r\n", 1)] == '}';
    splice({at, at}, {kIncludeUsage, bare ? "" : ","});
  } else {
    set_member(it.stream_options_value, "stream_options", "{\"include_usage\":true}");
  }
  return true;
}

void Edits::set_max_tokens(std::string_view name, Tokens value) {
  const Conversation& it = *conversation_;
  const Digits digits(value);
  if (it.max_tokens_value.empty()) return insert_member(name, digits.view());
  if (!it.other_max_tokens_value.empty()) {
    splice(it.other_max_tokens_value, {digits.view()});
  } else if (it.max_tokens_name != name) {
    splice(it.max_tokens_key, {"\"", name, "\""});
  }
  if (it.max_tokens != value) splice(it.max_tokens_value, {digits.view()});
}

void Edits::limit_max_tokens(std::string_view name, Tokens most) {
  set_max_tokens(name, std::min(conversation_->max_tokens.value_or(most), most));
}

void Edits::set_member(Range place, std::string_view name, std::string_view json) {
  if (place.empty()) {
    insert_member(name, json);
  } else {
    splice(place, {json});
  }
}

Edits::Pieces Edits::pieces() const {
  Pieces pieces;
  const auto add = [&](std::string_view piece) {
    if (!piece.empty()) pieces.items[pieces.count++] = piece;
  };
  std::uint32_t at = 0;
  for (std::size_t i = 0; i < count_; ++i) {
    add(conversation_->body.substr(at, splices_[i].place.begin - at));
    add(text(splices_[i]));
    at = splices_[i].place.end;
  }
  add(conversation_->body.substr(at));
  return pieces;
}

std::size_t Edits::size() const {
  std::size_t size = conversation_->body.size() + used_;
  for (std::size_t i = 0; i < count_; ++i) size -= splices_[i].place.size();
  return size;
}

std::string Edits::apply() const {
  std::string out;
  out.reserve(size());
  const Pieces edited = pieces();
  for (const std::string_view piece : edited.all()) out += piece;
  return out;
}

}  // namespace tidegate::protocol
