#include "ledger/segment.h"

#include <gtest/gtest.h>

#include "ledger/sample_record.h"

namespace tidegate::ledger {
namespace {

std::vector<Entry> entries_of(const Segment& segment, std::size_t labels) {
  std::vector<Entry> entries;
  const auto read =
      read_records(segment.records, labels, [&](const Entry& entry) { entries.push_back(entry); });
  EXPECT_TRUE(read) << read.error().message << "\n" << segment.records;
  return entries;
}

TEST(Segment, KeepsEveryFieldOfARecord) {
  UsageRecord record = sample_record(42);
  record.attempt = 3;
  record.outcome = Outcome::truncated;
  record.status = 503;
  record.error = "overloaded";
  record.peak = true;
  record.usage.cache_write = 7;
  SegmentBuilder builder;
  builder.add(record);
  const Segment segment = builder.finish(11);
  EXPECT_EQ(segment.id, 11);
  EXPECT_EQ(segment.count, 1);

  const auto labels = read_labels(segment.labels);
  ASSERT_TRUE(labels) << labels.error().message;
  ASSERT_EQ(labels->size(), 1u);
  const Label& label = labels->front();
  EXPECT_EQ(label.route, record.route);
  EXPECT_EQ(label.provider, record.provider);
  EXPECT_EQ(label.model, record.model);
  EXPECT_EQ(label.price_epoch, record.price_epoch);
  EXPECT_EQ(label.requested_model, record.requested_model);
  EXPECT_EQ(label.served_model, record.served_model);
  EXPECT_EQ(label.finish_reason, record.finish_reason);
  EXPECT_EQ(label.client, record.client);
  EXPECT_EQ(label.key, record.key);
  EXPECT_EQ(label.tenant, record.tenant);
  EXPECT_EQ(label.role, record.role);
  EXPECT_EQ(label.error, record.error);
  EXPECT_EQ(label.outcome, "truncated");
  EXPECT_EQ(label.usage_source, "reported");
  EXPECT_EQ(label.status, 503);
  EXPECT_TRUE(label.stream && label.peak && label.last);

  const auto entries = entries_of(segment, 1);
  ASSERT_EQ(entries.size(), 1u);
  const Entry& entry = entries.front();
  const auto id = record.request.text();
  EXPECT_EQ(entry.request, std::string_view(id.data(), id.size()));
  EXPECT_EQ(entry.attempt, 3);
  EXPECT_EQ(entry.task, record.task);
  EXPECT_EQ(entry.started_us, record.started.time_since_epoch() / 1us);
  EXPECT_EQ(entry.started_us, segment.first_us);
  EXPECT_EQ(entry.first_byte_us, 312'000);
  EXPECT_EQ(entry.total_us, 4'217'000);
  EXPECT_EQ(entry.usage, record.usage);
  EXPECT_EQ(entry.estimated_prompt, record.estimated_prompt);
  EXPECT_EQ(entry.cost, record.cost);
}

TEST(Segment, WritesEveryMomentAsItIs) {
  const std::vector<std::int64_t> moments{0,
                                          7,
                                          999'999,
                                          1'000'000,
                                          1'000'001,
                                          9'999'999,
                                          1'790'000'000'000'000,
                                          1'790'000'000'000'000,
                                          1'790'000'000'999'999,
                                          1'790'000'001'000'010,
                                          -5,
                                          4'000'000'000'123'456};
  SegmentBuilder builder;
  for (const std::int64_t us : moments) {
    UsageRecord record = sample_record(0);
    record.started = WallTime{std::chrono::microseconds{us}};
    builder.add(record);
  }
  const Segment segment = builder.finish(1);
  const auto entries = entries_of(segment, read_labels(segment.labels)->size());
  ASSERT_EQ(entries.size(), moments.size());
  for (std::size_t i = 0; i < moments.size(); ++i) EXPECT_EQ(entries[i].started_us, moments[i]);
}

TEST(Segment, SharesLabelsAndTellsUnknownCostFromZero) {
  UsageRecord known = sample_record(0);
  known.cost = NanoDollars{0};
  UsageRecord unknown = sample_record(0);
  unknown.cost.reset();
  UsageRecord other = sample_record(0);
  other.last = false;
  SegmentBuilder builder;
  builder.add(known);
  builder.add(unknown);
  builder.add(other);
  const Segment segment = builder.finish(1);
  const auto labels = read_labels(segment.labels);
  ASSERT_TRUE(labels);
  EXPECT_EQ(labels->size(), 2u);
  const auto entries = entries_of(segment, labels->size());
  ASSERT_EQ(entries.size(), 3u);
  EXPECT_EQ(entries[0].cost, NanoDollars{0});
  EXPECT_EQ(entries[1].cost, std::nullopt);
  EXPECT_EQ(entries[0].label, entries[1].label);
  EXPECT_NE(entries[0].label, entries[2].label);
}

TEST(Segment, FieldsThatRunIntoOneAnotherAreDifferentLabels) {
  UsageRecord a = sample_record(0);
  a.finish_reason = "ab";
  a.client = "c";
  UsageRecord b = sample_record(0);
  b.finish_reason = "a";
  b.client = "bc";
  SegmentBuilder builder;
  builder.add(a);
  builder.add(b);
  EXPECT_EQ(read_labels(builder.finish(1).labels)->size(), 2u);
}

TEST(Segment, TakesAnyBytesThatAClientSends) {
  UsageRecord record = sample_record(0);
  record.task = "a\"b\\c\n\x01\xff é";
  record.requested_model = std::string("x\0y\xc0", 4);
  SegmentBuilder builder;
  builder.add(record);
  const Segment segment = builder.finish(1);
  const auto labels = read_labels(segment.labels);
  ASSERT_TRUE(labels) << labels.error().message;
  EXPECT_EQ(labels->front().requested_model, std::string("x\0y\xEF\xBF\xBD", 6));
  bool seen = false;
  ASSERT_TRUE(read_records(segment.records, 1, [&](const Entry& entry) {
    seen = true;
    EXPECT_EQ(entry.task, "a\"b\\c\n\x01\xEF\xBF\xBD é");
    EXPECT_EQ(entry.cost, record.cost);
  }));
  EXPECT_TRUE(seen);
}

TEST(Segment, DamageIsAnError) {
  SegmentBuilder builder;
  builder.add(sample_record(0));
  Segment segment = builder.finish(1);
  const auto nothing = [](const Entry&) {};
  EXPECT_FALSE(read_records(segment.records, 0, nothing)) << "label out of range";
  EXPECT_FALSE(read_records("[[1,2]]", 1, nothing));
  EXPECT_FALSE(read_records(segment.records + "]", 1, nothing)) << "more than one value";
  EXPECT_FALSE(read_labels(segment.labels + "[]"));
  EXPECT_FALSE(read_records("[[\"req\",0,1,\"t\",1,2,3]]", 1, nothing)) << "too few";
  segment.records.resize(segment.records.size() - 3);
  EXPECT_FALSE(read_records(segment.records, 1, nothing));
  EXPECT_FALSE(read_labels("[{\"route\":1}]"));
}

TEST(Segment, ReadsWhatALaterVersionAdds) {
  EXPECT_TRUE(read_labels("[{\"route\":\"a\",\"region\":{\"x\":[1]},\"last\":1}]"));
  EXPECT_TRUE(read_records("[[\"req\",0,1,\"\",1,2,3,4,5,6,7,8,9,null,1,-2,\"new\",3]]", 1,
                           [](const Entry& entry) { EXPECT_EQ(entry.estimated_prompt, 9); }));
}

}  // namespace
}  // namespace tidegate::ledger
