#include "words.h"

#include "fail.h"

#ifdef __linux__
#include <sys/mman.h>
#endif

#include <cstdlib>
#include <mutex>
#include <string>
#include <vector>

namespace cipherprune {

namespace {

constexpr size_t hugeBytes = size_t{1} << 21;
/** Blocks from here on are kept. */
constexpr size_t largeBytes = size_t{1} << 16;
constexpr size_t keptBytes = size_t{256} << 20;

/** Large blocks, kept for the next layer: fetching them anew costs page faults and clearing, a tenth of a layer's time. The C library gives
 *  most of those of a few hundred kilobytes back to the system as well: 1.2 GB a text of BERT-base, made anew. */
class LargeBlocks {
 public:
  /** A kept block of at least `bytes` and at most twice that, or null. */
  void* take(size_t& bytes) {
    const std::lock_guard<std::mutex> lock(mutex);
    size_t best = blocks.size();
    for (size_t i = 0; i < blocks.size(); i++)
      if (blocks[i].bytes >= bytes && blocks[i].bytes <= 8 * bytes && (best == blocks.size() || blocks[i].bytes < blocks[best].bytes))
        best = i;
    if (best == blocks.size()) return nullptr;
    const Block block = blocks[best];
    blocks.erase(blocks.begin() + static_cast<std::ptrdiff_t>(best));
    total -= block.bytes;
    bytes = block.bytes;
    return block.at;
  }

  /** Keeps a block, letting older ones go. */
  void give(void* at, size_t bytes) {
    const std::lock_guard<std::mutex> lock(mutex);
    blocks.push_back({at, bytes});
    total += bytes;
    while (total > keptBytes) {
      total -= blocks.front().bytes;
      std::free(blocks.front().at);
      blocks.erase(blocks.begin());
    }
  }

 private:
  struct Block {
    void* at;
    size_t bytes;
  };
  std::mutex mutex;
  std::vector<Block> blocks;
  size_t total = 0;
};

/** Leaked on purpose: threads may outlive static objects. */
LargeBlocks& largeBlocks() {
  static LargeBlocks* blocks = new LargeBlocks();
  return *blocks;
}

}  // namespace

Words::Words(size_t count) {
  const size_t alignment = count * 4 >= hugeBytes ? hugeBytes : 64;
  bytes = (count * 4 / alignment + 1) * alignment;
  if (bytes >= largeBytes) at = static_cast<uint32_t*>(largeBlocks().take(bytes));
  if (at) return;
  at = static_cast<uint32_t*>(std::aligned_alloc(alignment, bytes));
  if (!at) fail("kernels: expected " + std::to_string(bytes) + " bytes of memory, got none");
#ifdef __linux__
  if (alignment == hugeBytes) madvise(at, bytes, MADV_HUGEPAGE);    // fewer page faults and TLB misses
#endif
}

Words::~Words() {
  if (bytes >= largeBytes) largeBlocks().give(at, bytes);
  else std::free(at);
}

}  // namespace cipherprune
