/** Kinds of numbers that many keys of a configuration have. */
import * as z from 'zod';

export const fraction = z.number().min(0).max(1);
export const positive = z.number().positive();
export const count = z.number().int().positive();
