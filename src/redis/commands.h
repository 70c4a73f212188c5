// Commands: what is sent to a server in one write and answered by as many replies. Script: Lua that
// the server runs, called by its SHA-1 and sent whole only to a server that does not know it.
// Plain values; one thread at a time.
#pragma once

#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace tidegate::redis {

class Script {
 public:
  explicit Script(std::string_view text);  // which must live as long
  [[nodiscard]] std::string_view text() const { return text_; }
  [[nodiscard]] const std::string& sha1() const { return sha1_; }

 private:
  std::string_view text_;
  std::string sha1_;
};

class Commands {
 public:
  using Arguments = std::span<const std::string_view>;

  void add(std::initializer_list<std::string_view> words) { add({words.begin(), words.size()}); }
  void add(Arguments words);
  // `script` must outlive this.
  void call(const Script& script, std::initializer_list<std::string_view> keys,
            std::initializer_list<std::string_view> arguments) {
    call(script, {keys.begin(), keys.size()}, {arguments.begin(), arguments.size()});
  }
  void call(const Script& script, Arguments keys, Arguments arguments);

  [[nodiscard]] std::size_t count() const { return commands_.size(); }
  [[nodiscard]] bool empty() const { return commands_.empty(); }
  [[nodiscard]] const std::string& bytes() const { return bytes_; }
  // The call at `index` with the whole script, for a server that answered NOSCRIPT; nothing for
  // what is no call of a script.
  void add_whole(const Commands& from, std::size_t index);

 private:
  struct Command {
    const Script* script;  // null: none
    std::size_t words;
    std::size_t rest, end;  // of bytes_: what follows the script
  };
  void begin(std::size_t words);
  void word(std::string_view text);

  std::string bytes_;
  std::vector<Command> commands_;
};

}  // namespace tidegate::redis
