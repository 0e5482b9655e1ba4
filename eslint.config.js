import tseslint from 'typescript-eslint';

/** What core may never reach for: a clock, randomness, a locale, the event loop. */
const impureInCore = [
  {
    selector: "MemberExpression[object.name='Date'][property.name='now']",
    message: 'Core has no clock: take the time from the event or the watermark.',
  },
  {
    selector: "NewExpression[callee.name='Date'][arguments.length=0]",
    message: 'Core has no clock: take the time from the event or the watermark.',
  },
  {
    selector: "MemberExpression[object.name='Math'][property.name='random']",
    message: 'Core is deterministic: no randomness.',
  },
  {
    selector: "CallExpression[callee.property.name='localeCompare']",
    message: 'Core has no locale: compare with < and >.',
  },
  { selector: 'CallExpression[callee.property.name=/^toLocale/]', message: 'Core has no locale.' },
  { selector: ':function[async=true]', message: 'Core is synchronous: the shell fetches first, then calls.' },
  { selector: 'AwaitExpression', message: 'Core is synchronous: the shell fetches first, then calls.' },
];

export default tseslint.config(
  { ignores: ['dist/**', 'node_modules/**', 'src/adapters/jsonata/generated/**', 'coverage/**', '.weir/**'] },
  ...tseslint.configs.recommended,
  {
    rules: {
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'separate-type-imports' }],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', caughtErrorsIgnorePattern: '^_' }],
      'no-restricted-exports': [
        'error',
        {
          restrictDefaultExports: {
            direct: true,
            named: true,
            defaultFrom: true,
            namedFrom: true,
            namespaceFrom: true,
          },
        },
      ],
      eqeqeq: ['error', 'always', { null: 'ignore' }],
      'max-lines': ['error', { max: 400, skipBlankLines: true, skipComments: true }],
      'max-lines-per-function': ['error', { max: 70, skipBlankLines: true, skipComments: true }],
      'max-depth': ['error', 5],
      'no-console': 'error',
    },
  },
  { files: ['src/core/**'], rules: { 'no-restricted-syntax': ['error', ...impureInCore] } },
  {
    files: ['src/cli/**', 'scripts/**', 'test/bench/**', 'test/sim/main.ts', 'test/vectors/run-vectors.ts'],
    rules: { 'no-console': 'off' },
  },
  {
    files: ['test/**'],
    rules: { 'max-lines-per-function': 'off' },
  },
  {
    files: ['eslint.config.js', 'vitest.config.ts', '**/*.cjs'],
    rules: { 'no-restricted-exports': 'off', '@typescript-eslint/no-require-imports': 'off' },
  },
  {
    // Nest reads constructor parameter types at run time: a type-only import would inject undefined.
    files: ['src/app/**'],
    rules: { '@typescript-eslint/consistent-type-imports': 'off' },
  },
);
