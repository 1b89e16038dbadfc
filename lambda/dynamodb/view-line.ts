import type { ViewState } from '../core/model/record';

const NOTHING = '-';

export const toViewLine = ({
  view,
  observedAt,
  listedFrom,
  fingerprint,
  newcomersSince,
  unjudged,
}: ViewState): string => {
  const since = newcomersSince === null ? 'null' : (newcomersSince ?? NOTHING);
  return [view, observedAt, listedFrom, fingerprint ?? NOTHING, since, unjudged ?? NOTHING].join(' ');
};

export function fromViewLine(line: string): ViewState {
  const [view = '', observedAt = '', listedFrom = '', ...rest] = line.split(' ');
  const [fingerprint, newcomersSince, unjudged] = rest.map((text) => (text === NOTHING ? undefined : text));
  return {
    view,
    observedAt,
    listedFrom,
    fingerprint,
    newcomersSince: newcomersSince === 'null' ? null : newcomersSince,
    unjudged: unjudged === undefined ? undefined : Number(unjudged),
  };
}
