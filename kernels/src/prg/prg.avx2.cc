#include "chacha-modes.h"
#include "engine-aesni.h"
#include "long-rows.avx.h"

namespace cipherprune {
const PrgPath avx2PrgPath = LongRows<AesNiEngine>::path();
const ChaChaPath avx2ChaChaPath = ChaChaModes<8>::path();
}
