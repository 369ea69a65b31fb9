#include "arguments.h"
#include "module.h"
#include "src/cot/comparison.h"
#include "src/cot/cot-product.h"

namespace cipherprune {

namespace {

uint64_t tweak(const Arguments& a, size_t index) { return static_cast<uint64_t>(a.integer(index, 0, int64_t{1} << 53)); }

/** Of a COT's pads: each has tweaks of its own. */
uint64_t tweakOfPad(const Arguments& a, size_t index, size_t padIndex) {
  return tweak(a, index) | static_cast<uint64_t>(a.integer(padIndex, 0, 1023)) << 54;
}

/** Arguments index to index + 3 and 4: bits, ringBits, width, signed (0 or 1). */
CotProductPlan productPlan(const Arguments& a, size_t index, size_t items) {
  const unsigned ringBits = static_cast<unsigned>(a.bits(index + 1));
  return {items, static_cast<unsigned>(a.integer(index, 1, ringBits)), ringBits,
          static_cast<size_t>(a.integer(index + 2, 1, int64_t{1} << 32)), a.integer(index + 3, 0, 1) == 1};
}

double productMessageBytes(const Arguments& a) {
  return static_cast<double>(cotProductMessageBytes(productPlan(a, 1, a.size(0))));
}

void productSend(const Arguments& a) {
  const auto x = a.words(4), top = a.words(5), share = a.words(10);
  const auto delta = a.bytes(0), blocks = a.bytes(1), corrections = a.bytes(3), message = a.bytes(11);
  const size_t width = static_cast<size_t>(a.integer(8, 1, int64_t{1} << 32));
  a.expect(x.length % width == 0, 4, "whole rows");
  const CotProductPlan plan = productPlan(a, 6, x.length / width);
  const size_t cots = plan.items * plan.bits;
  a.expectLength(0, delta.length, 16);
  a.expectLength(1, blocks.length, cots * 16);
  a.expectLength(3, corrections.length, (cots + 7) / 8);
  a.expectLength(5, top.length, x.length);
  a.expectLength(10, share.length, x.length);
  a.expectLength(11, message.length, cotProductMessageBytes(plan));
  cotProductSend(plan, delta.data, blocks.data, tweak(a, 2), corrections.data, x.data, top.data, share.data,
                 message.data);
}

void productBegin(const Arguments& a) {
  const auto blocks = a.bytes(0), random = a.bytes(2), out = a.bytes(9);
  const auto y = a.words(3), share = a.words(8);
  const CotProductPlan plan = productPlan(a, 4, y.length);
  const size_t cots = plan.items * plan.bits;
  a.expectLength(0, blocks.length, cots * 16);
  a.expectLength(2, random.length, cots);
  a.expectLength(8, share.length, plan.items * plan.width);
  a.expectLength(9, out.length, (cots + 7) / 8);
  cotProductBegin(plan, blocks.data, tweak(a, 1), random.data, y.data, share.data, out.data);
}

void productFinish(const Arguments& a) {
  const auto y = a.words(0), share = a.words(6);
  const auto message = a.bytes(1);
  const CotProductPlan plan = productPlan(a, 2, y.length);
  a.expectLength(1, message.length, cotProductMessageBytes(plan));
  a.expectLength(6, share.length, plan.items * plan.width);
  cotProductFinish(plan, y.data, message.data, share.data);
}

double padWords(const Arguments& a) { return comparisonDigits(static_cast<unsigned>(a.integer(0, 2, 64))).padWords; }

double padBits(const Arguments& a) { return comparisonDigits(static_cast<unsigned>(a.integer(0, 2, 64))).padBits; }

double tableWords(const Arguments& a) { return comparisonDigits(static_cast<unsigned>(a.integer(0, 2, 33))).tableWords; }

double digitCount(const Arguments& a) { return comparisonDigits(static_cast<unsigned>(a.integer(0, 2, 64))).count; }

double comparisonBytes(const Arguments& a) {
  return static_cast<double>(comparisonMessageBytes(a.size(0), static_cast<unsigned>(a.integer(1, 2, 64))));
}

void compareSend(const Arguments& a) {
  const auto x = a.words(4), share = a.words(6);
  const auto delta = a.bytes(0), blocks = a.bytes(1), corrections = a.bytes(3), message = a.bytes(7);
  const unsigned ringBits = static_cast<unsigned>(a.integer(5, 2, 64));
  const size_t cots = x.length * (ringBits - 1);
  a.expectLength(0, delta.length, 16);
  a.expectLength(1, blocks.length, cots * 16);
  a.expectLength(3, corrections.length, (cots + 7) / 8);
  a.expectLength(6, share.length, x.length);
  a.expectLength(7, message.length, comparisonMessageBytes(x.length, ringBits));
  comparisonSend(x.length, ringBits, delta.data, blocks.data, tweakOfPad(a, 2, 8), corrections.data, x.data, share.data,
                 message.data);
}

void compareBegin(const Arguments& a) {
  const auto blocks = a.bytes(0), random = a.bytes(2), out = a.bytes(6);
  const auto x = a.words(3), pads = a.words(5);
  const unsigned ringBits = static_cast<unsigned>(a.integer(4, 2, 64));
  const size_t cots = x.length * (ringBits - 1);
  a.expectLength(0, blocks.length, cots * 16);
  a.expectLength(2, random.length, cots);
  a.expectLength(5, pads.length, x.length * comparisonDigits(ringBits).padWords);
  a.expectLength(6, out.length, (cots + 7) / 8);
  cotCorrections(x.data, x.length, ringBits - 1, true, random.data, out.data);
  comparisonBegin(x.length, ringBits, blocks.data, tweakOfPad(a, 1, 7), x.data, pads.data);
}

void compareTables(const Arguments& a) {
  const auto delta = a.bytes(0), blocks = a.bytes(1);
  const auto tables = a.words(4);
  const unsigned ringBits = static_cast<unsigned>(a.integer(3, 2, 33));
  const unsigned words = comparisonDigits(ringBits).tableWords;
  a.expect(tables.length % words == 0, 4, "whole tables");
  const size_t count = tables.length / words;
  a.expectLength(0, delta.length, 16);
  a.expectLength(1, blocks.length, count * (ringBits - 1) * 16);
  comparisonTables(count, ringBits, delta.data, blocks.data, tweakOfPad(a, 2, 5), tables.data);
}

void compareAnswer(const Arguments& a) {
  const auto tables = a.words(0), x = a.words(2), share = a.words(4);
  const auto corrections = a.bytes(1), message = a.bytes(5);
  const unsigned ringBits = static_cast<unsigned>(a.integer(3, 2, 33));
  a.expectLength(0, tables.length, x.length * comparisonDigits(ringBits).tableWords);
  a.expectLength(1, corrections.length, (x.length * (ringBits - 1) + 7) / 8);
  a.expectLength(4, share.length, x.length);
  a.expectLength(5, message.length, comparisonMessageBytes(x.length, ringBits));
  comparisonAnswer(x.length, ringBits, tables.data, corrections.data, x.data, share.data, message.data);
}

void compareFinish(const Arguments& a) {
  const auto x = a.words(0), pads = a.words(3), share = a.words(4);
  const auto message = a.bytes(1);
  const unsigned ringBits = static_cast<unsigned>(a.integer(2, 2, 64));
  a.expectLength(1, message.length, comparisonMessageBytes(x.length, ringBits));
  a.expectLength(3, pads.length, x.length * comparisonDigits(ringBits).padWords);
  a.expectLength(4, share.length, x.length);
  comparisonFinish(x.length, ringBits, x.data, message.data, pads.data, share.data);
}

}  // namespace

void registerLeaf(Napi::Env env, Napi::Object exports) {
  exportNumber<productMessageBytes>(env, exports, "cotProductMessageBytes");
  exportVoid<productSend>(env, exports, "cotProductSend");
  exportVoid<productBegin>(env, exports, "cotProductBegin");
  exportVoid<productFinish>(env, exports, "cotProductFinish");
  exportNumber<digitCount>(env, exports, "comparisonDigits");
  exportNumber<comparisonBytes>(env, exports, "comparisonMessageBytes");
  exportVoid<compareSend>(env, exports, "comparisonSend");
  exportVoid<compareBegin>(env, exports, "comparisonBegin");
  exportVoid<compareFinish>(env, exports, "comparisonFinish");
  exportNumber<padWords>(env, exports, "comparisonPadWords");
  exportNumber<padBits>(env, exports, "comparisonPadBits");
  exportNumber<tableWords>(env, exports, "comparisonTableWords");
  exportVoid<compareTables>(env, exports, "comparisonTables");
  exportVoid<compareAnswer>(env, exports, "comparisonAnswer");
}

}  // namespace cipherprune
