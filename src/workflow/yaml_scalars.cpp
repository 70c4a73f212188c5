// The part of YamlReader that reads texts: in quotes, plain, and blocks behind | and >.
#include <fmt/format.h>

#include <algorithm>

#include "workflow/yaml_reader.h"

namespace tidegate::workflow {
namespace {

bool is_space(char c) { return c == ' ' || c == '\t'; }

void append_utf8(std::string& out, std::uint32_t code) {
  if (code < 0x80) {
    out += static_cast<char>(code);
  } else if (code < 0x800) {
    out += static_cast<char>(0xc0 | (code >> 6));
    out += static_cast<char>(0x80 | (code & 0x3f));
  } else if (code < 0x10000) {
    out += static_cast<char>(0xe0 | (code >> 12));
    out += static_cast<char>(0x80 | ((code >> 6) & 0x3f));
    out += static_cast<char>(0x80 | (code & 0x3f));
  } else {
    out += static_cast<char>(0xf0 | (code >> 18));
    out += static_cast<char>(0x80 | ((code >> 12) & 0x3f));
    out += static_cast<char>(0x80 | ((code >> 6) & 0x3f));
    out += static_cast<char>(0x80 | (code & 0x3f));
  }
}

// `digits` hexadecimal digits; false if they are not there.
bool hex(std::string_view text, std::size_t digits, std::uint32_t& code) {
  if (text.size() < digits) return false;
  code = 0;
  for (const char c : text.substr(0, digits)) {
    const std::uint32_t digit = c >= '0' && c <= '9'   ? static_cast<std::uint32_t>(c - '0')
                                : c >= 'a' && c <= 'f' ? static_cast<std::uint32_t>(c - 'a' + 10)
                                : c >= 'A' && c <= 'F' ? static_cast<std::uint32_t>(c - 'A' + 10)
                                                       : 16u;
    if (digit == 16) return false;
    code = code * 16 + digit;
  }
  return true;
}

void drop_spaces(std::string& out, std::size_t from) {
  while (out.size() > from && is_space(out.back())) out.pop_back();
}

}  // namespace

// At a line break. One is a space, each further one a line break.
void YamlReader::fold(std::string& out) {
  int breaks = 0;
  while (!ended() && (text_[at_] == '\n' || is_space(text_[at_]))) {
    if (text_[at_] == '\n') {
      ++breaks;
      line_start_ = at_ + 1;
    }
    ++at_;
  }
  if (breaks == 1) {
    out += ' ';
  } else {
    out.append(static_cast<std::size_t>(breaks - 1), '\n');
  }
}

bool YamlReader::quoted(Scalar& out) {
  const std::size_t begin = at_;
  const char quote = text_[begin];
  const std::size_t end = quoted_end(begin);
  out.offset = begin;
  out.quoted = true;
  if (end == std::string_view::npos) {
    return wrong(begin, fmt::format("a text without its closing {}", quote));
  }
  const std::string_view raw = text_.substr(begin + 1, end - begin - 2);
  if (raw.find_first_of(quote == '"' ? "\\\n" : "'\n") == std::string_view::npos) {
    out.text = raw;
    out.offset = begin + 1;
    out.verbatim = true;
    at_ = end;
    return true;
  }
  std::string text;
  if (quote == '"') {
    if (!double_quoted(end - 1, text)) return false;
  } else {
    std::size_t kept = 0;
    for (++at_; at_ < end - 1;) {
      if (text_[at_] == '\n') {
        drop_spaces(text, kept);
        fold(text);
        kept = text.size();
        continue;
      }
      if (text_[at_] == '\'') ++at_;
      text += text_[at_++];
    }
  }
  at_ = end;
  out.text = keep(std::move(text));
  return true;
}

bool YamlReader::double_quoted(std::size_t end, std::string& out) {
  std::size_t kept = 0;  // what is behind a break or an escape is not space at a line's end
  for (++at_; at_ < end;) {
    const char c = text_[at_];
    if (c == '\n') {
      drop_spaces(out, kept);
      fold(out);
      kept = out.size();
    } else if (c != '\\') {
      out += c;
      ++at_;
    } else {
      if (!escape(at_, out)) return false;
      kept = out.size();
    }
  }
  return true;
}

bool YamlReader::escape(std::size_t& at, std::string& out) {
  const std::size_t begin = at;
  const char c = text_[at + 1];
  at += 2;
  static constexpr std::string_view kFrom = "0abtnvfre \"/\\N_LP\t";
  static constexpr std::uint32_t kTo[] = {0,   7,   8,   9,    10,   11,   12,     13,     27,
                                          ' ', '"', '/', '\\', 0x85, 0xa0, 0x2028, 0x2029, '\t'};
  if (c == '\n') {  // the text goes on in the next line
    line_start_ = at;
    while (at < text_.size() && is_space(text_[at])) ++at;
    return true;
  }
  std::uint32_t code = 0;
  if (const std::size_t known = kFrom.find(c); known != std::string_view::npos) {
    code = kTo[known];
  } else {
    const std::size_t digits = c == 'x' ? 2 : c == 'u' ? 4 : c == 'U' ? 8 : 0;
    if (digits == 0 || !hex(text_.substr(at), digits, code)) {
      return wrong(begin,
                   "an escape that YAML does not have; expected \\n, \\t, \\\", \\\\ or \\u0041");
    }
    at += digits;
    std::uint32_t low = 0;
    if (code >= 0xd800 && code < 0xdc00 && text_.substr(at, 2) == "\\u" &&
        hex(text_.substr(at + 2), 4, low) && low >= 0xdc00 && low < 0xe000) {
      code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
      at += 6;
    }
  }
  if (code == 0 || code > 0x10ffff || (code >= 0xd800 && code < 0xe000)) {
    return wrong(begin, "an escape that stands for no character");
  }
  append_utf8(out, code);
  return true;
}

bool YamlReader::plain(int parent, bool flow, Scalar& out) {
  out.offset = at_;
  std::string joined;
  bool several = false;
  std::string_view line;
  for (;;) {
    const std::size_t end = plain_line_end(flow);
    line = text_.substr(at_, end - at_);
    while (!line.empty() && is_space(line.back())) line.remove_suffix(1);
    if (several) joined += line;
    at_ = end;
    if (!ended() && text_[at_] != '\n') break;  // a comment, a colon, a bracket

    // Does the next line that is not empty go on with it?
    std::size_t next = at_;
    std::size_t start = line_start_;
    while (next < text_.size() && (text_[next] == '\n' || is_space(text_[next]))) {
      if (text_[next++] == '\n') start = next;
    }
    if (next == text_.size() || text_[next] == '#') break;
    if (flow ? std::string_view(",[]{}:").contains(text_[next])
             : static_cast<int>(next - start) <= parent) {
      break;
    }
    const std::string_view marker = text_.substr(next, 3);
    if (next == start && (marker == "---" || marker == "...")) break;
    if (!several) {
      joined = line;
      several = true;
    }
    fold(joined);
  }
  if (several) {
    out.text = keep(std::move(joined));
  } else {
    out.text = line;
    out.verbatim = true;
  }
  return true;
}

bool YamlReader::block_scalar(int parent, Scalar& out) {
  const bool folded = text_[at_] == '>';
  out.offset = at_;
  out.quoted = true;
  enum class Chomp { clip, strip, keep } chomp = Chomp::clip;
  int indent = 0;
  for (++at_; !ended() && text_[at_] != '\n' && !is_space(text_[at_]); ++at_) {
    const char c = text_[at_];
    if (c == '-' || c == '+') {
      chomp = c == '-' ? Chomp::strip : Chomp::keep;
    } else if (c >= '1' && c <= '9' && indent == 0) {
      indent = std::max(parent, 0) + (c - '0');
    } else {
      return wrong(at_,
                   "not expected behind | or >; a text of several lines begins in the next line");
    }
  }
  if (!at_line_end()) {
    skip_spaces();
    return wrong(at_,
                 "not expected behind | or >; a text of several lines begins in the next line");
  }
  while (!ended() && text_[at_] != '\n') ++at_;
  if (!ended()) ++at_;
  line_start_ = at_;

  // The first line that is not empty says how far the block is indented.
  if (indent == 0) {
    std::size_t start = at_;
    for (std::size_t at = at_; at < text_.size() && (text_[at] == ' ' || text_[at] == '\n'); ++at) {
      if (text_[at] == '\n') start = at + 1;
      indent = static_cast<int>(at + 1 - start);
    }
    indent = std::max(indent, parent + 1);
  }
  std::string text;
  std::size_t breaks = 0;     // not yet written
  bool before_plain = false;  // the line before can be folded
  bool any = false;
  while (!ended()) {
    std::size_t spaces = 0;
    while (at_ + spaces < text_.size() && text_[at_ + spaces] == ' ' &&
           static_cast<int>(spaces) < indent) {
      ++spaces;
    }
    const std::size_t content = at_ + spaces;
    const bool empty = content == text_.size() || text_[content] == '\n';
    if (!empty && static_cast<int>(spaces) < indent) break;
    if (empty) {
      if (content == text_.size()) {
        at_ = content;
        break;
      }
      ++breaks;
    } else {
      const bool can_fold = !is_space(text_[content]);
      if (any && folded && before_plain && can_fold) {
        // Of the breaks since the last line the first is a space, or nothing if more follow.
        if (breaks == 1) {
          text += ' ';
        } else {
          text.append(breaks - 1, '\n');
        }
      } else {
        text.append(breaks, '\n');
      }
      const std::size_t end = std::min(text_.find('\n', content), text_.size());
      text += text_.substr(content, end - content);
      any = true;
      before_plain = can_fold;
      breaks = end < text_.size() ? 1 : 0;
      at_ = std::min(end + 1, text_.size());
      line_start_ = at_;
      continue;
    }
    at_ = content + 1;
    line_start_ = at_;
  }
  if (any && breaks == 0 && chomp != Chomp::strip) breaks = 1;  // the file ends in its last line
  if (chomp == Chomp::keep) {
    text.append(breaks, '\n');
  } else if (chomp == Chomp::clip && any) {
    text += '\n';
  }
  out.text = keep(std::move(text));
  return true;
}

}  // namespace tidegate::workflow
