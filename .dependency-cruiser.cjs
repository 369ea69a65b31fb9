/** Layers point one way; see docs/concepts/architecture.md. */
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
    never('cli-is-imported-by-nobody', '^(?!cli/|test/)', '^cli/'),
    never('tests-are-imported-by-nobody', '^(?!test/)', '^test/'),
    never('browser-is-imported-by-nobody', '^(?!browser/|test/)', '^browser/'),
    never(
      'experiments-are-below-the-command-line-only',
      '^(?!cli/|experiments/|test/|index\\.ts)',
      '^experiments/',
    ),
    never(
      'model-is-pure',
      '^model/',
      '^(training|inference|cli|experiments|bench|kernels|data|config)/|node_modules/@tensorflow|^(net|tls)$',
    ),
    never('util-is-below-everything', '^util/', '^(?!util/|node_modules/|fs/)[a-z]+/'),
    never(
      'config-is-below',
      '^config/',
      '^(training|inference|cli|experiments|bench|kernels|data|model/(?!task\\.ts))/',
    ),
    never('data-is-below', '^data/', '^(training|inference|cli|experiments|bench)/'),
    never('core-is-below-everything', '^inference/core/', '^inference/(?!core/)'),
    never(
      'engine-and-functions-see-only-the-seam',
      '^inference/(engine|functions)/',
      '^inference/(backends/(?!backend\\.ts)|net|crypto|run|session|client|server|material|cost|debug)|^kernels/',
    ),
    never('functions-know-no-method', '^inference/functions/', '^(methods|inference/engine)/'),
    never(
      'methods-see-only-the-seam',
      '^methods/',
      '^inference/(?!backends/backend\\.ts|core/|functions/)|^(training|data|config|cli|experiments|bench|kernels)/|node_modules/',
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
    never(
      'backends-know-no-engine',
      '^inference/backends/',
      '^inference/(engine|functions|run|client|server|cost|debug)/',
    ),
    never(
      'crypto-is-below-backends',
      '^inference/crypto/',
      '^inference/(backends|functions|engine|run|client|server|material|cost|debug)/',
    ),
    never(
      'net-is-below-session',
      '^inference/net/',
      '^inference/(session|crypto|backends|functions|engine|run|client|server|material|cost|debug)/',
    ),
    never('a-method-is-known-by-its-list', '^(?!methods/|test/)', '^methods/(?!cipherprune/|parts/)[^/]+/'),
    never(
      'a-family-is-known-by-its-list',
      '^(?!model/families/|test/)',
      '^model/families/(?!index|family|configuration)',
    ),
    never('the-library-is-below-commands-and-experiments', '^api/', '^(experiments|bench)/'),
    never('client-and-server-are-separate', '^inference/client/', '^inference/server/'),
    never('server-and-client-are-separate', '^inference/server/', '^inference/client/'),
    {
      // What a browser's client loads needs nothing of Node. Named here: the halves of conditional modules that are Node's, and doors that
      // the browser's client (api/browser) does not go through.
      name: 'browser-safe',
      severity: 'error',
      from: {
        path: '^((browser|methods|inference/(core|engine|functions|backends|crypto|net|client|session))/|inference/three-party/(client-backend|greet-nodes|messages|nodes-client|report)\\.ts)',
        pathNot:
          '^inference/(core/context/node|crypto/ot/base-ot-(worker|thread)|net/(listen|tcp-channel|tls)|client/(known-servers|public-cache|client-pool|resident-(store|owners)))\\.ts$',
      },
      to: { dependencyTypes: ['core'] },
    },
    never(
      'material-knows-no-backend',
      '^inference/material/',
      '^inference/(backends|functions|engine|run|client|server|cost|debug|net|session)/',
    ),
    never('kernels-know-nothing', '^kernels/', '^(training|inference|cli|experiments|bench|data|model)/'),
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
