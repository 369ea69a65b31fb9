#include "binding.h"
#include "suite.h"
#include "src/cot/cot-product.h"
#include "src/cot/look-up.h"

namespace cipherprune {

namespace {

LookUpPlan planOf(const Arguments& a) {
  return {static_cast<unsigned>(a.integer("indexBits", 1, lookUpMaxIndexBits)), static_cast<unsigned>(a.bits("ringBits"))};
}

double messageBytes(const Arguments& a) { return static_cast<double>(lookUpMessageBytes(a.size("items"), planOf(a))); }

Tweak tweak(const Arguments& a) { return tweakArgument(a, "tweak", "suite"); }

void send(const Arguments& a) {
  const LookUpPlan plan = planOf(a);
  const auto x = a.words("x"), table = a.words("table"), share = a.words("share");
  const auto delta = a.bytes("delta"), blocks = a.bytes("blocks"), corrections = a.bytes("corrections"), message = a.bytes("message");
  const size_t cots = x.length * plan.indexBits;
  a.expectLength("delta", delta.length, 16);
  a.expectLength("blocks", blocks.length, cots * 16);
  a.expectLength("corrections", corrections.length, (cots + 7) / 8);
  const bool isWhole = (table.length & (table.length - 1)) == 0 && table.length >> plan.indexBits > 0;
  a.expect(isWhole, "table", "a power of two of entries, at least 2^indexBits");
  a.expectLength("share", share.length, x.length);
  a.expectLength("message", message.length, lookUpMessageBytes(x.length, plan));
  lookUpSend(x.length, plan, delta.data, blocks.data, tweak(a), corrections.data, table.length, table.data, x.data,
             share.data, message.data);
}

void begin(const Arguments& a) {
  const LookUpPlan plan = planOf(a);
  const auto blocks = a.bytes("blocks"), random = a.bytes("random"), out = a.bytes("corrections");
  const auto x = a.words("x"), share = a.words("share");
  const size_t cots = x.length * plan.indexBits;
  a.expectLength("blocks", blocks.length, cots * 16);
  a.expectLength("random", random.length, cots);
  a.expectLength("share", share.length, x.length);
  a.expectLength("corrections", out.length, (cots + 7) / 8);
  cotCorrections(x.data, x.length, plan.indexBits, false, random.data, out.data);
  lookUpBegin(x.length, plan, blocks.data, tweak(a), x.data, share.data);
}

void finish(const Arguments& a) {
  const LookUpPlan plan = planOf(a);
  const auto x = a.words("x"), share = a.words("share");
  const auto message = a.bytes("message");
  a.expectLength("share", share.length, x.length);
  a.expectLength("message", message.length, lookUpMessageBytes(x.length, plan));
  lookUpFinish(x.length, plan, x.data, message.data, share.data);
}

void plain(const Arguments& a) {
  const auto x = a.words("x"), table = a.words("table"), out = a.words("out");
  a.expect(table.length > 0 && (table.length & (table.length - 1)) == 0, "table", "a power of two of entries");
  a.expectLength("out", out.length, x.length);
  lookUpPlain(x.length, table.length, table.data, x.data, out.data);
}

}  // namespace

void addLookUp(Bindings& bindings) {
  bindings.add<messageBytes>("lookUpMessageBytes");
  bindings.add<send>("lookUpSend");
  bindings.add<begin>("lookUpBegin");
  bindings.add<finish>("lookUpFinish");
  bindings.add<plain>("lookUpPlain");
}

}  // namespace cipherprune
