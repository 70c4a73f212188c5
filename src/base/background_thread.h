// For a thread whose work may wait a moment, but must not fall behind.
#pragma once

#include <functional>
#include <thread>

namespace tidegate {

// The calling thread keeps its full share of the processor, in long slices that whoever wakes up
// to serve a request interrupts. Without effect where the system knows no such thing.
void run_in_background();

// For such a thread, between the pieces of a long work: leaves the processor to who waits for it,
// for 0.1 ms or so.
void give_way();

// A thread that takes no signals: they are the business of the thread that waits for them.
[[nodiscard]] std::thread start_without_signals(std::function<void()> work);

}  // namespace tidegate
