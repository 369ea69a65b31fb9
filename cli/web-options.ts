/** Options of ports for browsers that commands share. */
export const webOriginOption = {
  type: 'string',
  array: true,
  describe:
    'Origin of pages elsewhere, or of a proxy, that may connect there: https://example.org; may be repeated',
  requiresArg: true,
} as const;
