#include "requests.h"

#include <fmt/format.h>

#include <array>
#include <random>

namespace tidegate::bench {
namespace {

constexpr std::size_t small_bytes = 1'950;
constexpr std::size_t large_bytes = 2'070'000;

using Random = std::mt19937_64;

// Pieces of JSON string content as they stand in real histories: words, code, escapes, not only
// ASCII.
constexpr std::array pieces = {
    "the ",
    "function ",
    "returns ",
    "a ",
    "timeout ",
    "when ",
    "stream ",
    "ends ",
    "before ",
    "its ",
    "marker, ",
    "so ",
    "we ",
    "retry. ",
    "\\n",
    "\\n    ",
    "if (count > 0) ",
    "return ",
    "nullptr; ",
    "{ ",
    "} ",
    "\\\"id\\\": ",
    "42, ",
    "src/http/parser.cpp ",
    "naïve ",
    "größer ",
    "数据 ",
    "配置 ",
    "error: ",
    "expected ",
    "value ",
    "[0.25] ",
    "# TODO list ",
    "const ",
    "auto& ",
    "buffer\\t",
};

std::string prose(Random& random, std::size_t bytes) {
  std::string text(kNumberHere);  // so that no two are alike
  text += ' ';
  while (text.size() < bytes) text += pieces[random() % pieces.size()];
  return text;
}

// Texts to build large histories from: quicker than word by word, still in a random order.
class Fragments {
 public:
  explicit Fragments(Random& random) : random_(random) {
    for (auto& fragment : fragments_) fragment = prose(random, 1'000);
  }
  std::string text(std::size_t bytes) {
    if (bytes < 1'000) return prose(random_, bytes);
    std::string text(kNumberHere);
    text += ' ';
    while (text.size() < bytes) text += fragments_[random_() % fragments_.size()];
    return text;
  }

 private:
  Random& random_;
  std::array<std::string, 512> fragments_;
};

std::string tools(int count, const Kind& kind) {
  std::string text;
  for (int i = 0; i < count; ++i) {
    const std::string says = fmt::format(
        R"("name":"read_file_{}","description":"Reads a file and returns its text with line numbers.{}",)",
        i, kind.unique ? kNumberHere : "");
    constexpr std::string_view schema =
        R"({"type":"object","properties":{"path":{"type":"string"},"limit":{"type":"integer"}},"required":["path"]})";
    if (i != 0) text += ',';
    text += kind.messages ? fmt::format(R"({{{}"input_schema":{}}})", says, schema)
                          : fmt::format(R"({{"type":"function","function":{{{}"parameters":{}}}}})",
                                        says, schema);
  }
  return text;
}

// One agent step: a call, its result, and what the user says to it.
std::string step(Fragments& fragments, std::size_t result_bytes, std::size_t user_bytes, int number,
                 const Kind& kind) {
  if (kind.messages) {
    return fmt::format(
        R"(,{{"role":"assistant","content":[{{"type":"tool_use","id":"call_{0:06}","name":"read_file_0","input":{{"path":"src/part_{0}.cpp","limit":200}}}}]}},{{"role":"user","content":[{{"type":"tool_result","tool_use_id":"call_{0:06}","content":"{1}"}},{{"type":"text","text":"{2}"}}]}})",
        number, fragments.text(result_bytes), fragments.text(user_bytes));
  }
  return fmt::format(
      R"(,{{"role":"assistant","content":null,"tool_calls":[{{"id":"call_{0:06}","type":"function","function":{{"name":"read_file_0","arguments":"{{\"path\":\"src/part_{0}.cpp\",\"limit\":200}}"}}}}]}},{{"role":"tool","tool_call_id":"call_{0:06}","content":"{1}"}},{{"role":"user","content":"{2}"}})",
      number, fragments.text(result_bytes), fragments.text(user_bytes));
}

std::string body(Fragments& fragments, const Kind& kind) {
  const bool small = kind.size == BodySize::small;
  const std::string system = fragments.text(small ? 300 : 8'000);
  std::string text =
      fmt::format(R"({{"model":"{}",{})", kind.model, kind.stream ? R"("stream":true,)" : "");
  text += kind.messages
              ? fmt::format(R"("system":"{}","messages":[)", system)
              : fmt::format(R"("temperature":0.2,"messages":[{{"role":"system","content":"{}"}},)",
                            system);
  text += fmt::format(R"({{"role":"user","content":"{}"}})", fragments.text(small ? 300 : 2'000));
  const std::string ending =
      fmt::format(R"(],"tools":[{}],"max_tokens":1024}})", tools(small ? 1 : 20, kind));
  if (small) {
    const std::size_t room = small_bytes - text.size() - ending.size() - 310;
    text += step(fragments, room / 2, room / 2, 1, kind);
  } else {
    for (int i = 0; text.size() + ending.size() < large_bytes; ++i) {
      text += step(fragments, 10'000, 2'500, i, kind);
    }
  }
  return text + ending;
}

// The head that an official SDK sends, about 500 bytes; a unique one belongs to a trace.
std::string head(std::size_t content_length, const Kind& kind) {
  return fmt::format(
      "POST /v1/{} HTTP/1.1\r\n"
      "Host: 127.0.0.1\r\n"
      "Accept: application/json\r\n"
      "Content-Type: application/json\r\n"
      "User-Agent: OpenAI/JS 4.104.0\r\n"
      "X-Stainless-Lang: js\r\n"
      "X-Stainless-Package-Version: 4.104.0\r\n"
      "X-Stainless-OS: Linux\r\n"
      "X-Stainless-Arch: x64\r\n"
      "X-Stainless-Runtime: node\r\n"
      "X-Stainless-Runtime-Version: v18.20.4\r\n"
      "X-Stainless-Retry-Count: 0\r\n"
      "X-Stainless-Timeout: 600\r\n"
      "Authorization: Bearer {}\r\n"
      "Connection: keep-alive\r\n"
      "{}"
      "Content-Length: {}\r\n\r\n",
      kind.messages ? "messages" : "chat/completions", kind.key,
      kind.unique ? fmt::format("traceparent: 00-{0}{0}-{0}-01\r\n", kNumberHere) : "",
      content_length);
}

}  // namespace

Requests::Requests(const Kind& kind, std::size_t count) : unique_(kind.unique) {
  Random random(std::random_device{}());
  Fragments fragments(random);
  pool_.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    const std::string text = body(fragments, kind);
    pool_.emplace_back(head(text.size(), kind) + text);
  }
}

std::string_view Requests::next() {
  UniqueText& request = pool_[next_++ % pool_.size()];
  if (unique_) request.renew();
  return request.text();
}

}  // namespace tidegate::bench
