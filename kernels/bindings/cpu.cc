#include "src/base/cpu.h"

#include "binding.h"

namespace cipherprune {

namespace {

double detected(const Arguments&) { return static_cast<int>(detectedIsa()); }
bool bfloat16(const Arguments&) { return hasBfloat16(); }
void limit(const Arguments& a) { limitIsa(static_cast<Isa>(a.integer(0, 0, 2))); }

}  // namespace

void addCpu(Bindings& bindings) {
  bindings.add<detected>("detectedIsa");
  bindings.add<bfloat16>("hasBfloat16");
  bindings.add<limit>("limitIsa");
}

}  // namespace cipherprune
