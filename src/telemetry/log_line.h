// One log line as text or JSON, written in place at the end of a buffer.
// Used by Log and RequestLog; whatever a client sends stays inside its field. Not shared by
// threads.
//
//   {"time":"2026-10-01T12:00:00.123Z","level":"info","event":"request","status":200,"model":"m"}
//   2026-10-01T12:00:00.123Z info request status=200 model=m
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/time.h"

namespace tidegate::telemetry {

enum class Format : std::uint8_t { text, json };
enum class Level : std::uint8_t { debug, info, warning, error };
[[nodiscard]] std::string_view name(Level level);

// A longer value is cut and ends in "...": a client must not fill the disk with one header.
inline constexpr std::size_t kMaxFieldBytes = 512;

// Appends `text` as the inside of a JSON string, more strictly than JSON asks for: DEL, C1 controls
// and the Unicode line separators are escaped too, since terminals and viewers obey some of them.
// Broken UTF-8 becomes U+FFFD.
void append_escaped(std::string& out, std::string_view text);

// Keeps the text of the last second, since formatting a date costs more than the rest of a line.
class TimeStamp {
 public:
  void append(std::string& out, WallTime at);

 private:
  std::int64_t second_ = -1;
  std::string text_;  // "2026-10-01T12:00:00"
};

inline constexpr std::size_t kMaxNameBytes = 40;

// begin, fields in the order in which they shall stand, end. Names are ours: [a-z_]+,
// kMaxNameBytes.
class LogLine {
 public:
  LogLine(std::string& out, Format format) : out_(out), format_(format) {}

  void begin(TimeStamp& stamp, WallTime at, Level level, std::string_view event);
  void field(std::string_view name, std::string_view value);
  void field(std::string_view name, const char* value) { field(name, std::string_view(value)); }
  void field(std::string_view name, std::int64_t value);
  void field(std::string_view name, bool value);
  void milliseconds(std::string_view name, Duration value);  // with three decimals
  void end();

 private:
  void key(std::string_view name);

  std::string& out_;
  Format format_;
};

}  // namespace tidegate::telemetry
