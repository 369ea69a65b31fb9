#include "src/prg/engine-aesni.h"
#include "src/prg/modes.h"

namespace cipherprune {
const PrgPath avx2PrgPath = PrgModes<AesNiEngine>::path();
}
