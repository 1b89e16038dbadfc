import type * as events from 'aws-cdk-lib/aws-events';
import { CHANGE_KINDS, type ChangeKind, DETAIL_TYPE, EVENT_SOURCE, TEST_EVENT } from '../../lambda/contract';

/** Which changes a subscription gets: those that match all that is given. */
export interface SubscriptionFilter {
  /** Send only these kinds of change. @default - all but `baseline` */
  readonly kinds?: readonly ChangeKind[] | undefined;
  /** Send only changes after which the instance has one of these statuses. @default - any */
  readonly statuses?: readonly string[] | undefined;
  /** Send only changes of instances with such a name; `*` stands for any text. @default - any */
  readonly namePattern?: string | undefined;
  /** Send only changes of instances of these enterprise projects. @default - any */
  readonly enterpriseProjects?: readonly string[] | undefined;
  /** Send only changes of one of these fields, such as `status` or `flavor_id`. @default - any */
  readonly fields?: readonly string[] | undefined;
}

const ALL_BUT_BASELINE = CHANGE_KINDS.filter((kind) => kind !== 'baseline');

/** The same as a pattern of EventBridge, which also lets through a test of the subscription of this name. */
export function patternOf(
  { kinds = ALL_BUT_BASELINE, statuses, namePattern, enterpriseProjects, fields }: SubscriptionFilter,
  name: string,
): events.EventPattern {
  const instance = { name: namePattern && [{ wildcard: namePattern }], enterpriseProjectId: enterpriseProjects };
  const detail = {
    test: [{ exists: false }],
    status: statuses && { to: statuses },
    // A part that is there but empty matches no event.
    instance: namePattern || enterpriseProjects ? instance : undefined,
    changes: fields && { field: fields },
  };
  return {
    source: [EVENT_SOURCE, TEST_EVENT.source],
    detailType: [...kinds.map((kind) => DETAIL_TYPE[kind]), TEST_EVENT.detailType],
    detail: { $or: [detail, { test: [name] }] },
  };
}
