#include "chacha-modes.h"
#include "engine-vaes.h"
#include "long-rows.avx.h"

namespace cipherprune {
const PrgPath avx512PrgPath = LongRows<VaesEngine>::path();
const ChaChaPath avx512ChaChaPath = ChaChaModes<16>::path();
}
