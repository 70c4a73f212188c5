#include "loop/outbox.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "loop/socket.h"

namespace tidegate {
namespace {

// Touched only as far as a turn fills it.
constexpr std::size_t kRoom = 256 * 1024;

}  // namespace

Outbox::Outbox(bool together) : bytes_(new char[kRoom]), wants_ring_(together) {}

Outbox::~Outbox() = default;

bool Outbox::add(Socket& socket, std::span<const iovec> pieces, std::size_t size) {
  // A turn that goes on for long does not keep its first peers waiting.
  if (used_ + size > kRoom || count_ == entries_.size()) send_all();
  if (socket.outbox_slot_ != 0 && socket.outbox_slot_ == count_) {
    entries_[count_ - 1].size += static_cast<std::uint32_t>(size);
  } else {
    // The bytes of one socket lie together, since two sends of it could overtake each other.
    send(socket);
    if (!socket.writable_) return false;
    entries_[count_++] = {.fd = socket.fd(),
                          .size = static_cast<std::uint32_t>(size),
                          .bytes = bytes_.get() + used_,
                          .result = -EAGAIN,
                          .sender = &socket};
    socket.outbox_slot_ = static_cast<std::uint32_t>(count_);
  }
  char* to = bytes_.get() + used_;
  used_ += size;
  for (const iovec& piece : pieces) {
    std::memcpy(to, piece.iov_base, piece.iov_len);
    to += piece.iov_len;
  }
  return true;
}

void Outbox::send(Socket& socket) {
  if (socket.outbox_slot_ == 0) return;
  SendRing::Send& entry = entries_[socket.outbox_slot_ - 1];
  entry.result = send_now(entry.fd, entry.bytes, entry.size);
  socket.outbox_slot_ = 0;
  if (entry.result != std::int64_t{entry.size}) settle_rest(entry);
  entry = {.fd = -1, .size = 0, .bytes = nullptr, .result = 0, .sender = nullptr};
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
  const std::span<SendRing::Send> entries(entries_.data(), count_);
  if (count_ > 1 && std::exchange(wants_ring_, false)) ring_ = SendRing::create();
  if (count_ > 1 && ring_ != nullptr) {
    ring_->send(entries);
  } else {
    for (SendRing::Send& entry : entries) {
      if (entry.sender != nullptr) entry.result = send_now(entry.fd, entry.bytes, entry.size);
    }
  }
  for (const SendRing::Send& entry : entries) {
    if (entry.sender == nullptr) continue;
    entry.sender->outbox_slot_ = 0;
    if (entry.result != std::int64_t{entry.size}) settle_rest(entry);
  }
  count_ = 0;
  used_ = 0;
}

void Outbox::settle_rest(const SendRing::Send& sent) {
  if (!sent.sender->keep_rest(sent)) failed_.push_back(sent.sender);
}

void Outbox::forget(Socket& socket) {
  send(socket);
  if (!failed_.empty()) std::erase(failed_, &socket);
}

}  // namespace tidegate
