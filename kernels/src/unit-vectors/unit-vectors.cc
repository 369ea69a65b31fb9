#include "unit-vectors.h"

#include <vector>

#include "src/base/bit-stream.h"
#include "src/base/cpu.h"

namespace cipherprune {

namespace {

/** Reads a field of up to 64 bits. */
uint64_t fieldAt(const uint8_t* fields, const uint8_t* end, size_t position, unsigned bits) {
  BitReader reader{fields, end, position};
  return reader.take(bits);
}

/** Adds 1 to a field, modulo 2^bits, by as many steps whatever it holds. */
void increment(uint8_t* fields, size_t position, unsigned bits) {
  unsigned carry = 1;
  for (unsigned bit = 0; bit < bits; bit++, position++) {
    uint8_t& byte = fields[position / 8];
    const unsigned before = byte >> (position % 8) & 1u;
    byte ^= static_cast<uint8_t>(carry << (position % 8));
    carry &= before;
  }
}

void sumsPortable(const uint64_t* shifts, size_t count, const UnitVectorPlan& plan, const uint64_t* twice, const uint8_t* fields,
                  uint64_t* out) {
  const size_t places = size_t{1} << plan.indexBits;
  const uint64_t ring = lowBits(plan.ringBits);
  const uint8_t* end = fields + unitVectorBytes(count, plan);
  size_t position = 0;
  for (size_t i = 0; i < count; i++) {
    const uint64_t* table = twice + (shifts[i] & (places - 1));
    uint64_t sum = 0;
    for (size_t j = 0; j < places; j++, position += plan.ringBits) sum += fieldAt(fields, end, position, plan.ringBits) * table[j];
    out[i] = sum & ring;
  }
}

#ifdef CIPHERPRUNE_X86
bool isWide(const UnitVectorPlan& plan) {
  return activeIsa() == Isa::avx512 && plan.indexBits >= 3 && plan.ringBits <= 52;
}
#endif

}  // namespace

size_t unitVectorBytes(size_t count, const UnitVectorPlan& plan) { return ((count << plan.indexBits) * plan.ringBits + 7) / 8; }

void unitVectorAdd(const uint64_t* places, size_t count, const UnitVectorPlan& plan, uint8_t* fields) {
  const size_t size = size_t{1} << plan.indexBits;
  for (size_t i = 0; i < count; i++)
    increment(fields, (i * size + (places[i] & (size - 1))) * plan.ringBits, plan.ringBits);
}

void unitVectorSums(const uint64_t* shifts, size_t count, const UnitVectorPlan& plan, const uint64_t* table, const uint8_t* fields,
                    uint64_t* out) {
  const size_t places = size_t{1} << plan.indexBits;
  // Behind itself once more, so that every shift of it is a piece of memory.
  std::vector<uint64_t> twice(2 * places);
  for (size_t j = 0; j < twice.size(); j++) twice[j] = table[j & (places - 1)];
#ifdef CIPHERPRUNE_X86
  if (isWide(plan)) return unitVectorSumsAvx512(shifts, count, plan, twice.data(), fields, out);
#endif
  sumsPortable(shifts, count, plan, twice.data(), fields, out);
}

}  // namespace cipherprune
