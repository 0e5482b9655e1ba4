/** The rings, as programs. Each rule says what to do instead, to whoever it stops. */
module.exports = {
  forbidden: [
    {
      name: 'core-imports-only-core',
      comment:
        'The core is a pure function: no npm package, no node builtin, no other ring. Take what you need as a parameter (a type in core, an implementation in an adapter).',
      severity: 'error',
      from: { path: '^src/core/' },
      to: { pathNot: '^src/core/' },
    },
    {
      name: 'ports-import-only-core',
      comment: 'A port is a type. It may name core types and nothing else.',
      severity: 'error',
      from: { path: '^src/ports/' },
      to: { pathNot: '^src/(core|ports)/' },
    },
    {
      name: 'runtime-imports-core-and-ports',
      comment: 'The runtime knows the world only through ports: pass the adapter in.',
      severity: 'error',
      from: { path: '^src/runtime/' },
      to: { pathNot: '^src/(core|ports|runtime)/' },
    },
    {
      name: 'adapters-import-core-ports-and-one-vendor',
      comment: 'An adapter implements ports. It never imports the runtime, the app or the command line.',
      severity: 'error',
      from: { path: '^src/adapters/' },
      to: { path: '^src/(runtime|app|cli)/' },
    },
    {
      name: 'an-adapter-never-imports-another',
      comment: 'One vendor, one folder: what two adapters share belongs in core or ports.',
      severity: 'error',
      from: { path: '^src/adapters/([^/]+)/' },
      to: { path: '^src/adapters/', pathNot: '^src/adapters/$1/' },
    },
    {
      name: 'nest-only-in-app',
      comment: 'NestJS is the API, not the engine: keep it in src/app.',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/app/' },
      to: { path: 'node_modules/@nestjs' },
    },
    {
      name: 'cli-is-the-top',
      comment: 'Nothing imports the command line.',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/cli/' },
      to: { path: '^src/cli/' },
    },
    {
      name: 'no-cycles',
      comment: 'Two files that need each other are one file, or a third is missing.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'src-never-imports-test',
      comment: 'Production code does not know its tests.',
      severity: 'error',
      from: { path: '^src/' },
      to: { path: '^test/' },
    },
    {
      name: 'resolvable',
      comment: 'An import must resolve.',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
  ],
  options: {
    // The generated file is a bundle that brings its own `require`: it is an import like any other, what it says inside is not.
    doNotFollow: { path: ['node_modules', '^src/adapters/jsonata/generated/'] },
    exclude: { path: '^dist/' },
    tsConfig: { fileName: 'tsconfig.base.json' },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'default', 'types'],
    },
  },
};
