#include "tidegate/client.h"

#include <fmt/format.h>

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <mutex>

#include "catalog/catalog.h"
#include "client/access.h"
#include "client/in_process.h"
#include "client/options.h"
#include "client/request.h"

namespace tidegate {

using client::InProcess;
using client::Job;

namespace {

constexpr std::string_view kUserAgent = "tidegate/0.1";
// Of a streamed answer that waits to be read.
constexpr std::size_t kMostWaiting = 256;
// What is reserved of the day's money for an answer whose length nobody knows.
constexpr Tokens kLikelyAnswer = 4096;
constexpr std::size_t kBytesPerToken = 3;

RequestFailure failed(FailureClass failure, Error error) {
  RequestFailure out;
  out.failure = failure;
  out.message = std::move(error.message);
  out.field = std::move(error.field);
  return out;
}

}  // namespace

std::string_view name(FailureClass failure) {
  switch (failure) {
    case FailureClass::auth:
      return "auth";
    case FailureClass::permission:
      return "permission";
    case FailureClass::invalid:
      return "invalid";
    case FailureClass::not_found:
      return "not_found";
    case FailureClass::too_large:
      return "too_large";
    case FailureClass::rate_limited:
      return "rate_limited";
    case FailureClass::budget:
      return "budget";
    case FailureClass::timeout:
      return "timeout";
    case FailureClass::unavailable:
      return "unavailable";
    case FailureClass::truncated:
      return "truncated";
    case FailureClass::canceled:
      return "canceled";
    case FailureClass::internal:
      break;
  }
  return "internal";
}

// The events of one stream between the worker and the program. The mutex is the hand-over's: held
// for one event.
struct Stream::Reading {
  InProcess* process = nullptr;
  std::shared_ptr<Job> job;  // null: it never began

  std::mutex mutex;
  std::condition_variable changed;
  std::deque<StreamEvent> waiting;
  std::optional<ChatResult> end;
  bool ignored = false;  // nobody reads events any more

  void take(StreamEvent event) {
    const std::lock_guard lock(mutex);
    if (ignored) return;
    waiting.push_back(std::move(event));
    changed.notify_one();
  }
  bool is_full() {
    const std::lock_guard lock(mutex);
    return waiting.size() >= kMostWaiting;
  }
  void finish(ChatResult result) {
    const std::lock_guard lock(mutex);
    end = std::move(result);
    changed.notify_one();
  }
  void cancel() {
    if (job == nullptr) return;
    {
      const std::lock_guard lock(mutex);
      if (end) return;
    }
    process->cancel(job);
  }
};

Stream::Stream(std::shared_ptr<Reading> reading) : reading_(std::move(reading)) {}
Stream::Stream(Stream&&) noexcept = default;

Stream& Stream::operator=(Stream&& other) noexcept {
  std::swap(reading_, other.reading_);
  return *this;
}

Stream::~Stream() {
  if (reading_ != nullptr) reading_->cancel();
}

std::optional<StreamEvent> Stream::next() {
  Reading& reading = *reading_;
  std::unique_lock lock(reading.mutex);
  reading.changed.wait(lock, [&] { return !reading.waiting.empty() || reading.end; });
  if (reading.waiting.empty()) return std::nullopt;
  StreamEvent event = std::move(reading.waiting.front());
  reading.waiting.pop_front();
  // The worker may wait for room.
  if (reading.waiting.size() == kMostWaiting / 2 && !reading.end) {
    reading.process->go_on(reading.job);
  }
  return event;
}

ChatResult Stream::result() {
  Reading& reading = *reading_;
  std::unique_lock lock(reading.mutex);
  reading.ignored = true;
  reading.waiting.clear();
  if (!reading.end) reading.process->go_on(reading.job);
  reading.changed.wait(lock, [&] { return reading.end.has_value(); });
  return *reading.end;
}

void Stream::cancel() { reading_->cancel(); }

struct Client::Impl {
  SystemClock clock;
  std::string user_agent;
  std::unique_ptr<RateLimiter> money;  // null: cost_per_day is not limited; outlives the jobs
  std::unique_ptr<InProcess> process;

  // A job that can be submitted once it knows whom to tell, or why there is none.
  std::expected<std::shared_ptr<Job>, RequestFailure> make(const ChatRequest& request,
                                                           bool stream) const;
  std::expected<Reservation, RequestFailure> reserve(const ChatRequest& request,
                                                     const catalog::Model* model,
                                                     std::size_t bytes) const;
  void submit(std::shared_ptr<Job> job, std::stop_token stop) const;
};

std::expected<Reservation, RequestFailure> Client::Impl::reserve(const ChatRequest& request,
                                                                 const catalog::Model* model,
                                                                 std::size_t bytes) const {
  Demand demand;
  if (model != nullptr) {
    const catalog::Catalog& catalog = process->snapshot().catalog;
    const Usage likely{
        .prompt = static_cast<Tokens>(bytes / kBytesPerToken),
        .completion = std::min(request.max_tokens.value_or(kLikelyAnswer), kLikelyAnswer)};
    const catalog::Quote quote = catalog.quote(*model, clock.wall(), likely.prompt);
    const auto cost = quote.price == nullptr ? std::nullopt : catalog::cost(*quote.price, likely);
    demand.cost = cost.value_or(NanoDollars{});
  }
  auto reserved = money->try_acquire(demand, request.priority);
  if (reserved) return std::move(*reserved);
  RequestFailure failure = failed(FailureClass::budget, reserved.error().error());
  if (!reserved.error().never) failure.retry_after = reserved.error().retry_after;
  return std::unexpected(std::move(failure));
}

std::expected<std::shared_ptr<Job>, RequestFailure> Client::Impl::make(const ChatRequest& request,
                                                                       bool stream) const {
  const gateway::Snapshot& snapshot = process->snapshot();
  const catalog::Model* model = snapshot.catalog.find(request.model);
  const protocol::DialectTable* dialect = &protocol::kOpenAiCompatible;
  if (model != nullptr) {
    const auto& providers = snapshot.config.providers;
    const auto provider = std::ranges::find(providers, model->provider, &config::Provider::name);
    if (provider != providers.end()) dialect = &protocol::dialect(provider->dialect);
  }
  auto written = client::write_request(request, stream, *dialect, user_agent);
  if (!written) return std::unexpected(failed(FailureClass::invalid, std::move(written.error())));
  auto job = std::make_shared<Job>();
  if (money != nullptr) {
    auto reserved = reserve(request, model, written->body.size());
    if (!reserved) return std::unexpected(std::move(reserved.error()));
    job->money = std::move(*reserved);
  }
  job->request = std::move(*written);
  job->started = clock.now();
  return job;
}

void Client::Impl::submit(std::shared_ptr<Job> job, std::stop_token stop) const {
  process->assign(*job);
  if (stop.stop_possible()) {
    job->on_stop.emplace(std::move(stop), [at = process.get(), weak = std::weak_ptr(job)] {
      if (const auto still = weak.lock()) at->cancel(still);
    });
  }
  process->submit(std::move(job));
}

Client::Client(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Client::Client(Client&&) noexcept = default;
Client& Client::operator=(Client&&) noexcept = default;
Client::~Client() = default;

Result<Client> Client::open(ClientOptions options) {
  auto config = client::read_options(options);
  if (!config) return std::unexpected(std::move(config.error()));
  auto impl = std::make_unique<Impl>();
  impl->user_agent = options.user_agent.empty() ? kUserAgent : options.user_agent;
  if (!client::is_header_value(impl->user_agent)) {
    return fail(ErrorCode::invalid, "user_agent: expected one line of visible characters",
                "options");
  }
  if (options.limits.cost_per_day) {
    auto money = RateLimiter::create(
        {.cost_per_day = options.limits.cost_per_day, .burst = options.limits.burst}, impl->clock);
    if (!money) return std::unexpected(std::move(money.error()));
    impl->money = std::move(*money);
  }
  auto process = InProcess::start(std::move(*config), options.threads, options.ledger);
  if (!process) return std::unexpected(std::move(process.error()));
  impl->process = std::move(*process);
  return Client(std::move(impl));
}

Stream Client::open_stream(const ChatRequest& request, std::stop_token stop) {
  auto reading = std::make_shared<Stream::Reading>();
  reading->process = impl_->process.get();
  auto job = impl_->make(request, true);
  if (!job) {
    impl_->process->count(job.error());
    reading->end = std::unexpected(std::move(job.error()));
    return Stream(std::move(reading));
  }
  reading->job = *job;
  (*job)->on_event = [reading](StreamEvent event) { reading->take(std::move(event)); };
  (*job)->full = [reading] { return reading->is_full(); };
  (*job)->on_done = [reading](ChatResult result) { reading->finish(std::move(result)); };
  impl_->submit(std::move(*job), std::move(stop));
  return Stream(std::move(reading));
}

ChatResult Client::stream(const ChatRequest& request,
                          const std::function<void(const StreamEvent&)>& on_event,
                          std::stop_token stop) {
  Stream stream = open_stream(request, std::move(stop));
  while (const std::optional<StreamEvent> event = stream.next()) on_event(*event);
  return stream.result();
}

void Client::submit(const ChatRequest& request, std::function<void(ChatResult)> done,
                    std::function<void(const StreamEvent&)> on_event, std::stop_token stop) {
  auto job = impl_->make(request, static_cast<bool>(on_event));
  if (!job) {
    impl_->process->count(job.error());
    done(std::unexpected(std::move(job.error())));
    return;
  }
  if (on_event) {
    (*job)->on_event = [tell = std::move(on_event)](const StreamEvent& event) { tell(event); };
  }
  (*job)->on_done = std::move(done);
  impl_->submit(std::move(*job), std::move(stop));
}

std::future<ChatResult> Client::submit(const ChatRequest& request, std::stop_token stop) {
  auto promise = std::make_shared<std::promise<ChatResult>>();
  std::future<ChatResult> future = promise->get_future();
  submit(
      request, [promise](ChatResult result) { promise->set_value(std::move(result)); }, {},
      std::move(stop));
  return future;
}

ChatResult Client::complete(const ChatRequest& request, std::stop_token stop) {
  return submit(request, std::move(stop)).get();
}

InProcess& client::Access::process(Client& client) { return *client.impl_->process; }

std::expected<Reservation, RequestFailure> client::Access::reserve(Client& client,
                                                                   const ChatRequest& request,
                                                                   std::size_t bytes) {
  const Client::Impl& impl = *client.impl_;
  if (impl.money == nullptr) return Reservation{};
  return impl.reserve(request, impl.process->snapshot().catalog.find(request.model), bytes);
}

CostSummary Client::costs() const { return impl_->process->costs(); }

}  // namespace tidegate
