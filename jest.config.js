// The kind of a test is in its name. Three projects: `unit` needs nothing but Node, `integration` starts a database engine, `infra` synthesizes the stack.
const transform = {
  '^.+\\.([cm]?ts|m?js)$': [
    '@swc/jest',
    { jsc: { target: 'es2023', parser: { syntax: 'typescript' } }, module: { type: 'commonjs' } },
  ],
};
// Packages that are published as ES modules only and so must be transformed for jest's CommonJS runtime.
const esmOnly = [
  'p-map',
  'd3-[a-z-]+',
  'internmap',
  'fast-check',
  'pure-rand',
  'string-width',
  'strip-ansi',
  'ansi-regex',
  'get-east-asian-width',
  'emoji-regex',
  'hyparquet',
  'hyparquet-writer',
  'lossless-json',
  'jose',
];
const engines = {
  globalSetup: '<rootDir>/test/support/start-engines.ts',
  globalTeardown: '<rootDir>/test/support/stop-engines.ts',
};
const project = (displayName, testMatch, more = {}) => ({
  displayName,
  testMatch,
  testEnvironment: 'node',
  transform,
  transformIgnorePatterns: [`/node_modules/(?!(${esmOnly.join('|')})/)`],
  // The examples import the package as its users do.
  moduleNameMapper: {
    '^roma-instance-history/events$': '<rootDir>/lambda/events/index.ts',
    '^roma-instance-history/reader$': '<rootDir>/lambda/reader.ts',
  },
  setupFiles: ['<rootDir>/test/setup.ts'],
  setupFilesAfterEnv: ['<rootDir>/test/text-patterns.ts'],
  ...more,
});
module.exports = {
  testTimeout: process.env.SOAK_STEPS === undefined ? 60_000 : 1_800_000,
  // By default jest leaves one core idle, which is every second one on a small machine.
  maxWorkers: '100%',
  projects: [
    project('unit', ['<rootDir>/test/**/*.unit.test.ts']),
    project('integration', ['<rootDir>/test/**/*.{db,property,crash,browser}.test.ts'], engines),
    project('infra', ['<rootDir>/test/**/*.infra.test.ts']),
  ],
};
