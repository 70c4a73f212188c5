#include "loop/outbox.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include "loop/send_ring.h"
#include "loop/socket.h"

namespace tidegate {
namespace {

// Touched only as far as a turn fills it.
constexpr std::size_t kRoom = 256 * 1024;
// A turn that goes on for long does not keep its first peers waiting.
constexpr std::size_t kMostEntries = SendRing::kMost;

}  // namespace

Outbox::Outbox(bool together) : bytes_(new char[kRoom]), wants_ring_(together) {}

Outbox::~Outbox() = default;

bool Outbox::add(Socket& socket, std::span<const iovec> pieces, std::size_t size) {
  const bool is_last = !entries_.empty() && entries_.back().socket == &socket;
  if (used_ + size > kRoom || (!is_last && entries_.size() == kMostEntries)) send_all();
  // The bytes of one socket lie together, since two sends of it could overtake each other.
  if (!is_last) send(socket);
  if (!socket.writable_) return false;
  if (socket.outbox_slot_ == 0) {
    entries_.push_back({&socket, static_cast<std::uint32_t>(used_), 0});
    socket.outbox_slot_ = static_cast<std::uint32_t>(entries_.size());
  }
  for (const iovec& piece : pieces) {
    std::memcpy(bytes_.get() + used_, piece.iov_base, piece.iov_len);
    used_ += piece.iov_len;
  }
  entries_.back().size += static_cast<std::uint32_t>(size);
  return true;
}

void Outbox::send(Socket& socket) {
  if (socket.outbox_slot_ == 0) return;
  Entry& entry = entries_[socket.outbox_slot_ - 1];
  const char* const bytes = bytes_.get() + entry.begin;
  settle(socket, bytes, entry.size, send_now(socket.fd(), bytes, entry.size));
  entry.socket = nullptr;
}

void Outbox::flush() {
  send_all();
  // Whoever is woken may write, and may end other sockets.
  while (!failed_.empty()) {
    Socket* const socket = failed_.back();
    failed_.pop_back();
    socket->leave();
  }
}

void Outbox::send_all() {
  std::array<SendRing::Send, kMostEntries> sends;
  std::array<Socket*, kMostEntries> sockets;
  std::size_t count = 0;
  for (const Entry& entry : entries_) {
    if (entry.socket == nullptr) continue;
    sockets[count] = entry.socket;
    sends[count++] = {entry.socket->fd(), bytes_.get() + entry.begin, entry.size, 0};
  }
  if (count > 1 && std::exchange(wants_ring_, false)) ring_ = SendRing::create();
  if (count > 1 && ring_ != nullptr) {
    ring_->send({sends.data(), count});
  } else {
    for (std::size_t i = 0; i < count; ++i) {
      sends[i].result = send_now(sends[i].fd, sends[i].bytes, sends[i].size);
    }
  }
  for (std::size_t i = 0; i < count; ++i) {
    settle(*sockets[i], sends[i].bytes, sends[i].size, sends[i].result);
  }
  entries_.clear();
  used_ = 0;
}

void Outbox::settle(Socket& socket, const char* bytes, std::size_t size, std::int64_t result) {
  socket.outbox_slot_ = 0;
  if (socket.take_result(bytes, size, result)) return;
  failed_.push_back(&socket);
}

void Outbox::forget(Socket& socket) {
  send(socket);
  if (!failed_.empty()) std::erase(failed_, &socket);
}

}  // namespace tidegate
