import { spawnSync } from 'node:child_process';
import { parseArgs } from 'node:util';

/**
 * `npm run test:soak -- --steps 100000 --kills 200 [--seed N] [--moves all]`: the property and crash tests, for longer.
 * `--moves` names the parts of the world that the model of the history has, as its generator calls them.
 */
const { values } = parseArgs({
  options: {
    steps: { type: 'string', default: '50000' },
    kills: { type: 'string', default: '100' },
    seed: { type: 'string' },
    moves: { type: 'string' },
  },
});
for (const name of ['steps', 'kills', 'seed'] as const) {
  const value = values[name];
  if (value !== undefined && !/^\d{1,9}$/.test(value)) {
    process.stderr.write(
      `--${name} ${JSON.stringify(value)} is not a number: give a whole number, such as --${name} 1000\n`,
    );
    process.exit(2);
  }
}
const { status } = spawnSync(
  'npx',
  ['jest', '--selectProjects', 'integration', '--testPathPatterns', '\\.(property|crash)\\.test'],
  {
    stdio: 'inherit',
    env: {
      ...process.env,
      SOAK_STEPS: values.steps,
      SOAK_KILLS: values.kills,
      ...(values.seed === undefined ? {} : { SOAK_SEED: values.seed }),
      ...(values.moves === undefined ? {} : { SOAK_MOVES: values.moves }),
    },
  },
);
process.exit(status ?? 1);
