#include "redis/commands.h"

#include <fmt/format.h>

#include "tls/digest.h"

namespace tidegate::redis {

Script::Script(std::string_view text) : text_(text), sha1_(tls::sha1_hex(text)) {}

void Commands::begin(std::size_t words) { bytes_ += fmt::format("*{}\r\n", words); }

void Commands::word(std::string_view text) {
  bytes_ += fmt::format("${}\r\n", text.size());
  bytes_ += text;
  bytes_ += "\r\n";
}

void Commands::add(Arguments words) {
  begin(words.size());
  for (const std::string_view each : words) word(each);
  commands_.push_back({nullptr, words.size(), 0, 0});
}

void Commands::call(const Script& script, Arguments keys, Arguments arguments) {
  const std::size_t words = 3 + keys.size() + arguments.size();
  begin(words);
  word("EVALSHA");
  word(script.sha1());
  const std::size_t rest = bytes_.size();
  word(std::to_string(keys.size()));
  for (const std::string_view each : keys) word(each);
  for (const std::string_view each : arguments) word(each);
  commands_.push_back({&script, words, rest, bytes_.size()});
}

void Commands::add_whole(const Commands& from, std::size_t index) {
  const Command& command = from.commands_[index];
  if (command.script == nullptr) return;
  begin(command.words);
  word("EVAL");
  word(command.script->text());
  bytes_.append(from.bytes_, command.rest, command.end - command.rest);
  commands_.push_back({nullptr, command.words, 0, 0});
}

}  // namespace tidegate::redis
