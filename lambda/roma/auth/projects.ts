import * as z from 'zod';
import { compareText } from '../../core/model/compare-text';
import { describeError } from '../../core/model/errors';
import { parseTarget, type Target } from '../../core/model/instance';
import { hasRoma } from '../../contract';
import { type ApiAnswer, type ApiRequest, apiRequest } from '../http/transport';
import { read } from './iam';

/** A project of an account: a region, or a part of one (`cn-north-4_test`). */
export interface Project {
  readonly id: string;
  readonly name: string;
  readonly enabled: boolean;
  /** The part of the name before the first underscore. */
  readonly region: string;
}

const ANSWER = z.looseObject({
  // Recorded answers lack links, parent_id and is_domain now and then; nothing is read that may be missing.
  projects: z.array(z.looseObject({ id: z.string().min(1), name: z.string().min(1), enabled: z.boolean().nullish() })),
});

/** GET /v3/auth/projects: whatever the identity may see, in one answer; there are no pages. @throws RomaApiError */
export async function listProjects(
  ask: (request: ApiRequest) => Promise<ApiAnswer>,
  iam: string,
): Promise<readonly Project[]> {
  const answer = await ask(apiRequest('GET', iam, '/v3/auth/projects'));
  return read(ANSWER, answer, 'a list of projects').projects.map(({ id, name, enabled }) => ({
    id,
    name,
    enabled: enabled ?? true,
    region: name.split('_')[0] ?? name,
  }));
}

export interface SkippedProject {
  readonly project: Project;
  /** Why it is not a target. */
  readonly reason: string;
}
export interface Discovery {
  readonly targets: readonly (Target & { readonly name: string })[];
  readonly skipped: readonly SkippedProject[];
}

/**
 * Which projects are worth keeping in sync. An account has a project in every region that it ever entered, with ROMA
 * Connect or without, and object storage keeps one of its own, named MOS.
 * @param moreRegions regions with ROMA Connect that are not built in
 */
export function chooseTargets(projects: readonly Project[], moreRegions: readonly string[] = []): Discovery {
  const targets: (Target & { name: string })[] = [];
  const skipped: SkippedProject[] = [];
  for (const project of projects.toSorted((a, b) => compareText(a.name, b.name))) {
    const reason = reasonToSkip(project, moreRegions);
    if (reason === undefined) targets.push({ region: project.region, projectId: project.id, name: project.name });
    else skipped.push({ project, reason });
  }
  return { targets, skipped };
}

function reasonToSkip({ id, name, enabled, region }: Project, moreRegions: readonly string[]): string | undefined {
  if (name.toUpperCase() === 'MOS') return 'it belongs to object storage';
  if (!enabled) return 'it is disabled';
  if (!hasRoma(region) && !moreRegions.includes(region))
    return `region ${region} has no ROMA Connect that is known here`;
  try {
    parseTarget(`${region}/${id}`);
  } catch (error) {
    return describeError(error);
  }
  return undefined;
}
