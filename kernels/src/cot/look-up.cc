#include "look-up.h"

#include <vector>

#include "cot-hash.h"
#include "cot-loops.h"
#include "src/base/bit-stream.h"
#include "src/base/split-items.h"
#include "src/ring/ring.h"

namespace cipherprune {
namespace {

constexpr size_t tileBytes = 1 << 16;

/** Blocks that a COT is expanded to: a lane of `laneBytes` for every message. */
size_t blocksPerCot(const LookUpPlan& plan, size_t laneBytes) {
  return ((laneBytes << plan.indexBits) + kBlockBytes - 1) / kBlockBytes;
}

/** Items of which one array of hashes takes about tileBytes. */
size_t tileOf(const LookUpPlan& plan, size_t laneBytes) {
  const size_t each = plan.indexBits * blocksPerCot(plan, laneBytes) * kBlockBytes;
  return each >= tileBytes ? 1 : tileBytes / each;
}

/** Calls `body` with a lane that holds an entry. */
template <class Body>
void withLane(unsigned ringBits, Body body) {
  if (ringBits <= 8) return body(uint8_t{});
  if (ringBits <= 16) return body(uint16_t{});
  if (ringBits <= 32) return body(uint32_t{});
  body(uint64_t{});
}

/** Bit t of j as a mask, [indexBits, 2^indexBits]. */
template <class Lane>
std::vector<Lane> slotMasks(unsigned indexBits) {
  const size_t slots = size_t{1} << indexBits;
  std::vector<Lane> masks(indexBits * slots);
  for (unsigned t = 0; t < indexBits; t++)
    for (size_t j = 0; j < slots; j++) masks[t * slots + j] = static_cast<Lane>(j >> t & 1 ? -1 : 0);
  return masks;
}

/**
 * The table as its owner's share of the place finds it, [step][2 · slots]: entries a step apart follow each other, twice, so that
 * those of a place and after it are one run.
 */
template <class Lane>
std::vector<Lane> turnedTable(const uint64_t* table, size_t entries, unsigned indexBits) {
  const size_t slots = size_t{1} << indexBits, step = entries >> indexBits;
  std::vector<Lane> turned(2 * entries);
  for (size_t i = 0; i < step; i++)
    for (size_t j = 0; j < 2 * slots; j++)
      turned[2 * i * slots + j] = static_cast<Lane>(table[(j * step + i) & (entries - 1)]);
  return turned;
}

/** What every tile reads. */
template <class Lane>
struct SenderTables {
  SenderTables(const uint64_t* table, size_t entries, unsigned indexBits)
      : entries(entries), slotBits(slotMasks<Lane>(indexBits)), turned(turnedTable<Lane>(table, entries, indexBits)) {}
  size_t entries;
  std::vector<Lane> slotBits, turned;
};

template <class Lane>
void sendLanes(size_t count, const LookUpPlan& plan, const uint8_t* delta, const uint8_t* blocks, Tweak tweak,
               const uint8_t* corrections, const SenderTables<Lane>& tables, const uint64_t* x, uint64_t* share, uint8_t* message) {
  const unsigned bits = plan.indexBits;
  const size_t slots = size_t{1} << bits, perCot = blocksPerCot(plan, sizeof(Lane)), stride = perCot * kBlockBytes;
  // Messages of eight items end at a whole byte.
  const size_t most = (tileOf(plan, sizeof(Lane)) + 7) & ~size_t{7};
  std::vector<uint8_t> zero(most * bits * stride), one(most * bits * stride);
  std::vector<Lane> pads(slots);
  std::vector<uint64_t> messages(most * (slots - 1));
  const uint8_t* end = corrections + (count * bits + 7) / 8;
  for (size_t begin = 0; begin < count; begin += most) {
    const size_t items = count - begin < most ? count - begin : most;
    const size_t first = begin * bits;
    cotHashPairs(blocks + first * kBlockBytes, items * bits, delta, tweak + first, perCot, zero.data(), one.data());
    const LookUpTile tile{plan, items, stride, zero.data(), one.data(), corrections, end, first, tables.entries,
                          tables.turned.data(), tables.slotBits.data(), pads.data()};
    cotLoops().lookUpMessages(tile, x + begin, share + begin, messages.data());
    ringPack(messages.data(), items * (slots - 1), static_cast<int>(plan.ringBits),
             message + begin / 8 * (slots - 1) * plan.ringBits);
  }
}

template <class Lane>
void beginLanes(size_t count, const LookUpPlan& plan, const uint8_t* blocks, Tweak tweak, const uint64_t* x,
                uint64_t* share) {
  const unsigned bits = plan.indexBits;
  const size_t perCot = blocksPerCot(plan, sizeof(Lane)), stride = perCot * kBlockBytes;
  const size_t tile = tileOf(plan, sizeof(Lane));
  std::vector<uint8_t> hashes(tile * bits * stride);
  for (size_t begin = 0; begin < count; begin += tile) {
    const size_t items = count - begin < tile ? count - begin : tile;
    const size_t first = begin * bits;
    cotHash(blocks + first * kBlockBytes, items * bits, tweak + first, perCot, hashes.data());
    for (size_t item = 0; item < items; item++) {
      const size_t slot = x[begin + item] & lowBits(bits);
      Lane pad = 0;
      for (unsigned t = 0; t < bits; t++)
        pad ^= reinterpret_cast<const Lane*>(hashes.data() + (item * bits + t) * stride)[slot];
      share[begin + item] = pad & lowBits(plan.ringBits);
    }
  }
}

}  // namespace

size_t lookUpMessageBytes(size_t count, const LookUpPlan& plan) {
  return (count * ((size_t{1} << plan.indexBits) - 1) * plan.ringBits + 7) / 8;
}

void lookUpSend(size_t count, const LookUpPlan& plan, const uint8_t* delta, const uint8_t* blocks, Tweak tweak,
                const uint8_t* corrections, size_t entries, const uint64_t* table, const uint64_t* x, uint64_t* share, uint8_t* message) {
  const size_t bits = plan.indexBits, messageBits = ((size_t{1} << bits) - 1) * plan.ringBits;
  withLane(plan.ringBits, [&](auto lane) {
    const SenderTables<decltype(lane)> tables(table, entries, plan.indexBits);
    splitItems(count, bits * blocksPerCot(plan, sizeof lane), [&](size_t begin, size_t end) {
      const size_t cot = begin * bits;
      sendLanes(end - begin, plan, delta, blocks + cot * kBlockBytes, tweak + cot, corrections + cot / 8, tables, x + begin, share + begin,
                message + begin / 8 * messageBits);
    });
  });
}

void lookUpBegin(size_t count, const LookUpPlan& plan, const uint8_t* blocks, Tweak tweak, const uint64_t* x,
                 uint64_t* share) {
  const size_t bits = plan.indexBits;
  withLane(plan.ringBits, [&](auto lane) {
    splitItems(count, bits * blocksPerCot(plan, sizeof lane), [&](size_t begin, size_t end) {
      beginLanes<decltype(lane)>(end - begin, plan, blocks + begin * bits * kBlockBytes, tweak + begin * bits, x + begin, share + begin);
    });
  });
}

void lookUpFinish(size_t count, const LookUpPlan& plan, const uint64_t* x, const uint8_t* message, uint64_t* share) {
  const size_t others = (size_t{1} << plan.indexBits) - 1;
  const uint8_t* end = message + lookUpMessageBytes(count, plan);
  for (size_t item = 0; item < count; item++) {
    const size_t slot = x[item] & others;
    // Message 0 is zero and not sent; reading another one in its place is masked away.
    BitReader reader{message, end, (item * others + (slot == 0 ? 0 : slot - 1)) * plan.ringBits};
    share[item] = (share[item] ^ (reader.take(plan.ringBits) & -static_cast<uint64_t>(slot != 0)));
  }
}

void lookUpPlain(size_t count, size_t entries, const uint64_t* table, const uint64_t* x, uint64_t* out) {
  for (size_t i = 0; i < count; i++) out[i] = table[x[i] & (entries - 1)];
}

}  // namespace cipherprune
