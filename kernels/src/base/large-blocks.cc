#include "large-blocks.h"

#ifdef __linux__
#include <sys/mman.h>
#endif

#include <algorithm>
#include <cstdint>
#include <cstdlib>

namespace cipherprune {

namespace {

constexpr size_t pageBytes = size_t{1} << 12, hugeBytes = size_t{1} << 21;

/** A region takes room in the address space, and memory only where it is touched; WebAssembly has it all at once. */
#ifdef __wasm__
constexpr size_t regionBytes = size_t{1} << 22;
#else
constexpr size_t regionBytes = size_t{1} << 28;
#endif

/** Of free regions in all. */
constexpr size_t keptBytes = size_t{1} << 28;

constexpr size_t roundedUp(size_t bytes, size_t unit) { return (bytes + unit - 1) / unit * unit; }

}  // namespace

LargeBlocks& LargeBlocks::instance() {
  static LargeBlocks* blocks = new LargeBlocks();
  return *blocks;
}

void* LargeBlocks::take(size_t bytes) {
  bytes = roundedUp(bytes, pageBytes);
  const std::lock_guard<std::mutex> lock(mutex);
  for (size_t r = 0;; r++) {
    // As much as others have if there is room for that, else what is asked for.
    if (r == regions.size() && !addRegion(std::max(bytes, regionBytes)) && !addRegion(bytes)) return nullptr;
    Region& region = regions[r];
    const auto hole = std::find_if(region.holes.begin(), region.holes.end(), [&](const Hole& free) { return free.bytes >= bytes; });
    if (hole == region.holes.end()) continue;
    char* const at = region.begin + hole->at;
    hole->at += bytes, hole->bytes -= bytes;
    if (hole->bytes == 0) region.holes.erase(hole);
    return at;
  }
}

void LargeBlocks::give(void* block, size_t bytes) {
  char* const at = static_cast<char*>(block);
  const std::lock_guard<std::mutex> lock(mutex);
  const auto region = std::find_if(regions.begin(), regions.end(), [&](const Region& r) { return at >= r.begin && at < r.begin + r.bytes; });
  fill(*region, {static_cast<size_t>(at - region->begin), roundedUp(bytes, pageBytes)});
  if (!region->isFree()) return;
  size_t free = 0;
  for (const Region& r : regions) free += r.isFree() ? r.bytes : 0;
  if (free <= keptBytes) return;
  std::free(region->begin);
  regions.erase(region);
}

bool LargeBlocks::addRegion(size_t bytes) {
  bytes = roundedUp(bytes, hugeBytes);
  char* const begin = static_cast<char*>(std::aligned_alloc(hugeBytes, bytes));
  if (!begin) return false;
#ifdef __linux__
  madvise(begin, bytes, MADV_HUGEPAGE);  // fewer page faults and TLB misses
#endif
  regions.push_back({begin, bytes, {{0, bytes}}});
  return true;
}

void LargeBlocks::fill(Region& region, Hole hole) {
  std::vector<Hole>& holes = region.holes;
  auto next = std::find_if(holes.begin(), holes.end(), [&](const Hole& other) { return other.at > hole.at; });
  if (next != holes.end() && hole.at + hole.bytes == next->at) {
    hole.bytes += next->bytes;
    next = holes.erase(next);
  }
  if (next != holes.begin() && (next - 1)->at + (next - 1)->bytes == hole.at) (next - 1)->bytes += hole.bytes;
  else holes.insert(next, hole);
}

}  // namespace cipherprune
