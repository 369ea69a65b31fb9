#include "ring-stream.h"

#include "ring.h"

namespace cipherprune {

namespace {

constexpr size_t wordBytes = sizeof(uint64_t);
constexpr size_t wordsPerBlock = kBlockBytes / wordBytes;
/** Of a step: a multiple of eight, so that it ends at a whole byte of what is packed. */
constexpr size_t stepWords = 1024;

/** Words `first` (even) to first + count of the stream, not reduced. */
void fill(const StreamPlace& place, size_t first, size_t count, uint64_t* out) {
  prgFill(place.key, place.firstBlock + first / wordsPerBlock, reinterpret_cast<uint8_t*>(out), wordBytes * count);
}

}  // namespace

void streamWords(const StreamPlace& place, size_t count, int bits, uint64_t* out) {
  for (size_t done = 0; done < count; done += stepWords) {
    const size_t length = count - done < stepWords ? count - done : stepWords;
    fill(place, done, length, out + done);
    ringLoops().mask(out + done, length, ringMaskOf(bits), out + done);
  }
}

void streamHide(const uint64_t* x, const StreamPlace& place, size_t count, int bits, uint8_t* out) {
  uint64_t words[stepWords];
  for (size_t done = 0; done < count; done += stepWords) {
    const size_t length = count - done < stepWords ? count - done : stepWords;
    fill(place, done, length, words);
    ringLoops().subtract(x + done, words, 1, length, ringMaskOf(bits), words);
    ringPack(words, length, bits, out + done / 8 * static_cast<size_t>(bits));
  }
}

void streamMatmul(const uint64_t* x, const StreamPlace& place, size_t n, size_t k, size_t m, int bits, bool adds, uint64_t* out) {
  ringMatmulPanels(
      x, [&place](size_t first, size_t count, uint64_t* panel) {
        fill(place, first, count, panel);
        return static_cast<const uint64_t*>(panel);
      },
      n, k, m, bits, adds, out);
}

}  // namespace cipherprune
