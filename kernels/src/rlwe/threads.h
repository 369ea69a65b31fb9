// Independent work on threads of one call. Unlike the pool of parallel.h, calls from several jobs (both parties of one
// process) run side by side.
#pragma once
#include <cstddef>
#include <functional>

namespace cipherprune {

/** Calls body(index, worker) once for every index below count, on at most `threads` threads including this one; worker
 *  is below `threads`. Rethrows the first exception after all have stopped. */
void splitWork(size_t threads, size_t count, const std::function<void(size_t index, size_t worker)>& body);

}  // namespace cipherprune
