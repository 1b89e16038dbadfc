import FAMILIES from './metrics.json';
import type { Store } from '../store';
import { openGapOf } from '../../../lambda/core/history/spans';
import { DOCUMENTED_STATUSES, type Target } from '../../../lambda/core/model/instance';
import { plusMs, toInstant, toMs } from '../../../lambda/core/model/instant';
import { isGone } from '../../../lambda/core/model/record';

/** The spans over which availability is told. */
const SPANS = { '24h': 24, '7d': 7 * 24, '30d': 30 * 24 } as const;
/** The state of an instance at which nobody looks now, beside the statuses of the API. */
const UNOBSERVED = 'UNOBSERVED';
const STATUS = 'roma_instance_status';

type Labels = Readonly<Record<string, string>>;
type Sample = readonly [name: keyof typeof FAMILIES, labels: Labels, value: number];

export const CONTENT_TYPE = {
  openMetrics: 'application/openmetrics-text; version=1.0.0; charset=utf-8',
  prometheus: 'text/plain; version=0.0.4; charset=utf-8',
} as const;

const escape = (text: string): string =>
  text
    .slice(0, 300)
    .replaceAll(/["\\]/g, String.raw`\$&`)
    .replaceAll('\n', String.raw`\n`);

/** The text of the format. The older one knows no state sets, no units and no end. */
function textOf(samples: readonly Sample[], format: keyof typeof CONTENT_TYPE): string {
  const isOpen = format === 'openMetrics';
  const lines = Object.entries<{ type: string; unit?: string; help: string }>(FAMILIES).flatMap(([name, about]) => {
    const { type, unit, help } = about;
    const total = type === 'counter' ? `${name}_total` : name;
    const family = isOpen ? name : total;
    return [
      `# TYPE ${family} ${type === 'stateset' && !isOpen ? 'gauge' : type}`,
      ...(unit !== undefined && isOpen ? [`# UNIT ${family} ${unit}`] : []),
      `# HELP ${family} ${help}`,
      ...samples
        .filter(([of]) => of === name)
        .map(([, labels, value]) => {
          const pairs = Object.entries(labels).map(([label, text]) => `${label}="${escape(text)}"`);
          return `${total}{${pairs.join(',')}} ${value}`;
        }),
    ];
  });
  return `${[...lines, ...(isOpen ? ['# EOF'] : [])].join('\n')}\n`;
}

/** What is known now, for Prometheus. Deleted instances have no status, but their changes still count. */
export async function metricsText(
  { history, reader }: Pick<Store, 'history' | 'reader'>,
  options: { readonly nowMs: number; readonly targets: readonly Target[]; readonly format: keyof typeof CONTENT_TYPE },
): Promise<string> {
  const { nowMs, targets, format } = options;
  const samples: Sample[] = [];
  for (const target of targets) {
    const labels = { region: target.region, project_id: target.projectId };
    const head = await reader.head(target);
    if (head?.completedObservedAt !== undefined)
      samples.push(['roma_target_age_seconds', labels, Math.max(0, nowMs - toMs(head.completedObservedAt)) / 1000]);
    samples.push(['roma_target_observed', labels, openGapOf(head, nowMs) === undefined ? 1 : 0]);
    const states = new Map<string, readonly [Labels, string]>();
    let total = 0;
    for await (const { current, unobserved } of history.fleet(target)) {
      total += current.version - 1;
      if (isGone(current)) continue;
      const state = unobserved === undefined ? current.status : UNOBSERVED;
      states.set(current.id, [{ ...labels, instance_id: current.id, name: current.name ?? '' }, state]);
    }
    samples.push(['roma_changes', labels, total]);
    // A state set names every state, so that all instances have the same ones.
    const told = [...states.values()].map(([, state]) => state);
    const names = new Set<string>([...DOCUMENTED_STATUSES, UNOBSERVED, ...told]);
    for (const [instance, state] of states.values())
      for (const name of names) samples.push([STATUS, { ...instance, [STATUS]: name }, name === state ? 1 : 0]);
    for (const [span, hours] of Object.entries(SPANS))
      for await (const uptime of history.uptimes(target, { from: plusMs(toInstant(nowMs), -hours * 3_600_000) })) {
        const instance = states.get(uptime.current.id)?.[0];
        if (instance === undefined) continue;
        if (uptime.availability !== null)
          samples.push(['roma_instance_availability_ratio', { ...instance, span }, uptime.availability]);
        samples.push(['roma_instance_unobserved_seconds', { ...instance, span }, uptime.unobservedMs / 1000]);
      }
  }
  return textOf(samples, format);
}
