// One client connection: reads requests one after the other, strictly framed, and hands each to the
// handler. Owns no buffer while it is idle. Lives on one worker.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/recycle.h"
#include "http/exchange.h"
#include "http/server_state.h"
#include "tls/stream.h"

namespace tidegate::http {

class ServerConnection final : public Exchange {
 public:
  ServerConnection(Server& server, Server::PerWorker& worker, int fd);
  ~ServerConnection() override;

  Task<void> run();

  // From the worker's thread. Ends the connection if it is between two requests.
  void close_if_idle();
  // Breaks the connection; whoever waits on it sees the client leave.
  void abort();

  void release_request() override;
  Sending respond(int status, std::string_view headers, std::string_view body) override;
  void begin(int status, std::string_view headers) override;
  using Exchange::write;
  [[nodiscard]] bool write(std::span<const std::string_view> pieces) override;
  [[nodiscard]] bool write_framed(std::string_view chunks) override;
  [[nodiscard]] bool takes_framed() const override;
  [[nodiscard]] bool drained() const override { return unsent_.empty(); }
  Task<bool> flush() override;
  Sending finish() override;

 private:
  friend struct Server::PerWorker;

  // Outcome of reading one request.
  enum class Read : std::uint8_t { request, closed, refused };

  Io read_first(RecycledBytes& room, std::string_view& received);
  HeadResult read_head(std::string_view received);
  Task<bool> complete_head(std::string_view received);
  Task<Read> read_body(std::string_view received);
  Task<Read> read_length_body(std::string_view received);
  Task<Read> read_chunked_body(std::string_view received);
  Task<bool> more(char* to, std::size_t size, std::size_t& got, TimePoint deadline);
  bool take_whole_request(std::string_view received, RecycledBytes& room);
  Task<void> refuse(int status, std::string_view problem);
  Task<void> linger();

  // Writes what fits at once and keeps a copy of the rest in `unsent_`. False if there is a rest.
  bool send(std::span<iovec> pieces);
  std::size_t write_head(char* out, int status, std::string_view headers, std::string_view framing);
  static constexpr std::size_t kMostPieces = 16;
  bool send_chunk(std::span<const std::string_view> pieces);  // at most kMostPieces

  Server& server_;
  Server::PerWorker& worker_;
  tls::Stream stream_;
  RecycledBytes request_;  // head and body, while a request is served
  std::string carry_;      // received, but behind the current request (pipelining)
  std::string unsent_;
  HeadResult head_result_;
  std::size_t likely_size_ = 0;  // room for the next request; 0: not known
  bool idle_ = false;
  bool chunked_ = false;  // the streamed answer is chunked
  bool keep_alive_ = true;

  ServerConnection* previous_ = nullptr;  // in the worker's list
  ServerConnection* next_ = nullptr;
};

}  // namespace tidegate::http
