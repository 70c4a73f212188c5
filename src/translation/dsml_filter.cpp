#include "translation/dsml_filter.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/hash.h"
#include "json/escape.h"
#include "json/reader.h"

namespace tidegate::translation {
namespace {

using Kind = Event::Kind;
constexpr std::size_t kNone = std::string_view::npos;
constexpr std::size_t kMaxHeld = 4096;        // of white space and tags before a call
constexpr std::size_t kMaxValue = 16 * 1024;  // of a value that may turn out to be no JSON

// Where the line breaks begin that the first `size` bytes of a raw text end with.
std::size_t before_line_breaks(std::string_view raw, std::size_t size) {
  while (size >= 2 && (raw.substr(size - 2, 2) == "\\n" || raw.substr(size - 2, 2) == "\\r")) {
    std::size_t slashes = 1;  // an even number: the "n" is a letter
    while (slashes < size - 1 && raw[size - 2 - slashes] == '\\') ++slashes;
    if (slashes % 2 == 0) break;
    size -= 2;
  }
  return size;
}

// Once more within a string. The text is raw, so that nothing but these two needs an escape.
void append_again(std::string& out, std::string_view raw) {
  for (const char c : raw) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
}

bool is_json(std::string_view raw) {
  const auto text = json::unescape(raw);
  if (!text) return false;
  const auto checked = json::check_text(*text);
  if (!checked) return false;
  json::Reader reader(*checked);
  return reader.skip() && reader.finish();
}

}  // namespace

DsmlFilter::DsmlFilter(EventSink& next, std::vector<std::string_view> tools,
                       std::string_view id_seed)
    : next_(next), tools_(std::move(tools)), seed_(hash_bytes(id_seed)) {}

void DsmlFilter::take(const Event& event) {
  switch (event.kind) {
    case Kind::text:
    case Kind::reasoning:
      return take_text(event);
    case Kind::finish: {
      const bool stopped = event.finish == protocol::FinishReason::stop;
      settle(!stopped && event.finish != protocol::FinishReason::tool_calls);
      Event changed = event;
      if (stopped && found_ != 0) changed.finish = protocol::FinishReason::tool_calls;
      return next_.take(changed);
    }
    case Kind::done:
      settle(false);
      return next_.take(event);
    case Kind::tool_call: {
      settle(false);
      Event moved = event;
      moved.index = calls_;
      if (indexes_.size() <= event.index) indexes_.resize(event.index + 1, calls_);
      indexes_[event.index] = calls_++;
      return next_.take(moved);
    }
    case Kind::tool_arguments:
    case Kind::tool_seal: {
      Event moved = event;
      if (event.index < indexes_.size()) moved.index = indexes_[event.index];
      return next_.take(moved);
    }
    case Kind::refusal:
    case Kind::reasoning_seal:
      settle(false);
      return next_.take(event);
    default:
      return next_.take(event);
  }
}

void DsmlFilter::take_text(const Event& event) {
  if (state_ == State::text) {
    if (event.kind != channel_ && !held_.empty()) say(held_.size());
    channel_ = event.kind;
    channel_seal_ = event.seal;
    const bool plain = held_.empty() && find_raw_less(event.text, 0) == kNone &&
                       before_line_breaks(event.text, event.text.size()) == event.text.size();
    if (plain) return next_.take(event);
  }
  channel_ = event.kind;
  channel_seal_ = event.seal;
  held_ += event.text;
  drain();
}

void DsmlFilter::drain() {
  bool again = true;
  while (again && !held_.empty()) {
    switch (state_) {
      case State::text:
        again = drain_text();
        break;
      case State::block:
        again = drain_block();
        break;
      case State::call:
        again = drain_call();
        break;
      case State::parameter:
        again = drain_parameter();
        break;
    }
  }
}

bool DsmlFilter::drain_text() {
  std::size_t from = 0;
  for (;;) {
    const std::size_t less = find_raw_less(held_, from);
    if (less == kNone) {
      say(before_line_breaks(held_, held_.size()));
      return false;
    }
    const Opening open = opening(std::string_view(held_).substr(less));
    if (open.kind == DsmlTag::Kind::none) {
      from = less + 1;
      continue;
    }
    const std::size_t begin = before_line_breaks(held_, less);
    if (open.kind == DsmlTag::Kind::cut) {
      say(begin);
      if (held_.size() > kMaxHeld) say(held_.size());
      return false;
    }
    const std::string name(open.name);
    say(begin);
    consume(less - begin + open.size);
    begin_call(name);
    return true;
  }
}

DsmlFilter::Opening DsmlFilter::opening(std::string_view raw) const {
  DsmlTag tag = read_dsml_tag(raw);
  std::size_t size = tag.size;
  if (tag.kind == DsmlTag::Kind::block && !tag.closes) {
    size += raw_space(raw.substr(size));
    if (size == raw.size()) return {DsmlTag::Kind::cut, {}, 0};
    if (find_raw_less(raw, size) != size) return {};
    tag = read_dsml_tag(raw.substr(size));
    size += tag.size;
  }
  if (tag.kind == DsmlTag::Kind::cut) return {DsmlTag::Kind::cut, {}, 0};
  const bool call = tag.kind == DsmlTag::Kind::invoke && !tag.closes && declared(tag.name);
  if (!call) return {};
  return {DsmlTag::Kind::invoke, tag.name, size};
}

bool DsmlFilter::declared(std::string_view name) const {
  return std::ranges::find(tools_, name) != tools_.end();
}

// After a call: the next one, or the end of the block.
bool DsmlFilter::drain_block() {
  const std::size_t space = raw_space(held_);
  if (space == held_.size()) return false;
  if (find_raw_less(held_, space) == space) {
    const DsmlTag tag = read_dsml_tag(std::string_view(held_).substr(space));
    if (tag.kind == DsmlTag::Kind::cut) return false;
    const bool end = tag.closes && tag.kind != DsmlTag::Kind::none;
    if (end) {
      consume(space + tag.size);
      const bool whole = tag.kind == DsmlTag::Kind::block || tag.kind == DsmlTag::Kind::nameless;
      if (whole) state_ = State::text;
      return true;
    }
  }
  state_ = State::text;
  return true;
}

bool DsmlFilter::drain_call() {
  const std::size_t space = raw_space(held_);
  if (space == held_.size()) return false;
  DsmlTag tag;
  if (find_raw_less(held_, space) == space)
    tag = read_dsml_tag(std::string_view(held_).substr(space));
  if (tag.kind == DsmlTag::Kind::cut) return false;
  const bool parameter = tag.kind == DsmlTag::Kind::parameter;
  if (parameter && !tag.closes) {
    begin_parameter(tag);
    consume(space + tag.size);
    return true;
  }
  if (parameter) {  // a closer too many
    consume(space + tag.size);
    return true;
  }
  end_call();
  // What closes more than the call closes the call, too.
  const bool own =
      tag.closes && (tag.kind == DsmlTag::Kind::invoke || tag.kind == DsmlTag::Kind::nameless);
  if (own) consume(space + tag.size);
  return true;
}

bool DsmlFilter::drain_parameter() {
  std::size_t from = 0;
  for (;;) {
    const std::size_t less = find_raw_less(held_, from);
    const DsmlTag tag =
        less == kNone ? DsmlTag{} : read_dsml_tag(std::string_view(held_).substr(less));
    if (less != kNone && tag.kind == DsmlTag::Kind::none) {
      from = less + 1;
      continue;
    }
    const std::size_t end = less == kNone ? held_.size() : less;
    add_value(std::string_view(held_).substr(0, end));
    if (less == kNone || tag.kind == DsmlTag::Kind::cut) {
      consume(end);
      return false;
    }
    end_parameter();
    const bool own =
        tag.closes && (tag.kind == DsmlTag::Kind::parameter || tag.kind == DsmlTag::Kind::nameless);
    consume(own ? end + tag.size : end);
    return true;
  }
}

void DsmlFilter::say(std::size_t size) {
  if (size == 0) return;
  Event event;
  event.kind = channel_;
  event.seal = channel_seal_;
  event.text = std::string_view(held_).substr(0, size);
  next_.take(event);
  consume(size);
}

void DsmlFilter::begin_call(std::string_view name) {
  current_ = calls_++;
  ++found_;
  state_ = State::call;
  first_parameter_ = true;
  scratch_ = fmt::format("call_{:016x}_{}", seed_, current_);
  Event event;
  event.kind = Kind::tool_call;
  event.index = current_;
  event.id = scratch_;
  event.name = name;
  next_.take(event);
}

void DsmlFilter::begin_parameter(const DsmlTag& tag) {
  state_ = State::parameter;
  as_text_ = tag.text;
  undecided_ = !tag.text;
  value_.clear();
  std::string key = first_parameter_ ? "{\\\"" : ",\\\"";
  first_parameter_ = false;
  append_again(key, tag.name);
  key += as_text_ ? "\\\":\\\"" : "\\\":";
  arguments(key);
}

void DsmlFilter::add_value(std::string_view raw) {
  if (raw.empty()) return;
  if (as_text_) {
    scratch_.clear();
    append_again(scratch_, raw);
    return arguments(scratch_);
  }
  if (!undecided_) return arguments(raw);
  value_ += raw;
  if (value_.size() <= kMaxValue) return;
  undecided_ = false;
  arguments(value_);
  value_.clear();
}

void DsmlFilter::end_parameter() {
  state_ = State::call;
  if (as_text_) return arguments("\\\"");
  if (!undecided_) return;
  if (is_json(value_)) return arguments(value_);
  scratch_ = "\\\"";
  append_again(scratch_, value_);
  scratch_ += "\\\"";
  arguments(scratch_);
}

void DsmlFilter::end_call() {
  arguments(first_parameter_ ? "{}" : "}");
  state_ = State::block;
}

void DsmlFilter::arguments(std::string_view escaped) {
  Event event;
  event.kind = Kind::tool_arguments;
  event.index = current_;
  event.text = escaped;
  next_.take(event);
}

// A call that the provider cut off stays cut, so that nobody runs half of it.
void DsmlFilter::settle(bool cut) {
  if (state_ == State::text) {
    // Line breaks after a call are as much of its markup as those before.
    const bool blank = found_ != 0 && raw_space(held_) == held_.size();
    if (!blank) say(held_.size());
  } else if (!cut) {
    if (state_ == State::parameter) {
      add_value(held_);
      end_parameter();
    }
    if (state_ == State::call) end_call();
  }
  held_.clear();
  state_ = State::text;
}

}  // namespace tidegate::translation
