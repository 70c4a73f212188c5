// Request bodies as agents and chats send them, of a wanted size; for tests and benchmarks.
#pragma once

#include <string>

#include "json/escape.h"

namespace tidegate::workload {

inline constexpr const char* kSampleProse =
    "The gateway reads a request once, keeps the places of what may be changed, and sends the rest "
    "as "
    "it came. A client that asks for \"usage\" gets it; naïve proxies — and there are many — do "
    "not.\n";
inline constexpr const char* kSampleCode =
    "def settle(record, price):\n    if record.usage is None:\n        return None\n    total = "
    "record.usage.prompt * price.input\n    return total + record.usage.completion * "
    "price.output\n\n";

inline std::string repeat_to(std::string_view text, std::size_t size) {
  std::string out;
  while (out.size() < size) out += text;
  out.resize(size);
  while (!out.empty() && (out.back() & 0x80) != 0) out.pop_back();
  return out;
}

inline std::string message(const char* role, const std::string& text) {
  return std::string("{\"role\":\"") + role + "\",\"content\":\"" + json::escape(text) + "\"}";
}

inline std::string small_body() {
  return "{\"model\":\"auto\",\"stream\":true,\"temperature\":0.7,\"max_tokens\":512,\"messages\":"
         "[" +
         message("system", repeat_to(kSampleProse, 500)) + "," +
         message("user", repeat_to(kSampleProse, 500)) + "," +
         message("assistant", repeat_to(kSampleCode, 400)) + "," +
         message("user", repeat_to(kSampleCode, 350)) + "]}";
}

// About 2 MB: 481 messages of a long session with tools, 20 tools declared.
inline std::string large_body() {
  std::string body = "{\"model\":\"auto\",\"stream\":true,\"tools\":[";
  for (int i = 0; i < 20; ++i) {
    body +=
        (i == 0 ? "" : ",") + std::string(R"({"type":"function","function":{"name":"tool_)") +
        std::to_string(i) + R"(","description":")" + json::escape(repeat_to(kSampleProse, 300)) +
        R"(","parameters":{"type":"object","properties":{"path":{"type":"string","description":"Where to look."},)"
        R"("limit":{"type":"integer","minimum":1}},"required":["path"]}}})";
  }
  body += "],\"messages\":[" + message("system", repeat_to(kSampleProse, 12'000));
  for (int i = 0; i < 160; ++i) {
    const std::string id = "call_" + std::to_string(i);
    body += "," + message("user", repeat_to(kSampleProse, 600)) +
            R"(,{"role":"assistant","content":")" + json::escape(repeat_to(kSampleProse, 300)) +
            R"(","tool_calls":[{"id":")" + id +
            R"(","type":"function","function":{"name":"tool_1","arguments":")" +
            json::escape(R"({"path":"src/main.cpp","limit":20})") +
            R"("}}]},{"role":"tool","tool_call_id":")" + id + R"(","content":")" +
            json::escape(repeat_to(kSampleCode, 11'000)) + "\"}";
  }
  return body + "]}";
}

}  // namespace tidegate::workload
