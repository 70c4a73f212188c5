#include "cli/greeting.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>

namespace tidegate::cli {

void greet(const Greeting& greeting) {
  const config::Config& config = greeting.config;
  const std::string scheme = config.tls ? "https" : "http";
  std::string out = fmt::format("tidegate listens on {}://{}, admin on http://{}\n", scheme,
                                greeting.client.text(), greeting.admin.text());
  if (config.simulated) {
    out +=
        "No provider key was found (DEEPSEEK_API_KEY, OPENAI_API_KEY, ...): the built-in "
        "simulator\n"
        "answers for every provider, and each answer says so in x-tidegate-notes.\n";
  }
  if (!greeting.asks_for_keys && !greeting.client.is_loopback()) {
    out +=
        "Warning: whoever reaches this address can spend your providers' money, since nobody is\n"
        "asked for a key (auth: open).\n";
  }
  out += fmt::format(
      "Try it:\n"
      "  curl -i {}://{}/v1/chat/completions -H 'content-type: application/json' \\\n{}"
      "    -d "
      "'{{\"model\":\"auto\",\"messages\":[{{\"role\":\"user\",\"content\":\"Hello\"}}]}}'\n",
      scheme, greeting.client.text(),
      greeting.asks_for_keys ? "    -H \"authorization: Bearer $KEY\" \\\n" : "");
  std::fputs(out.c_str(), stdout);
  std::fflush(stdout);
}

}  // namespace tidegate::cli
