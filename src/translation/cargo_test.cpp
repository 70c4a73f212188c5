#include "translation/cargo.h"

#include <gtest/gtest.h>

namespace tidegate::translation {
namespace {

const Cargo kCargo{Seal::anthropic_signature, "anthropic/claude-opus-4.7", "rs_1",
                   "EqQBCkgIAR==", "Let me\\nthink \xE6\xBD\xAE"};

TEST(Cargo, comes_back_as_it_went) {
  EXPECT_EQ(unwrap(wrap(kCargo)), kCargo);
  EXPECT_EQ(unwrap(wrap(Cargo{})), Cargo{});
  for (std::size_t size = 0; size < 7; ++size) {  // every remainder of base64
    const Cargo cargo{Seal::none, "", "", "", std::string(size, 'x')};
    EXPECT_EQ(unwrap(wrap(cargo)), cargo) << size;
  }
}

TEST(Cargo, envelope_needs_no_escape_in_json) {
  EXPECT_EQ(wrap(kCargo).find_first_of("\"\\\n"), std::string::npos);
}

TEST(Cargo, cut_forged_and_foreign_envelopes_count_as_none) {
  const std::string whole = wrap(kCargo);
  for (std::size_t size = 0; size < whole.size(); ++size) {
    EXPECT_FALSE(unwrap(whole.substr(0, size)).has_value()) << size;
  }
  EXPECT_FALSE(unwrap(whole + "AAAA").has_value());
  EXPECT_FALSE(unwrap("EqQBCkgIAR==").has_value());
  EXPECT_FALSE(unwrap("tidegate1.////").has_value());
  EXPECT_FALSE(unwrap("tidegate1._wAAAAAAAAAAAAAAAAAAAAA").has_value());  // no such seal
}

TEST(Cargo, cannot_break_out_of_the_json_around_it) {
  for (const char* text : {R"(","model":")", "a\nb", R"(cut\)", R"(\q)", R"(\u12)", "\xFF"}) {
    EXPECT_FALSE(unwrap(wrap({Seal::none, "", "", "", text})).has_value()) << text;
    EXPECT_FALSE(unwrap(wrap({Seal::openai_encrypted, "", "", text, ""})).has_value()) << text;
  }
  EXPECT_FALSE(unwrap(wrap({Seal::openrouter_details, "", "", "[],1", ""})).has_value());
  EXPECT_TRUE(unwrap(wrap({Seal::openrouter_details, "", "", R"([{"a":1}])", ""})).has_value());
}

}  // namespace
}  // namespace tidegate::translation
