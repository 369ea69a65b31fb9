// What the server makes of a weight: encryptions of its blocks of outputs (resident.h).
#include <algorithm>
#include <cstring>

#include "keys.h"
#include "resident-secret.h"
#include "src/base/fail.h"
#include "src/base/parallel.h"
#include "src/ring/ring.h"

namespace cipherprune {

void ResidentLayout::check(const RlweContext& context) const {
  const bool isSound = n == context.n && n % 16 == 0 && rank >= 1 && rank <= 16 && kIn >= 1 && n % kIn == 0 && kOut() % columns == 0 &&
                       inputs >= 1 && inputs <= 4096 && outputs >= 1 && outputs <= (1u << 20) && limbs >= 1 && limbs <= context.limbs &&
                       downLimbs >= 1 && downLimbs <= limbs && downLimbs <= 2 && ringBits >= 1 && ringBits <= 44 && aBits > ringBits &&
                       aBits <= 48 && bBits > ringBits && bBits <= 48;
  if (!isSound) fail("resident layout: numbers do not fit each other");
}

void residentSecret(const RlweContext& context, const ResidentLayout& layout, const uint8_t* secretSeed, size_t v, size_t limbs, uint32_t* out) {
  const size_t n = layout.n;
  Sampler sampler({Suite::aes, secretSeed});
  std::vector<int32_t> secret(layout.rank * n);
  sampler.seek(v);
  sampler.ternary(secret.size(), secret.data());
  for (size_t l = 0; l < limbs; l++)
    for (size_t j = 0; j < layout.rank; j++)
      secretTransform(secret.data() + j * n, context.table(l), out + (l * layout.rank + j) * n);
}

namespace {

/** Streams of a weight's secret seed. */
constexpr uint64_t zeroErrors = uint64_t{1} << 35, inputErrors = uint64_t{1} << 36;

/** The public halves of all blocks of inputs, [limb][u][rank][n]: the same for every block of outputs. */
Words publicInputs(const RlweContext& context, const ResidentLayout& layout, const uint8_t* publicSeed, size_t threads) {
  const size_t n = layout.n, blocks = layout.inputBlocks();
  Words all(layout.limbs * blocks * layout.rank * n);
  splitWork(threads, layout.limbs * blocks, [&](size_t unit, size_t) {
    ResidentPublic from(context, layout, publicSeed);
    for (size_t j = 0; j < layout.rank; j++) from.input(unit % blocks, j, unit / blocks, all.data() + (unit * layout.rank + j) * n);
  });
  return all;
}

/** Encrypts one block of outputs. */
class BlockEncryptor {
 public:
  BlockEncryptor(const RlweContext& context, const ResidentLayout& layout, const uint8_t* publicSeed, const uint8_t* secretSeed,
                 const int16_t* matrix, const Words& inputs)
      : context(context), layout(layout), publicSeed(publicSeed), secretSeed(secretSeed), matrix(matrix), inputs(inputs),
        scale(context, layout.limbs, layout.ringBits) {}

  void encrypt(size_t v, uint8_t* out) const {
    const size_t n = layout.n, rank = layout.rank, blocks = layout.inputBlocks(), residues = layout.blockResidues();
    Words secret(layout.limbs * rank * n), planes(blocks * MessageScale::terms * n), values(residues), work(2 * n);
    residentSecret(context, layout, secretSeed, v, layout.limbs, secret.data());
    std::vector<int32_t> errors(blocks * n), zeros(rank * n);
    Sampler sampler({Suite::aes, secretSeed});
    sampler.seek(zeroErrors + v);
    sampler.error(zeros.size(), zeros.data());
    for (size_t u = 0; u < blocks; u++) {
      sampler.seek(inputErrors + (static_cast<uint64_t>(v) << 12) + u);
      sampler.error(n, errors.data() + u * n);
      messageDigits(u, v, planes.data() + u * MessageScale::terms * n);
    }
    for (size_t l = 0; l < layout.limbs; l++, out += packedBytes(residues)) {
      publicKey(l, secret.data() + l * rank * n, zeros.data(), work.data(), values.data());
      for (size_t u = 0; u < blocks; u++) {
        inputBlock(l, u, secret.data() + l * rank * n, errors.data() + u * n, planes.data() + u * MessageScale::terms * n, work.data());
        toTiles(u, work.data(), context.modulus(l), values.data() + rank * n);
      }
      packResidues(values.data(), residues, out);
    }
  }

 private:
  /** W as the polynomial M of one block, its digits. */
  void messageDigits(size_t u, size_t v, uint32_t* planes) const {
    const size_t n = layout.n, kIn = layout.kIn, features = std::min(kIn, layout.inputs - u * kIn);
    const uint64_t mask = ringMaskOf(layout.ringBits);
    std::memset(planes, 0, 4 * MessageScale::terms * n);
    for (size_t o = 0; o < layout.kOut() && v * layout.kOut() + o < layout.outputs; o++)
      for (size_t c = 0; c < features; c++) {
        int64_t w = matrix[(u * kIn + c) * layout.outputs + v * layout.kOut() + o];
        if (c > o * kIn) w = -w;
        scale.digits(static_cast<uint64_t>(w) & mask, planes + exponent(o, c), n);
      }
  }

  /** Where W[c, o] stands; negated where it wraps around. */
  size_t exponent(size_t o, size_t c) const { return (o * layout.kIn + layout.n - c) % layout.n; }

  void publicKey(size_t limb, const uint32_t* secret, const int32_t* errors, uint32_t* work, uint32_t* out) const {
    const PolyLoops& loops = polyLoops();
    const NttTable& table = context.table(limb);
    const size_t n = layout.n, rank = layout.rank;
    ResidentPublic from(context, layout, publicSeed);
    Words row(rank * n);
    for (size_t j = 0; j < rank; j++, out += n) {
      for (size_t i = 0; i < rank; i++) from.zero(i, j, limb, row.data() + i * n);
      loops.dot(row.data(), n, secret, n, rank, n, table.modulus, work);
      residuesOf(errors + j * n, n, table.modulus, out);
      loops.forward(out, table);
      loops.reduce(out, n, table.modulus);
      loops.subtract(out, work, n, table.modulus, out);
    }
  }

  /** b[u, v] of one limb, as coefficients. */
  void inputBlock(size_t limb, size_t u, const uint32_t* secret, const int32_t* errors, const uint32_t* planes, uint32_t* work) const {
    const PolyLoops& loops = polyLoops();
    const NttTable& table = context.table(limb);
    const size_t n = layout.n, rank = layout.rank;
    uint32_t* product = work + n;
    uint32_t factors[MessageScale::terms];
    scale.factors(limb, factors);
    loops.combine(planes, n, factors, MessageScale::terms, 0, n, table.modulus, work);
    residuesOf(errors, n, table.modulus, product);
    loops.add(work, product, n, table.modulus, work);
    loops.dot(inputs.data() + (limb * layout.inputBlocks() + u) * rank * n, n, secret, n, rank, n, table.modulus, product);
    loops.inverse(product, table);
    loops.subtract(work, product, n, table.modulus, work);
  }

  /** The coefficients that meet feature c on the way to output o. */
  void toTiles(size_t u, const uint32_t* b, const Modulus& m, uint32_t* tiles) const {
    const size_t kIn = layout.kIn, features = std::min(kIn, layout.inputs - u * kIn);
    for (size_t o = 0; o < layout.kOut(); o++) {
      uint32_t* to = tiles + (o / columns * layout.inputs + u * kIn) * columns + o % columns;
      for (size_t c = 0; c < features; c++) {
        const uint32_t value = b[exponent(o, c)];
        to[c * columns] = c > o * kIn ? m.subtract(0, value) : value;
      }
    }
  }

  const RlweContext& context;
  const ResidentLayout& layout;
  const uint8_t *publicSeed, *secretSeed;
  const int16_t* matrix;
  const Words& inputs;
  MessageScale scale;
};

}  // namespace

void encryptResident(const RlweContext& context, const ResidentLayout& layout, const uint8_t* publicSeed, const uint8_t* secretSeed,
                     const int16_t* matrix, size_t first, size_t count, size_t threads, uint8_t* out) {
  const Words inputs = publicInputs(context, layout, publicSeed, threads);
  const BlockEncryptor encryptor(context, layout, publicSeed, secretSeed, matrix, inputs);
  splitWork(threads, count, [&](size_t v, size_t) { encryptor.encrypt(first + v, out + v * layout.blockBytes()); });
}

}  // namespace cipherprune
