#include "binding.h"
#include "suite.h"
#include "src/cot/comparison.h"
#include "src/cot/cot-product.h"
#include "src/cot/selected-rows.h"

namespace cipherprune {

namespace {

Tweak tweak(const Arguments& a) { return tweakArgument(a, "tweak", "suite"); }

/** Of a COT's pads: each has tweaks of its own. */
Tweak tweakOfPad(const Arguments& a) {
  return tweak(a) + (static_cast<uint64_t>(a.integer("pad", 0, 1023)) << 54);
}

CotProductPlan productPlan(const Arguments& a, size_t items) {
  const unsigned ringBits = static_cast<unsigned>(a.bits("ringBits"));
  return {items, static_cast<unsigned>(a.integer("bits", 1, ringBits)), ringBits,
          a.size("width", 1, int64_t{1} << 32), a.flag("signed"),
          a.isAbsent("dropped") ? 0 : static_cast<unsigned>(a.integer("dropped", 0, 64))};
}

double productCoarseBits(const Arguments& a) { return coarseBits(productPlan(a, 0)); }

double productMessageBytes(const Arguments& a) {
  return static_cast<double>(cotProductMessageBytes(productPlan(a, a.size("items"))));
}

void productSend(const Arguments& a) {
  const auto x = a.words("x"), top = a.words("top"), share = a.words("share");
  const auto delta = a.bytes("delta"), blocks = a.bytes("blocks"), corrections = a.bytes("corrections"), message = a.bytes("message");
  const size_t width = a.size("width", 1, int64_t{1} << 32);
  a.expect(x.length % width == 0, "x", "whole rows");
  const CotProductPlan plan = productPlan(a, x.length / width);
  const size_t cots = plan.items * plan.bits;
  a.expectLength("delta", delta.length, 16);
  a.expectLength("blocks", blocks.length, cots * 16);
  a.expectLength("corrections", corrections.length, (cots + 7) / 8);
  a.expectLength("top", top.length, x.length);
  a.expectLength("share", share.length, x.length);
  a.expectLength("message", message.length, cotProductMessageBytes(plan));
  cotProductSend(plan, delta.data, blocks.data, tweak(a), corrections.data, x.data, top.data, share.data,
                 message.data);
}

void productBegin(const Arguments& a) {
  const auto blocks = a.bytes("blocks"), random = a.bytes("random"), out = a.bytes("corrections");
  const auto y = a.words("y"), share = a.words("share");
  const CotProductPlan plan = productPlan(a, y.length);
  const size_t cots = plan.items * plan.bits;
  a.expectLength("blocks", blocks.length, cots * 16);
  a.expectLength("random", random.length, cots);
  a.expectLength("share", share.length, plan.items * plan.width);
  if (out.length > 0) a.expectLength("corrections", out.length, (cots + 7) / 8);
  cotProductBegin(plan, blocks.data, tweak(a), random.data, y.data, share.data, out.length > 0 ? out.data : nullptr);
}

void productFinish(const Arguments& a) {
  const auto y = a.words("y"), share = a.words("share");
  const auto message = a.bytes("message");
  const CotProductPlan plan = productPlan(a, y.length);
  a.expectLength("message", message.length, cotProductMessageBytes(plan));
  a.expectLength("share", share.length, plan.items * plan.width);
  cotProductFinish(plan, y.data, message.data, share.data);
}

void productOwn(const Arguments& a) {
  const auto y = a.words("y"), x = a.words("x"), product = a.words("product");
  const CotProductPlan plan = productPlan(a, y.length);
  a.expectLength("x", x.length, plan.items * plan.width);
  a.expectLength("product", product.length, x.length);
  cotProductOwn(plan, y.data, x.data, product.data);
}

double padWords(const Arguments& a) { return comparisonDigits(static_cast<unsigned>(a.integer(0, 2, 64))).padWords; }

double padBits(const Arguments& a) { return comparisonDigits(static_cast<unsigned>(a.integer(0, 2, 64))).padBits; }

double tableWords(const Arguments& a) { return comparisonDigits(static_cast<unsigned>(a.integer(0, 2, 33))).tableWords; }

double digitCount(const Arguments& a) { return comparisonDigits(static_cast<unsigned>(a.integer(0, 2, 64))).count; }

double comparisonBytes(const Arguments& a) {
  return static_cast<double>(comparisonMessageBytes(a.size(0), static_cast<unsigned>(a.integer(1, 2, 64))));
}

void compareSend(const Arguments& a) {
  const auto x = a.words("x"), share = a.words("share");
  const auto delta = a.bytes("delta"), blocks = a.bytes("blocks"), corrections = a.bytes("corrections"), message = a.bytes("message");
  const unsigned ringBits = static_cast<unsigned>(a.integer("ringBits", 2, 64));
  const size_t cots = x.length * (ringBits - 1);
  a.expectLength("delta", delta.length, 16);
  a.expectLength("blocks", blocks.length, cots * 16);
  a.expectLength("corrections", corrections.length, (cots + 7) / 8);
  a.expectLength("share", share.length, x.length);
  a.expectLength("message", message.length, comparisonMessageBytes(x.length, ringBits));
  comparisonSend(x.length, ringBits, delta.data, blocks.data, tweakOfPad(a), corrections.data, x.data, share.data,
                 message.data);
}

void compareBegin(const Arguments& a) {
  const auto blocks = a.bytes("blocks"), random = a.bytes("random"), out = a.bytes("corrections");
  const auto x = a.words("x"), pads = a.words("pads");
  const unsigned ringBits = static_cast<unsigned>(a.integer("ringBits", 2, 64));
  const size_t cots = x.length * (ringBits - 1);
  a.expectLength("blocks", blocks.length, cots * 16);
  a.expectLength("random", random.length, cots);
  a.expectLength("pads", pads.length, x.length * comparisonDigits(ringBits).padWords);
  a.expectLength("corrections", out.length, (cots + 7) / 8);
  cotCorrections(x.data, x.length, ringBits - 1, true, random.data, out.data);
  comparisonBegin(x.length, ringBits, blocks.data, tweakOfPad(a), x.data, pads.data);
}

void compareTables(const Arguments& a) {
  const auto delta = a.bytes("delta"), blocks = a.bytes("blocks");
  const auto tables = a.words("tables");
  const unsigned ringBits = static_cast<unsigned>(a.integer("ringBits", 2, 33));
  const unsigned words = comparisonDigits(ringBits).tableWords;
  a.expect(tables.length % words == 0, "tables", "whole tables");
  const size_t count = tables.length / words;
  a.expectLength("delta", delta.length, 16);
  a.expectLength("blocks", blocks.length, count * (ringBits - 1) * 16);
  comparisonTables(count, ringBits, delta.data, blocks.data, tweakOfPad(a), tables.data);
}

void compareAnswer(const Arguments& a) {
  const auto tables = a.words("tables"), x = a.words("x"), share = a.words("share");
  const auto corrections = a.bytes("corrections"), message = a.bytes("message");
  const unsigned ringBits = static_cast<unsigned>(a.integer("ringBits", 2, 33));
  a.expectLength("tables", tables.length, x.length * comparisonDigits(ringBits).tableWords);
  a.expectLength("corrections", corrections.length, (x.length * (ringBits - 1) + 7) / 8);
  a.expectLength("share", share.length, x.length);
  a.expectLength("message", message.length, comparisonMessageBytes(x.length, ringBits));
  comparisonAnswer(x.length, ringBits, tables.data, corrections.data, x.data, share.data, message.data);
}

void compareFinish(const Arguments& a) {
  const auto x = a.words("x"), pads = a.words("pads"), share = a.words("share");
  const auto message = a.bytes("message");
  const unsigned ringBits = static_cast<unsigned>(a.integer("ringBits", 2, 64));
  a.expectLength("message", message.length, comparisonMessageBytes(x.length, ringBits));
  a.expectLength("pads", pads.length, x.length * comparisonDigits(ringBits).padWords);
  a.expectLength("share", share.length, x.length);
  comparisonFinish(x.length, ringBits, x.data, message.data, pads.data, share.data);
}

/** Of `words` words in whole rows with `numbers` numbers, and how many these are. */
std::pair<RowPlan, size_t> rowsOf(const Arguments& a, size_t words, size_t numbers) {
  const size_t width = a.size("width", 1, int64_t{1} << 32);
  a.expect(words % width == 0, "share", "whole rows");
  const int numberBits = static_cast<int>(a.integer("numberBits", 0, 64));
  const size_t count = words / width;
  a.expectLength("numbers", numbers, numberBits > 0 ? count : 0);
  return {{width, static_cast<int>(a.integer("bits", width == 1 ? 1 : 64, 64)), numberBits}, count};
}

void rowsSend(const Arguments& a) {
  const auto x = a.words("x"), y = a.words("y"), share = a.words("share"), numbers = a.words("numbers");
  const auto delta = a.bytes("delta"), blocks = a.bytes("blocks"), message = a.bytes("message");
  const auto [plan, count] = rowsOf(a, share.length, numbers.length);
  a.expectLength("delta", delta.length, 16);
  a.expectLength("blocks", blocks.length, count * 16);
  a.expectLength("x", x.length, share.length);
  a.expectLength("y", y.length, numbers.length);
  a.expectLength("message", message.length, selectedRowsMessageBytes(count, plan));
  selectedRowsSend(count, plan, delta.data, blocks.data, tweak(a), x.data, y.data, share.data, numbers.data, message.data);
}

void rowsBegin(const Arguments& a) {
  const auto share = a.words("share"), numbers = a.words("numbers");
  const auto blocks = a.bytes("blocks");
  const auto [plan, count] = rowsOf(a, share.length, numbers.length);
  a.expectLength("blocks", blocks.length, count * 16);
  selectedRowsBegin(count, plan, blocks.data, tweak(a), share.data, numbers.data);
}

}  // namespace

void addCot(Bindings& bindings) {
  bindings.add<productMessageBytes>("cotProductMessageBytes");
  bindings.add<rowsSend>("selectedRowsSend");
  bindings.add<rowsBegin>("selectedRowsBegin");
  bindings.add<productSend>("cotProductSend");
  bindings.add<productBegin>("cotProductBegin");
  bindings.add<productFinish>("cotProductFinish");
  bindings.add<productOwn>("cotProductOwn");
  bindings.add<productCoarseBits>("cotProductCoarseBits");
  bindings.add<digitCount>("comparisonDigits");
  bindings.add<comparisonBytes>("comparisonMessageBytes");
  bindings.add<compareSend>("comparisonSend");
  bindings.add<compareBegin>("comparisonBegin");
  bindings.add<compareFinish>("comparisonFinish");
  bindings.add<padWords>("comparisonPadWords");
  bindings.add<padBits>("comparisonPadBits");
  bindings.add<tableWords>("comparisonTableWords");
  bindings.add<compareTables>("comparisonTables");
  bindings.add<compareAnswer>("comparisonAnswer");
}

}  // namespace cipherprune
