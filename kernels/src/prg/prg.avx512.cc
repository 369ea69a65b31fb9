#include "engine-vaes.h"
#include "long-rows.avx.h"

namespace cipherprune {
const PrgPath avx512PrgPath = LongRows<VaesEngine>::path();
}
