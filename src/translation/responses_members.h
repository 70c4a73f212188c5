// Members: appends JSON objects and lists whose values are raw already. Used by the writers of the
// Responses surface. One per object, on the stack.
#pragma once

#include <string>
#include <string_view>

namespace tidegate::translation {

class Members {
 public:
  explicit Members(std::string& out) : out_(out) { out_ += '{'; }
  void end() { out_ += '}'; }

  // The value is appended by the caller.
  std::string& key(std::string_view name) {
    if (comma_due_) out_ += ',';
    comma_due_ = true;
    return out_.append("\"").append(name).append("\":");
  }
  // `json` is a value.
  void value(std::string_view name, std::string_view json) { key(name).append(json); }
  void flag(std::string_view name, bool flag) { value(name, flag ? "true" : "false"); }
  // `raw` is the inside of a string.
  void text(std::string_view name, std::string_view raw) {
    key(name).append("\"").append(raw).append("\"");
  }
  // The same where there is something to say.
  void value_if(std::string_view name, std::string_view json) {
    if (!json.empty()) value(name, json);
  }
  void text_if(std::string_view name, std::string_view raw) {
    if (!raw.empty()) text(name, raw);
  }

 private:
  std::string& out_;
  bool comma_due_ = false;
};

// A comma before all elements of a list but the first.
class Commas {
 public:
  void next(std::string& out) {
    if (due_) out += ',';
    due_ = true;
  }

 private:
  bool due_ = false;
};

}  // namespace tidegate::translation
