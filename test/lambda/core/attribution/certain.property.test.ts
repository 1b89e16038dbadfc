import * as fc from 'fast-check';
import { ACTORS, type SimulatedActor } from '../../../support/cts-simulator/trace-log';
import { attributionText } from '../../../../lambda/core/model/attribution-words';
import { plusMs, toInstant } from '../../../../lambda/core/model/instant';
import type { Version } from '../../../../lambda/core/model/record';
import { soakRuns } from '../../../support/soak-runs';
import { ActedWorld } from '../../../support/acted-world';
import { TARGET } from '../../../support/fleet';

const MINUTE_MS = 60_000;
const IDS = ['i-1', 'i-2', 'i-3'];
const FIELDS = ['name', 'description', 'security_group_id', 'maintain_begin', 'publicip_id', 'flavor_id'];

type Step =
  | {
      readonly do: 'change';
      readonly id: number;
      readonly by: number;
      readonly field: number;
      readonly how: 'plain' | 'update' | 'failed' | 'unknown';
    }
  | { readonly do: 'refused'; readonly id: number; readonly by: number; readonly field: number }
  | { readonly do: 'create' | 'delete' | 'deleteLater' | 'finish'; readonly id: number; readonly by: number }
  | { readonly do: 'break'; readonly id: number }
  | { readonly do: 'cts'; readonly is: 'fine' | 'off' | 'down' }
  | { readonly do: 'clock'; readonly errorMs: number }
  | { readonly do: 'wait'; readonly minutes: number }
  | { readonly do: 'run' };

const id = fc.nat(IDS.length - 1);
const by = fc.nat(ACTORS.length - 1);
const field = fc.nat(FIELDS.length - 1);
const how = fc.constantFrom(
  'plain' as const,
  'plain' as const,
  'update' as const,
  'failed' as const,
  'unknown' as const,
);
const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    { weight: 8, arbitrary: fc.record({ do: fc.constant('change' as const), id, by, field, how }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('refused' as const), id, by, field }) },
    {
      weight: 5,
      arbitrary: fc.record({
        do: fc.constantFrom('create' as const, 'delete' as const, 'deleteLater' as const, 'finish' as const),
        id,
        by,
      }),
    },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('break' as const), id }) },
    {
      weight: 1,
      arbitrary: fc.record({
        do: fc.constant('cts' as const),
        is: fc.constantFrom('fine' as const, 'fine' as const, 'off' as const, 'down' as const),
      }),
    },
    {
      weight: 1,
      arbitrary: fc.record({ do: fc.constant('clock' as const), errorMs: fc.constantFrom(0, 240_000, -240_000) }),
    },
    {
      weight: 6,
      arbitrary: fc.record({ do: fc.constant('wait' as const), minutes: fc.constantFrom(1, 3, 5, 30, 300) }),
    },
    { weight: 8, arbitrary: fc.constant({ do: 'run' as const }) },
  ),
  { maxLength: 60, size: 'max' },
);

/** What was truly done to an instance: the parts of a version that it may be seen in. */
interface Deed {
  readonly at: number;
  readonly id: string;
  readonly actor: string | null;
  readonly parts: readonly string[];
}

/** Lets people and runs take turns as the script says. @returns what was done, and the world after a day without any more */
async function play(
  script: readonly Step[],
  lags: readonly number[],
): Promise<{ acted: ActedWorld; deeds: readonly Deed[] }> {
  // Up to nine minutes, which is within what is waited for.
  const acted = new ActedWorld({ lagMs: (nth) => lags[nth % lags.length] ?? 0 });
  const deeds: Deed[] = [];
  const deleting = new Map<string, SimulatedActor>();
  const lives = new Map<number, number>();
  let values = 0;
  const nameOf = (n: number): string => `${IDS[n]}-${lives.get(n) ?? 0}`;
  const did = (id: string, actor: SimulatedActor | undefined, ...parts: string[]): unknown =>
    deeds.push({ at: acted.now(), id, actor: actor?.name ?? null, parts });
  for (const [n] of IDS.entries()) acted.act(undefined, nameOf(n), {}, []);
  await acted.run();
  acted.world.wait(60 * MINUTE_MS);
  await acted.run();

  const play = async (step: Step): Promise<void> => {
    if (step.do === 'run') {
      await acted.run({ allowMassDeletion: true });
      return;
    }
    if (step.do === 'wait') return acted.world.wait(step.minutes * MINUTE_MS);
    if (step.do === 'cts') {
      acted.broken = {
        fine: undefined,
        off: { kind: 'refused', reason: 'cts-off', problem: 'off' } as const,
        down: { kind: 'refused', reason: 'unavailable', problem: 'down' } as const,
      }[step.is];
      return;
    }
    if (step.do === 'clock') {
      const truth = acted.now();
      acted.clockErrorMs = step.errorMs;
      acted.world.clock.set(truth + step.errorMs);
      return;
    }
    // Nothing happens twice in one millisecond.
    acted.world.wait(1);
    const name = nameOf(step.id);
    if (step.do === 'create') {
      if (acted.has(name)) return;
      lives.set(step.id, (lives.get(step.id) ?? 0) + 1);
      const fresh = nameOf(step.id);
      acted.act(ACTORS[step.by], fresh, {});
      did(fresh, ACTORS[step.by], '(begins)');
      return;
    }
    if (!acted.has(name)) return;
    if (step.do === 'break') {
      acted.act(undefined, name, { status: 'ERROR' }, []);
      did(name, undefined, 'status');
    } else if (step.do === 'finish') {
      if (!deleting.has(name)) return;
      did(name, deleting.get(name), '(ends)');
      acted.act(undefined, name, undefined);
      deleting.delete(name);
    } else if (step.do !== 'change' && step.do !== 'refused') {
      const actor = ACTORS[step.by];
      if (deleting.has(name)) {
        // The second who asks is refused.
        acted.trace(actor, name, 'deleteRomaInstance', { ok: false, more: { code: 409 } });
        return;
      }
      did(name, actor, '(deleting)', ...(step.do === 'delete' ? ['(ends)'] : []));
      acted.act(actor, name, step.do === 'delete' ? undefined : { status: 'DELETING' });
      if (step.do === 'deleteLater' && actor !== undefined) deleting.set(name, actor);
    } else {
      const actor = ACTORS[step.by];
      const field = FIELDS[step.field] ?? 'name';
      if (step.do === 'refused') {
        acted.trace(actor, name, 'updateRomaInstanceName', { ok: false, more: { code: 403 } });
        return;
      }
      did(name, actor, field);
      const change = { [field]: `value-${(values += 1)}` };
      if (step.how === 'plain') acted.act(actor, name, change);
      else
        acted.act(
          actor,
          name,
          change,
          step.how === 'update' ? ['updateRomaInstance'] : step.how === 'unknown' ? ['tuneRomaInstance'] : [],
        );
      // It says that it failed, and did something all the same.
      if (step.how === 'failed')
        acted.trace(actor, name, field === 'name' ? 'updateRomaInstanceName' : 'updateRomaInstance', { ok: false });
    }
  };
  for (const step of script) await play(step);
  acted.broken = undefined;
  for (let n = 0; n < 10; n += 1) {
    acted.world.wait(170 * MINUTE_MS);
    await acted.run({ allowMassDeletion: true });
  }
  return { acted, deeds };
}

/** Who was truly behind any part of a change. */
function behind(version: Version, deeds: readonly Deed[]): Set<string | null> {
  const parts = new Set(
    version.kind === 'created'
      ? ['(begins)']
      : version.kind === 'deleted'
        ? ['(ends)']
        : version.changes.map(({ field }) =>
            field === 'status' && version.status === 'DELETING' ? '(deleting)' : field,
          ),
  );
  const after = plusMs(version.changedAfter ?? toInstant(0), -5 * MINUTE_MS);
  const mine = deeds.filter(
    ({ id, at, parts: own }) => id === version.id && own.some((part) => parts.has(part)) && toInstant(at) > after,
  );
  return new Set(
    mine.filter(({ at }) => toInstant(at) <= plusMs(version.observedAt, 5 * MINUTE_MS)).map(({ actor }) => actor),
  );
}

describe('whatever people do, and however late and broken the traces come', () => {
  const check = async (parameters: fc.Parameters<[Step[], number[]]>) => {
    let certain = 0;
    let others = 0;
    await fc.assert(
      fc.asyncProperty(
        steps,
        fc.array(fc.integer({ min: 0, max: 9 * MINUTE_MS }), { minLength: 1, maxLength: 8 }),
        async (script, lags) => {
          const { acted, deeds } = await play(script, lags);
          for await (const row of acted.world.store.reader.currents(TARGET)) {
            const versions = (await acted.world.versions(row.id)).filter(({ kind }) => kind !== 'baseline');
            const claims = await acted.attributions(row.id);
            // All that changed is spoken of, once.
            expect(claims.map(({ version }) => version).toSorted((a, b) => a - b)).toEqual(
              versions.map(({ version }) => version),
            );
            // Not even for a while may it be wrong.
            const ever = acted.store.everKept.filter(({ id }) => id === row.id);
            for (const claim of ever) {
              const version = versions.find((each) => each.version === claim.version) as Version;
              const text = attributionText(claim);
              if (claim.confidence === 'certain') {
                certain += 1;
                expect([...behind(version, deeds)]).toEqual([claim.actors[0]?.user]);
                expect(new Set(claim.actors.map(({ user }) => user)).size).toBe(1);
              } else {
                others += 1;
                expect(text).toMatch(/^(likely by|by one of|by nobody known:) /);
              }
            }
          }
        },
      ),
      parameters,
    );
    return { certain, others };
  };

  it('a certain claim names the true actor, and any other one says that it is less', async () => {
    await check({ numRuns: soakRuns(120) });
  }, 180_000);

  it('both kinds of claims are made, as a fixed seed shows', async () => {
    const { certain, others } = await check({ numRuns: 20, seed: 20_261_125 });
    expect(certain).toBeGreaterThan(20);
    expect(others).toBeGreaterThan(20);
  }, 60_000);
});
