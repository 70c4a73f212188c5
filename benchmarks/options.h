// Command-line options of the benchmark programs: `--name value` and bare `--flag`.
// Read once at start by each program; a plain value, not shared between threads.
#pragma once

#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <string>
#include <string_view>

namespace tidegate::bench {

class Options {
 public:
  // Stops the program (exit 2) at an argument that is not an option.
  Options(int argc, char** argv) {
    for (int i = 1; i < argc; ++i) {
      const std::string_view argument = argv[i];
      if (!argument.starts_with("--")) stop("expected an option", argument);
      const bool has_value = i + 1 < argc && !std::string_view(argv[i + 1]).starts_with("--");
      values_[std::string(argument.substr(2))] = has_value ? argv[++i] : "";
    }
  }

  [[nodiscard]] bool has(const std::string& name) const { return values_.contains(name); }

  [[nodiscard]] std::string text(const std::string& name, std::string otherwise) const {
    const auto found = values_.find(name);
    return found == values_.end() ? otherwise : found->second;
  }

  [[nodiscard]] double number(const std::string& name, double otherwise) const {
    const auto found = values_.find(name);
    if (found == values_.end()) return otherwise;
    const std::string& value = found->second;
    double number = 0;
    const auto end = std::from_chars(value.data(), value.data() + value.size(), number);
    if (end.ec != std::errc{} || end.ptr != value.data() + value.size()) {
      stop("expected a number", "--" + name + " " + value);
    }
    return number;
  }

  [[nodiscard]] int integer(const std::string& name, int otherwise) const {
    return static_cast<int>(number(name, otherwise));
  }

 private:
  [[noreturn]] static void stop(const char* what, std::string_view where) {
    std::fprintf(stderr, "%s: %.*s\n", what, static_cast<int>(where.size()), where.data());
    std::exit(2);
  }

  std::map<std::string, std::string> values_;
};

}  // namespace tidegate::bench
