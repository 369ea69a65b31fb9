/** No browser serves anybody: nothing needs a thread there. */
export { baseOtMath as serverBaseOtMath } from './base-ot-math.js';
