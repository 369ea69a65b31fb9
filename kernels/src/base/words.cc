#include "words.h"

#include <cstdlib>
#include <string>

#include "fail.h"
#include "large-blocks.h"

namespace cipherprune {

namespace {

constexpr size_t lineBytes = 64;

/** Blocks from here on are kept: the C library gives most of those of a few hundred kilobytes back to the system, which was 1.2 GB a text of
 *  BERT-base, made anew. Sanitizers are to see the ends of all. */
#ifdef __SANITIZE_ADDRESS__
constexpr size_t largeBytes = ~size_t{0};
#else
constexpr size_t largeBytes = size_t{1} << 16;
#endif

}  // namespace

Words::Words(size_t count) : bytes((count * 4 / lineBytes + 1) * lineBytes) {
  at = static_cast<uint32_t*>(bytes >= largeBytes ? LargeBlocks::instance().take(bytes) : std::aligned_alloc(lineBytes, bytes));
  if (!at) fail("kernels: expected " + std::to_string(bytes) + " bytes of memory, got none");
}

Words::~Words() {
  if (bytes >= largeBytes) LargeBlocks::instance().give(at, bytes);
  else std::free(at);
}

}  // namespace cipherprune
