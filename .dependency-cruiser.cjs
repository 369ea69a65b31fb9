/** Layers point one way; see docs/architecture.md. */
const never = (name, from, to) => ({ name, severity: 'error', from: { path: from }, to: { path: to } });
module.exports = {
  forbidden: [
    {
      name: 'no-cycles',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    never('training-and-inference-meet-only-in-the-artifact', '^training/', '^inference/'),
    never('inference-never-imports-training', '^inference/', '^training/'),
    never(
      'model-is-pure',
      '^model/',
      '^(training|inference|cli|bench|kernels|data|configs)/|node_modules/@tensorflow|^(net|tls)$',
    ),
    never('configs-are-below', '^configs/', '^(training|inference|cli|bench|kernels|data|model)/'),
    never('data-is-below', '^data/', '^(training|inference|cli|bench)/'),
    never(
      'engine-and-functions-see-only-the-seam',
      '^inference/(engine|functions)/',
      '^inference/(backends/(?!backend\\.ts)|net|crypto|run|session)|^kernels/',
    ),
    never(
      'two-and-three-party-are-separate',
      '^inference/backends/two-party/',
      '^inference/backends/three-party/',
    ),
    never(
      'three-and-two-party-are-separate',
      '^inference/backends/three-party/',
      '^inference/backends/two-party/',
    ),
    never('crypto-is-below-backends', '^inference/crypto/', '^inference/(backends|functions|engine|run)/'),
    never(
      'net-is-below-session',
      '^inference/net/',
      '^inference/(session|crypto|backends|functions|engine|run)/',
    ),
    never('kernels-know-nothing', '^kernels/', '^(training|inference|cli|bench|data|model)/'),
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default', 'types'],
      extensions: ['.ts', '.js', '.json'],
    },
  },
};
