// Recognises the tags of DSML, the markup in which DeepSeek's models write tool calls, within raw
// JSON string contents (fact sheet of DeepSeek V4, 3.5). Pure functions, any thread.
//
//   <｜DSML｜tool_calls> <｜DSML｜invoke name="f"> <｜DSML｜parameter name="p" string="true">
//
// Read as well, since they leak: `tool-calls`, with or without its ">"; V3.2's `function_calls`;
// V4.1's spaced `<｜DSML｜ calls>`; closers without a name, `</｜DSML｜>`; and any character
// escaped.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace tidegate::translation {

struct DsmlTag {
  enum class Kind : std::uint8_t {
    none,   // the text does not begin with a tag
    cut,    // it may, but ends too early to say
    block,  // around calls
    invoke,
    parameter,
    nameless,  // a closer that does not say of what
  };
  Kind kind = Kind::none;
  bool closes = false;
  bool text = false;      // string="true": the parameter is raw text; else JSON
  bool typed = false;     // `string` was there
  std::string_view name;  // raw, of an invoke or a parameter
  std::size_t size = 0;   // in bytes of the raw text
};

// Of the tag that begins at the start of `raw`, which must be "<" in any spelling.
[[nodiscard]] DsmlTag read_dsml_tag(std::string_view raw);

// Bytes of the white space that `raw` begins with.
[[nodiscard]] std::size_t raw_space(std::string_view raw);
// Where the first "<" from `from` on is, in any spelling, or an escape that is cut and may become
// one; npos.
[[nodiscard]] std::size_t find_raw_less(std::string_view raw, std::size_t from);

// A tag longer than this is text.
inline constexpr std::size_t kMaxDsmlTag = 1024;

}  // namespace tidegate::translation
