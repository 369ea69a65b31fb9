#include "binding.h"

namespace cipherprune {

const Bindings& allBindings() {
  static const Bindings bindings = [] {
    Bindings list;
    for (const auto add : {addCpu, addNtt, addRlwe, addResident, addPrg, addOt, addFerret, addFloat, addRing, addSeedMatrix, addCot, addLookUp, addRunningHash, addCarry, addUnitVectors}) add(list);
    return list;
  }();
  return bindings;
}

}  // namespace cipherprune
