// Run under valgrind: secrets are declared undefined, so that every branch and address that depends on one is an error (Langley's
// ctgrind). Portable code only, which is what compilers could turn into branches; scripts/constant-time.mjs builds and runs it.
// With an argument it also does what must be found.
#include <valgrind/memcheck.h>

#include <cstdio>
#include <vector>

#include "src/cot/comparison.h"
#include "src/prg/prg.h"
#include "src/rlwe/packed-linear.h"
#include "src/rlwe/resident.h"
#include "src/rlwe/sampler.h"

using namespace cipherprune;

namespace {

template <class T>
void poison(std::vector<T>& secret) {
  VALGRIND_MAKE_MEM_UNDEFINED(secret.data(), secret.size() * sizeof(T));
}

/** The results of secrets are secrets: nobody looks at them, but the compiler must believe so. */
template <class T>
void keep(const std::vector<T>& result) {
  asm volatile("" : : "r"(result.data()) : "memory");
}

void symmetric() {
  std::vector<uint8_t> key(16, 1), in(16 * 40, 2), delta(16, 3), out(16 * 40), ones(16 * 40), expanded(16 * 40 * 3);
  for (auto* secret : {&key, &in, &delta}) poison(*secret);
  AesKey schedule;
  aesSetKey(&schedule, key.data());
  aesEncrypt(schedule, in.data(), out.data(), 40);
  prgFill(schedule, 5, out.data(), 37);
  std::vector<uint8_t> children(16 * 80);
  for (const Suite suite : {Suite::aes, Suite::chacha}) {
    prgFill(PrgKey(suite, key.data()), 5, out.data(), 37);
    hashBlocks(in.data(), out.data(), 40, {suite, 4090});
    hashPairs(in.data(), delta.data(), out.data(), ones.data(), 40, {suite, 4090});
    expandBlocks(in.data(), expanded.data(), 40, 3, {suite, 4090});
    ggmDouble(suite, in.data(), children.data(), 40);
    correlatedDouble(suite, in.data(), children.data(), 40);
  }
  keep(out);
  keep(ones);
  keep(expanded);
  keep(children);
}

void sampling(Suite suite) {
  std::vector<uint8_t> seed(seedBytes, 4);
  poison(seed);
  Sampler sampler({suite, seed.data()});
  std::vector<int32_t> secret(8192), error(8192);
  sampler.ternary(secret.size(), secret.data());
  sampler.error(error.size(), error.data());
  keep(secret);
  keep(error);
}

/**
 * Leaves of comparisons: blocks, delta and the pads from them. Not the numbers compared: their digits choose rows of a small table and
 * places in a message, which docs/threat-model.md lists.
 */
void comparing() {
  const size_t count = 300;
  const unsigned ringBits = 13, cots = ringBits - 1;
  const ComparisonDigits digits = comparisonDigits(ringBits);
  std::vector<uint8_t> blocks(16 * count * cots, 5), delta(16, 9), corrections((count * cots + 7) / 8, 0xa5);
  std::vector<uint8_t> message(comparisonMessageBytes(count, ringBits));
  std::vector<uint64_t> x(count), share(count), pads(count * digits.padWords), tables(count * digits.tableWords);
  for (size_t i = 0; i < count; i++) x[i] = 0x9e3779b97f4a7c15u * i;
  for (auto* secret : {&blocks, &delta}) poison(*secret);
  const Tweak tweak{Suite::aes, 0};
  comparisonSend(count, ringBits, delta.data(), blocks.data(), tweak, corrections.data(), x.data(), share.data(), message.data());
  comparisonTables(count, ringBits, delta.data(), blocks.data(), tweak, tables.data());
  comparisonAnswer(count, ringBits, tables.data(), corrections.data(), x.data(), share.data(), message.data());
  comparisonBegin(count, ringBits, blocks.data(), tweak, x.data(), pads.data());
  comparisonFinish(count, ringBits, x.data(), message.data(), pads.data(), share.data());
  keep(share);
  keep(message);
}

const RlweContext& smallRing() {
  return rlweContext(256, {67104769, 67090433, 67087873, 67086337, 67084289, 67082753, 67072513, 67070977});
}

/** Under a secret key: phases and their noise are secrets, what came from the peer is not. Both forms in which that comes. */
void decrypting() {
  const RlweContext& context = smallRing();
  std::vector<int32_t> secret(context.n);
  for (size_t i = 0; i < secret.size(); i++) secret[i] = static_cast<int32_t>(i * 7 % 3) - 1;
  poison(secret);
  for (const int fractionBits : {0, 40}) {
    const PackedLayout layout{context.n, 1, 3, 4, 32, 60, 4, 16, 3, 2, 20, fractionBits, fractionBits};
    layout.check(context);
    std::vector<uint8_t> bytes(layout.outputABytes() + layout.outputBBytes(), 0x3b);
    std::vector<uint64_t> out(layout.rows * layout.outputs), noise(1);
    if (decryptPacked(context, layout, secret.data(), bytes.data(), 1, out.data(), {0, layout.outputs, 1}, noise.data()) != 0)
      std::puts("residues were not below their primes");
    keep(out);
    keep(noise);
  }
}

/** Of rows for weights that stay at a client, under secrets from a seed. */
void decryptingRows() {
  const RlweContext& context = smallRing();
  const size_t rows = 5;
  const ResidentLayout layout{context.n, 2, 40, 80, 8, 3, 2, 20, 40, 40};
  layout.check(context);
  std::vector<uint8_t> seed(seedBytes, 6), bytes(layout.messageBytes(rows), 0x3b);
  poison(seed);
  std::vector<uint32_t> halves(rows * layout.downLimbs * layout.rank * layout.n);
  residentHalves(context, layout, bytes.data(), rows, 1, halves.data());
  std::vector<uint64_t> out(rows * layout.outputs), noise(1);
  decryptResident(context, layout, seed.data(), halves.data(), bytes.data() + rows * layout.aBytes(), rows, 0, layout.outputBlocks(), 1, out.data(),
                  noise.data());
  keep(out);
  keep(noise);
}

void leak() {
  std::vector<uint8_t> secret(16, 7);
  poison(secret);
  if (secret[3] > 5) std::puts("a secret was looked at");
}

}  // namespace

int main(int argc, char**) {
  symmetric();
  for (const Suite suite : {Suite::aes, Suite::chacha}) sampling(suite);
  comparing();
  decrypting();
  decryptingRows();
  if (argc > 1) leak();
  return 0;
}
