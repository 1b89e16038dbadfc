/** How often a property is tried: this often in every test run, and ten times as often in `npm run test:soak`. */
export const soakRuns = (usual: number): number => (process.env.SOAK_STEPS === undefined ? usual : usual * 10);
