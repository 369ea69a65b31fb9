#include "src/prg/engine-vaes.h"
#include "src/prg/modes.h"

namespace cipherprune {
const PrgPath avx512PrgPath = PrgModes<VaesEngine>::path();
}
