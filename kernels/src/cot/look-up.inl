// The messages of look-up.h, compiled once per instruction set: no containers here, whose code would be shared between them.
#include "cot-loops.h"
#include "src/base/bit-stream.h"

namespace cipherprune {
namespace {

/** pads [slots]: of message j the XOR over t of lane j of key (t, bit t of j and of `flips`). */
template <class Lane>
void lookUpPads(const LookUpTile& tile, size_t item, uint64_t flips, Lane* pads) {
  const unsigned bits = tile.plan.indexBits;
  const size_t slots = size_t{1} << bits;
  for (size_t j = 0; j < slots; j++) pads[j] = 0;
  for (unsigned t = 0; t < bits; t++) {
    const size_t row = (item * bits + t) * tile.stride;
    const Lane* zeros = reinterpret_cast<const Lane*>(tile.zero + row);
    const Lane* ones = reinterpret_cast<const Lane*>(tile.one + row);
    const Lane* slotBits = static_cast<const Lane*>(tile.slotBits) + t * slots;
    const Lane flip = static_cast<Lane>(flips >> t & 1 ? -1 : 0);
    for (size_t j = 0; j < slots; j++)
      pads[j] ^= static_cast<Lane>(zeros[j] ^ ((zeros[j] ^ ones[j]) & (slotBits[j] ^ flip)));
  }
}

template <class Lane>
void lookUpMessages(const LookUpTile& tile, const uint64_t* x, uint64_t* share, uint64_t* messages) {
  const unsigned bits = tile.plan.indexBits;
  const size_t slots = size_t{1} << bits, step = tile.entries >> bits;
  const uint64_t ring = lowBits(tile.plan.ringBits);
  Lane* pads = static_cast<Lane*>(tile.pads);
  for (size_t item = 0; item < tile.items; item++) {
    const uint64_t flips = peekBits(tile.corrections, tile.correctionsEnd, tile.firstCorrection + item * bits, bits);
    lookUpPads(tile, item, flips, pads);
    const size_t own = x[item] & (tile.entries - 1);
    const Lane* entries = static_cast<const Lane*>(tile.turned) + own % step * 2 * slots + own / step;
    const Lane base = static_cast<Lane>(pads[0] - entries[0]);
    for (size_t j = 1; j < slots; j++) messages[j - 1] = static_cast<Lane>((entries[j] + base) ^ pads[j]) & ring;
    messages += slots - 1;
    share[item] = static_cast<Lane>(-base) & ring;
  }
}

void lookUpMessagesAny(const LookUpTile& tile, const uint64_t* x, uint64_t* share, uint64_t* messages) {
  if (tile.plan.ringBits <= 8) return lookUpMessages<uint8_t>(tile, x, share, messages);
  if (tile.plan.ringBits <= 16) return lookUpMessages<uint16_t>(tile, x, share, messages);
  if (tile.plan.ringBits <= 32) return lookUpMessages<uint32_t>(tile, x, share, messages);
  lookUpMessages<uint64_t>(tile, x, share, messages);
}

}  // namespace
}  // namespace cipherprune
