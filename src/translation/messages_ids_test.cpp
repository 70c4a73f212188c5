#include "translation/messages_ids.h"

#include <gtest/gtest.h>

namespace tidegate::translation::messages {
namespace {

TEST(MessagesIds, every_id_comes_back) {
  for (const std::string_view id : {"toolu_01", "call_00_Ab-c", "functions.read:0", "tgid_x", "",
                                    "a_b.c", "\xE6\xBD\xAE", R"(quote\"d)"}) {
    std::string wire, storage;
    append_wire_id(wire, id);
    EXPECT_EQ(read_wire_id(wire, storage), id);
    EXPECT_EQ(wire.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                     "0123456789_-"),
              std::string::npos)
        << wire;
    EXPECT_EQ(wire == id, is_wire_id(id));
  }
}

TEST(MessagesIds, forged_ids_are_what_they_are) {
  for (const std::string_view wire :
       {"tgid__22", "tgid__0a", "tgid__5c", "tgid__zz", "tgid_a_", "tgid__ff"}) {
    std::string storage;
    EXPECT_EQ(read_wire_id(wire, storage), wire);
  }
}

}  // namespace
}  // namespace tidegate::translation::messages
