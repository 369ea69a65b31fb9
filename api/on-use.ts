/** Modules are loaded when they are used: a client needs no training, and training needs packages that a client may lack. */
import { withMissingPackageNamed } from '../util/errors.js';

/** Imports; a package that is not installed is named. */
export async function onUse<T>(load: () => Promise<T>): Promise<T> {
  try {
    return await load();
  } catch (error) {
    throw withMissingPackageNamed(error);
  }
}
