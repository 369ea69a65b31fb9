#define COT_LOOPS cotLoopsAvx512
#include "cot-loops.inl"
