// Independent work of one call on threads that stay. Calls from several jobs (both parties of one process) run side by side, and a task may split
// its own work. What is split never depends on the number of threads, so results are the same bits on one thread and on many.
#pragma once
#include <cstddef>
#include <cstdint>
#include <functional>

namespace cipherprune {

/** Calls body(index, worker) once for every index below count, in any order, on at most `threads` threads including this one; worker is below
 *  `threads`. Returns when all are done; after an exception the rest is left out, and the first one is thrown here. */
void splitWork(size_t threads, size_t count, const std::function<void(size_t index, size_t worker)>& body);

/** Threads that parallelFor uses, the caller included; starts as the number of processors, at most 16. */
int parallelThreads();

/** Sets the number of threads from now on (at least 1). */
void setParallelThreads(int threads);

/** Calls body(i) for i = 0 … count - 1 likewise. */
template <typename Function>
void parallelFor(int64_t count, const Function& body) {
  splitWork(static_cast<size_t>(parallelThreads()), static_cast<size_t>(count),
            [&body](size_t index, size_t) { body(static_cast<int64_t>(index)); });
}

}  // namespace cipherprune
