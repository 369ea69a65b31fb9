// EncodeRows, for each instruction set that includes it: inside its anonymous namespace. Blocks are in registers where the compiler has 128-bit vectors.

typedef uint64_t Block __attribute__((vector_size(16)));

inline Block load(const uint8_t* p) {
  Block block;
  __builtin_memcpy(&block, p, sizeof block);
  return block;
}

inline void store(uint8_t* p, Block block) { __builtin_memcpy(p, &block, sizeof block); }

/** Where a leaf's choice stands. */
constexpr Block kClearLowest = {~uint64_t{1}, ~uint64_t{0}};

/** Two places come with one load, and are cut here: a pass of its own over all of them took a tenth of the time. */
inline void encodeRows(const uint8_t* leaves, const uint8_t* table, const uint32_t* places, uint32_t mask, uint8_t* out) {
  static_assert(kLpnWeight % 2 == 0, "places come in pairs");
  for (size_t i = 0; i < kLpnRows; i++, places += kLpnWeight) {
    Block sum = load(leaves + i * sizeof sum) & kClearLowest;
    for (int j = 0; j < kLpnWeight; j += 2) {
      uint64_t pair;
      __builtin_memcpy(&pair, places + j, sizeof pair);
      sum ^= load(table + (pair & mask) * sizeof sum);
      sum ^= load(table + (pair >> 32 & mask) * sizeof sum);
    }
    store(out + i * sizeof sum, sum);
  }
}
