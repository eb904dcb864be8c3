import js from '@eslint/js';
import tseslint from 'typescript-eslint';

// The border of ARCHITECTURE.md: these folders turn values into values and may not reach for the world.
const PURE = [
  'profile/**/*',
  'plan/**/*',
  'formats/**/*',
  'bundle/**/*',
  'packages/**/*',
  'verify/check',
].map((path) => `generators/${path}.ts`);
const EFFECT_MODULES = [
  'fs',
  'fs/promises',
  'net',
  'http',
  'https',
  'child_process',
  'os',
  'process',
  'timers',
];

const noClockOrChance = [
  { object: 'Date', property: 'now', message: 'Time is handed in; output must not depend on the clock.' },
  { object: 'Math', property: 'random', message: 'Output must not depend on chance.' },
];

export default tseslint.config(
  { ignores: ['.build/**', 'dist/**', 'node_modules/**', 'coverage/**'] },
  js.configs.recommended,
  ...tseslint.configs.strictTypeChecked,
  ...tseslint.configs.stylisticTypeChecked,
  {
    languageOptions: {
      parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname },
      globals: { process: 'readonly', console: 'readonly', URL: 'readonly', Buffer: 'readonly' },
    },
    rules: {
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      '@typescript-eslint/switch-exhaustiveness-check': 'error',
      '@typescript-eslint/prefer-readonly': 'error',
      '@typescript-eslint/no-non-null-assertion': 'error',
      // Naming a key is how it is left out of the rest.
      '@typescript-eslint/no-unused-vars': ['error', { ignoreRestSiblings: true }],
      eqeqeq: 'error',
      'max-lines-per-function': ['error', { max: 60, skipBlankLines: true, skipComments: true }],
      'no-restricted-properties': [
        'error',
        { property: 'localeCompare', message: 'Its order depends on the locale; use compareCodeUnits.' },
      ],
    },
  },
  {
    files: ['generators/**/*.ts'],
    ignores: ['generators/main.ts'],
    rules: {
      'no-restricted-globals': [
        'error',
        { name: 'process', message: 'Only main.ts reads the process; take the value as an argument.' },
        { name: 'console', message: 'Results are returned; messages go through the Reporter.' },
      ],
      'no-restricted-properties': [
        'error',
        ...noClockOrChance,
        { property: 'localeCompare', message: 'Its order depends on the locale; use compareCodeUnits.' },
      ],
    },
  },
  {
    files: PURE,
    rules: {
      'no-restricted-imports': [
        'error',
        {
          paths: EFFECT_MODULES.flatMap((name) => [name, `node:${name}`]).map((name) => ({
            name,
            message: 'This is pure: effects live in inputs/, output/ and verify/.',
          })),
          patterns: [
            {
              group: ['**/disk.ts', '**/inputs/*', '**/output/*', '**/cli/*', '**/verify/*'],
              message: 'Imports point inwards.',
            },
          ],
        },
      ],
      'no-restricted-syntax': [
        'error',
        {
          selector: "NewExpression[callee.name='Date'][arguments.length=0]",
          message: 'The clock is never read.',
        },
      ],
    },
  },
  {
    files: ['test/**/*.ts', 'bench/**/*.ts'],
    rules: { 'max-lines-per-function': 'off', '@typescript-eslint/no-non-null-assertion': 'off' },
  },
  {
    files: ['**/*.js', '**/*.cjs'],
    ...tseslint.configs.disableTypeChecked,
    languageOptions: {
      parserOptions: { projectService: false },
      globals: { process: 'readonly', console: 'readonly', URL: 'readonly', Buffer: 'readonly' },
    },
  },
  {
    // The starter has to be CommonJS (bin/airhive.cjs says why).
    files: ['**/*.cjs'],
    languageOptions: {
      sourceType: 'commonjs',
      globals: { require: 'readonly', module: 'readonly', exports: 'readonly', __dirname: 'readonly' },
    },
    rules: { '@typescript-eslint/no-require-imports': 'off' },
  },
);
