// A small pool of threads for kernels that split into independent tasks. The split never depends on the number of
// threads, so results are the same bits on one thread and on many.
#pragma once
#include <cstdint>

namespace cipherprune {

/** Threads that parallelFor uses, the caller included; starts as the number of processors, at most 16. */
int parallelThreads();

/** Sets the number of threads from now on (at least 1). */
void setParallelThreads(int threads);

using Task = void (*)(void* context, int64_t index);

/** Calls task(context, i) for i = 0 … count - 1 in any order on any thread; returns when all are done. Who calls while the threads work for
 *  another, or from a task, does all itself. */
void parallelForRaw(int64_t count, Task task, void* context);

/** The same for a function object that takes the index. */
template <typename Function>
void parallelFor(int64_t count, Function& body) {
  parallelForRaw(
      count, [](void* context, int64_t index) { (*static_cast<Function*>(context))(index); },
      const_cast<void*>(static_cast<const void*>(&body)));
}

}  // namespace cipherprune
