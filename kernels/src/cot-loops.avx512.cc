#define COT_LOOPS cotLoopsAvx512
#include "src/cot-loops.inl"
