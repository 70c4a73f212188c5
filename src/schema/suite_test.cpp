// The public JSON Schema Test Suite, as Debian ships it (package json-schema-test-suite), in its
// newest draft there. What 2020-12 changed, or what is not checked here, is named below.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <sstream>

#include "json/reader.h"
#include "schema/schema.h"

namespace tidegate::schema {
namespace {

const std::filesystem::path kSuite = "/usr/share/json-schema-test-suite/tests/draft7";

const std::set<std::string_view> kOtherFiles = {
    "refRemote.json",     // nothing is fetched
    "definitions.json",   // refers to the meta-schema on the web
    "dependencies.json",  // now dependentRequired and dependentSchemas
};
const std::set<std::string_view> kOtherGroups = {
    "ref overrides any sibling keywords",    // siblings hold since 2019-09
    "remote ref, containing refs itself",    // nothing is fetched
    "Recursive references between schemas",  // by an $id inside
};
const std::vector<std::string> kFormats = {"date",     "date-time", "time", "email",
                                           "hostname", "ipv4",      "ipv6"};

std::string read_file(const std::filesystem::path& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

struct Case {
  std::string name, schema, data;
  bool valid = false;
};

// The values of the members named as `Case` names them.
class SuiteFile {
 public:
  explicit SuiteFile(const std::filesystem::path& path)
      : text_(read_file(path)), reader_(json::CheckedText{text_}) {}

  std::vector<Case> cases() {
    const bool good = reader_.array([&] { return group(); });
    EXPECT_TRUE(good) << reader_.error().message;
    return std::move(cases_);
  }

 private:
  std::string value() {
    const std::uint32_t begin = reader_.offset();
    EXPECT_TRUE(reader_.skip());
    return text_.substr(begin, reader_.last_end() - begin);
  }
  bool group() {
    std::string schema, name;
    const std::size_t first = cases_.size();
    const bool good = reader_.object([&](std::string_view key) {
      if (key == "tests") return reader_.array([&] { return test(); });
      const std::string text = value();
      if (key == "schema") schema = text;
      if (key == "description") name = text.substr(1, text.size() - 2);
      return true;
    });
    for (std::size_t i = first; i < cases_.size(); ++i) {
      cases_[i].schema = schema;
      cases_[i].name = name + ": " + cases_[i].name;
    }
    if (kOtherGroups.contains(name)) cases_.resize(first);
    return good;
  }
  bool test() {
    Case& one = cases_.emplace_back();
    return reader_.object([&](std::string_view key) {
      const std::string text = value();
      if (key == "data") one.data = text;
      if (key == "description") one.name = text;
      if (key == "valid") one.valid = text == "true";
      return true;
    });
  }

  std::string text_;
  json::Reader reader_;
  std::vector<Case> cases_;
};

std::size_t run(const std::filesystem::path& path) {
  const std::vector<Case> cases = SuiteFile(path).cases();
  for (const Case& one : cases) {
    const auto schema = Schema::compile(one.schema);
    if (!schema) {
      ADD_FAILURE() << path << " " << one.name << ": " << schema.error().message;
      continue;
    }
    const auto violations = schema->validate(one.data);
    if (!violations) {
      ADD_FAILURE() << path << " " << one.name << ": " << violations.error().message;
      continue;
    }
    EXPECT_EQ(violations->empty(), one.valid)
        << path << " " << one.name << " " << one.schema << " " << one.data;
  }
  return cases.size();
}

TEST(JsonSchemaTestSuite, AllThatHoldsIn2020) {
  if (!std::filesystem::exists(kSuite)) GTEST_SKIP() << kSuite << " is not installed";
  std::size_t count = 0;
  for (const auto& entry : std::filesystem::directory_iterator(kSuite)) {
    const std::string name = entry.path().filename();
    if (entry.is_regular_file() && !kOtherFiles.contains(name)) count += run(entry.path());
  }
  EXPECT_GT(count, 350u);
}

TEST(JsonSchemaTestSuite, FormatsThatAreChecked) {
  if (!std::filesystem::exists(kSuite)) GTEST_SKIP() << kSuite << " is not installed";
  for (const std::string& format : kFormats) {
    EXPECT_GT(run(kSuite / "optional" / "format" / (format + ".json")), 1u) << format;
  }
}

}  // namespace
}  // namespace tidegate::schema
