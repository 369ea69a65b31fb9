// The loops of comparison.h, compiled once per instruction set. The pads of a digit's 16 messages are the 16 lanes of
// the hashes of its COTs: message j is masked by the XOR over t of lane j of key (t, bit t of j), as in Naor and Pinkas
// (STOC 1999). Lanes are bytes, or 16 bits wide for more than 8 digits.
#include "src/base/bit-stream.h"
#include "comparison.h"
#include "cot-hash.h"

#ifdef __AVX2__
#include <immintrin.h>
#endif

namespace cipherprune {
namespace {

constexpr size_t comparisonTileCots = 512;

/** What a digit's table holds beyond the share, lane by lane: -1 below the sender's digit, 0 at it, 1 above it. */
template <typename Lane>
struct SignTables {
  Lane sign[16][16];
  Lane less[16][16];  // -1 below, 0 from it on
  Lane slotBit[4][16];

  SignTables() {
    for (int a = 0; a < 16; a++) {
      for (int j = 0; j < 16; j++) {
        less[a][j] = static_cast<Lane>(j < a ? -1 : 0);
        sign[a][j] = static_cast<Lane>(j < a ? -1 : j > a ? 1 : 0);
      }
    }
    for (int t = 0; t < 4; t++)
      for (int j = 0; j < 16; j++) slotBit[t][j] = static_cast<Lane>(j >> t & 1 ? -1 : 0);
  }
};

/** 8 byte lanes of `bits` bits, next to each other. */
inline uint64_t compressBytes(uint64_t lanes, unsigned bits) {
  lanes = (lanes & 0x00ff00ff00ff00ffu) | (lanes >> 8 & 0x00ff00ff00ff00ffu) << bits;
  lanes = (lanes & 0x0000ffff0000ffffu) | (lanes >> 16 & 0x0000ffff0000ffffu) << (2 * bits);
  return (lanes & 0xffffffffu) | lanes >> 32 << (4 * bits);
}

/** All messages but the first. */
inline void putMessages(BitWriter& writer, const uint8_t* lanes, unsigned slots, unsigned bits) {
  uint64_t low, high;
  __builtin_memcpy(&low, lanes, 8);
  __builtin_memcpy(&high, lanes + 8, 8);
  if (slots >= 8) {
    writer.put(compressBytes(low, bits) >> bits, 7 * bits);
    if (slots == 16) writer.put(compressBytes(high, bits), 8 * bits);
  } else {
    writer.put(compressBytes(low, bits) >> bits & lowBits((slots - 1) * bits), (slots - 1) * bits);
  }
}

inline void putMessages(BitWriter& writer, const uint16_t* lanes, unsigned slots, unsigned bits) {
  for (unsigned j = 1; j < slots; j++) writer.put(lanes[j], bits);
}

/** One digit: returns the sender's share. zero, one: the two hashes of each of its COTs. */
template <typename Lane>
inline uint64_t sendDigit(const SignTables<Lane>& tables, const Lane* zero, const Lane* one, unsigned bits, unsigned payload,
                          unsigned corrections, unsigned digit, bool lowest, BitWriter& writer) {
  Lane pad[16] = {}, sent[16];
  for (unsigned t = 0; t < bits; t++) {
    const Lane flip = static_cast<Lane>(-(corrections >> t & 1));
    for (int j = 0; j < 16; j++) {
      const Lane mask = static_cast<Lane>(tables.slotBit[t][j] ^ flip);
      pad[j] ^= static_cast<Lane>(zero[16 * t + j] ^ ((zero[16 * t + j] ^ one[16 * t + j]) & mask));
    }
  }
  const Lane* table = lowest ? tables.less[digit] : tables.sign[digit];
  const Lane mask = static_cast<Lane>(lowBits(payload));
  const Lane base = static_cast<Lane>(pad[0] - table[0]) & mask;
  for (int j = 0; j < 16; j++) sent[j] = static_cast<Lane>((table[j] + base) ^ pad[j]) & mask;
  putMessages(writer, sent, 1u << bits, payload);
  return -static_cast<uint64_t>(base);
}

#ifdef __AVX2__

/** The same for byte lanes, one register for the 16 messages. */
inline uint64_t sendDigit(const SignTables<uint8_t>& tables, const uint8_t* zero, const uint8_t* one, unsigned bits,
                          unsigned payload, unsigned corrections, unsigned digit, bool lowest, BitWriter& writer) {
  const auto load = [](const uint8_t* lanes) { return _mm_loadu_si128(reinterpret_cast<const __m128i*>(lanes)); };
  __m128i pad = _mm_setzero_si128();
  for (unsigned t = 0; t < bits; t++) {
    const __m128i flip = _mm_set1_epi8(static_cast<char>(-(corrections >> t & 1)));
    const __m128i choice = _mm_xor_si128(load(tables.slotBit[t]), flip);
    pad = _mm_xor_si128(pad, _mm_blendv_epi8(load(zero + 16 * t), load(one + 16 * t), choice));
  }
  const __m128i table = load(lowest ? tables.less[digit] : tables.sign[digit]);
  const __m128i base = _mm_broadcastb_epi8(_mm_sub_epi8(pad, table));
  const __m128i sent = _mm_xor_si128(_mm_add_epi8(table, base), pad);
  const uint64_t fields = lowBits(payload) * 0x0101010101010101u;
  const unsigned slots = 1u << bits;
  const uint64_t low = _pext_u64(static_cast<uint64_t>(_mm_cvtsi128_si64(sent)), fields) >> payload;
  if (slots >= 8) {
    writer.put(low, 7 * payload);
    if (slots == 16) writer.put(_pext_u64(static_cast<uint64_t>(_mm_extract_epi64(sent, 1)), fields), 8 * payload);
  } else {
    writer.put(low & lowBits((slots - 1) * payload), (slots - 1) * payload);
  }
  return -static_cast<uint64_t>(_mm_cvtsi128_si32(base) & 0xff);
}

#endif

template <typename Lane>
void sendComparisons(size_t count, unsigned ringBits, const uint8_t* delta, const uint8_t* blocks, Tweak tweak,
                     const uint8_t* corrections, const uint64_t* x, uint64_t* share, uint8_t* message) {
  alignas(64) Lane zero[comparisonTileCots * 16], one[comparisonTileCots * 16];
  const SignTables<Lane> tables;
  const ComparisonDigits digits = comparisonDigits(ringBits);
  const unsigned cots = ringBits - 1;
  const size_t tile = comparisonTileCots / cots;
  const size_t correctionBytes = (count * cots + 7) / 8;
  BitWriter writer{message, message + comparisonMessageBytes(count, ringBits)};
  for (size_t begin = 0; begin < count; begin += tile) {
    const size_t items = count - begin < tile ? count - begin : tile;
    size_t cot = begin * cots;
    cotHashPairs(blocks + cot * 16, items * cots, delta, tweak + cot, sizeof(Lane), reinterpret_cast<uint8_t*>(zero),
                 reinterpret_cast<uint8_t*>(one));
    size_t lane = 0;
    for (size_t item = begin; item < begin + items; item++) {
      uint64_t low = x[item] & lowBits(cots), sum = 0;
      for (unsigned d = 0; d < digits.count; d++) {
        const unsigned bits = digits.bits[d];
        const unsigned flips = static_cast<unsigned>(peekBits(corrections, corrections + correctionBytes, cot, bits));
        const unsigned digit = static_cast<unsigned>(low & lowBits(bits));
        sum += sendDigit(tables, zero + lane, one + lane, bits, digits.payload[d], flips, digit, d == 0, writer)
               << digits.shift[d];
        low >>= bits;
        cot += bits;
        lane += 16 * bits;
      }
      share[item] = sum & lowBits(digits.count);
    }
  }
  writer.align();
}

template <typename Lane>
void beginComparisons(size_t count, unsigned ringBits, const uint8_t* blocks, Tweak tweak, const uint64_t* x,
                      uint64_t* pads) {
  alignas(64) Lane hashes[comparisonTileCots * 16];
  const ComparisonDigits digits = comparisonDigits(ringBits);
  const unsigned cots = ringBits - 1;
  const size_t tile = comparisonTileCots / cots;
  for (size_t begin = 0; begin < count; begin += tile) {
    const size_t items = count - begin < tile ? count - begin : tile;
    cotHash(blocks + begin * cots * 16, items * cots, tweak + begin * cots, sizeof(Lane),
            reinterpret_cast<uint8_t*>(hashes));
    const Lane* lanes = hashes;
    for (size_t item = begin; item < begin + items; item++, pads += digits.padWords) {
      uint64_t low = ~x[item];
      for (unsigned w = 0; w < digits.padWords; w++) pads[w] = 0;
      for (unsigned d = 0; d < digits.count; d++) {
        const unsigned bits = digits.bits[d];
        const size_t digit = low & lowBits(bits);
        uint64_t pad = 0;
        for (unsigned t = 0; t < bits; t++) pad ^= lanes[16 * t + digit];
        pads[digits.padWord[d]] |= (pad & lowBits(digits.payload[d])) << digits.padBit[d];
        low >>= bits;
        lanes += 16 * bits;
      }
    }
  }
}

/** `slots` byte lanes of `payload` bits each at a position, 128 bits at most. */
inline void takeLanes(const uint8_t* from, const uint8_t* end, size_t position, unsigned slots, unsigned payload,
                      uint8_t* lanes) {
  for (unsigned j = 0; j < slots; j++)
    lanes[j] = static_cast<uint8_t>(peekBits(from, end, position + j * payload, payload));
}

#ifdef __AVX2__

/** Eight lanes from 8 · payload bits. */
inline uint64_t spreadLanes(const uint8_t* from, const uint8_t* end, size_t position, unsigned payload) {
  const uint64_t fields = lowBits(payload) * 0x0101010101010101u;
  uint64_t packed = peekBits(from, end, position, payload * 8 > 56 ? 56 : payload * 8);
  if (payload == 8) packed |= peekBits(from, end, position + 56, 8) << 56;
  return _pdep_u64(packed, fields);
}

#endif

/** Pads of one comparison's messages behind each other, digit by digit. */
inline void tableOf(const SignTables<uint8_t>& tables, const ComparisonDigits& digits, const uint8_t* zero,
                    const uint8_t* one, uint64_t* words) {
  BitWriter writer{reinterpret_cast<uint8_t*>(words), reinterpret_cast<uint8_t*>(words + digits.tableWords)};
  for (unsigned d = 0; d < digits.count; d++) {
    const unsigned slots = 1u << digits.bits[d], payload = digits.payload[d];
    uint8_t pad[16] = {};
    for (unsigned t = 0; t < digits.bits[d]; t++, zero += 16, one += 16)
      for (unsigned j = 0; j < 16; j++)
        pad[j] ^= static_cast<uint8_t>(zero[j] ^ ((zero[j] ^ one[j]) & tables.slotBit[t][j]));
    for (unsigned j = 0; j < slots; j++) writer.put(pad[j] & lowBits(payload), payload);
  }
  writer.align();
}

void makeTables(size_t count, unsigned ringBits, const uint8_t* delta, const uint8_t* blocks, Tweak tweak,
                uint64_t* words) {
  alignas(64) uint8_t zero[comparisonTileCots * 16], one[comparisonTileCots * 16];
  const SignTables<uint8_t> tables;
  const ComparisonDigits digits = comparisonDigits(ringBits);
  const unsigned cots = ringBits - 1;
  const size_t tile = comparisonTileCots / cots;
  for (size_t begin = 0; begin < count; begin += tile) {
    const size_t items = count - begin < tile ? count - begin : tile;
    cotHashPairs(blocks + begin * cots * 16, items * cots, delta, tweak + begin * cots, 1, zero, one);
    for (size_t item = 0; item < items; item++, words += digits.tableWords) {
      words[digits.tableWords - 1] = 0;
      tableOf(tables, digits, zero + item * cots * 16, one + item * cots * 16, words);
    }
  }
}

/** One digit from its pads: those of a receiver whose digit differs by `flips` stand elsewhere. Returns the share. */
inline uint64_t answerDigit(const uint8_t* table, const uint8_t* from, const uint8_t* end, size_t position, unsigned bits,
                            unsigned payload, unsigned flips, BitWriter& writer) {
  const unsigned slots = 1u << bits;
#ifdef __AVX2__
  const __m128i lanes = _mm_set_epi64x(
      slots == 16 ? static_cast<long long>(spreadLanes(from, end, position + 8 * payload, payload)) : 0,
      static_cast<long long>(spreadLanes(from, end, position, payload)));
  const __m128i order = _mm_setr_epi8(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
  const __m128i pad = _mm_shuffle_epi8(lanes, _mm_xor_si128(order, _mm_set1_epi8(static_cast<char>(flips))));
  const __m128i signs = _mm_loadu_si128(reinterpret_cast<const __m128i*>(table));
  const __m128i base = _mm_broadcastb_epi8(_mm_sub_epi8(pad, signs));
  alignas(16) uint8_t sent[16];
  const __m128i mask = _mm_set1_epi8(static_cast<char>(lowBits(payload)));
  _mm_store_si128(reinterpret_cast<__m128i*>(sent),
                  _mm_and_si128(_mm_xor_si128(_mm_add_epi8(signs, base), pad), mask));
  const uint64_t share = static_cast<uint64_t>(_mm_cvtsi128_si32(base) & 0xff);
#else
  uint8_t lanes[16] = {}, sent[16];
  takeLanes(from, end, position, slots, payload, lanes);
  const uint8_t mask = static_cast<uint8_t>(lowBits(payload));
  const uint8_t base = static_cast<uint8_t>(lanes[flips] - table[0]);
  for (unsigned j = 0; j < 16; j++)
    sent[j] = static_cast<uint8_t>((table[j] + base) ^ lanes[(j ^ flips) & (slots - 1)]) & mask;
  const uint64_t share = base;
#endif
  putMessages(writer, sent, slots, payload);
  return -share;
}

void answerComparisons(size_t count, unsigned ringBits, const uint64_t* words, const uint8_t* corrections,
                       const uint64_t* x, uint64_t* share, uint8_t* message) {
  const SignTables<uint8_t> tables;
  const ComparisonDigits digits = comparisonDigits(ringBits);
  const unsigned cots = ringBits - 1;
  const uint8_t* correctionsEnd = corrections + (count * cots + 7) / 8;
  const uint8_t* end = reinterpret_cast<const uint8_t*>(words + count * digits.tableWords);
  BitWriter writer{message, message + comparisonMessageBytes(count, ringBits)};
  for (size_t item = 0; item < count; item++, words += digits.tableWords) {
    uint64_t low = x[item] & lowBits(cots), sum = 0;
    uint64_t flips = peekBits(corrections, correctionsEnd, item * cots, cots);
    size_t position = 0;
    for (unsigned d = 0; d < digits.count; d++) {
      const unsigned bits = digits.bits[d], payload = digits.payload[d];
      const size_t digit = low & lowBits(bits);
      const uint8_t* table = d == 0 ? tables.less[digit] : tables.sign[digit];
      sum += answerDigit(table, reinterpret_cast<const uint8_t*>(words), end, position, bits, payload,
                         static_cast<unsigned>(flips & lowBits(bits)), writer)
             << digits.shift[d];
      position += size_t{payload} << bits;
      low >>= bits;
      flips >>= bits;
    }
    share[item] = sum & lowBits(digits.count);
  }
  writer.align();
}

}  // namespace
}  // namespace cipherprune
