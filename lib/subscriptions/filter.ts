import type * as events from 'aws-cdk-lib/aws-events';
import {
  ATTRIBUTED_DETAIL_TYPE,
  CHANGE_KINDS,
  type ChangeKind,
  DETAIL_TYPE,
  EVENT_SOURCE,
  TEST_EVENT,
} from '../../lambda/contract';

export const SUBSCRIPTION_KINDS = [...CHANGE_KINDS, 'attributed'] as const;
/** A kind of change, or who made one. */
export type SubscriptionKind = ChangeKind | 'attributed';

/** Which changes a subscription gets: those that match all that is given. */
export interface SubscriptionFilter {
  /**
   * Send only these kinds of change. `attributed` sends who made a change, where `attribution` is on: later, as an event
   * of its own, which has no status and no fields to filter by. @default - all but `baseline` and `attributed`
   */
  readonly kinds?: readonly SubscriptionKind[] | undefined;
  /** Send only changes after which the instance has one of these statuses. @default - any */
  readonly statuses?: readonly string[] | undefined;
  /** Send only changes of instances with such a name; `*` stands for any text. @default - any */
  readonly namePattern?: string | undefined;
  /** Send only changes of instances of these enterprise projects. @default - any */
  readonly enterpriseProjects?: readonly string[] | undefined;
  /** Send only changes of one of these fields, such as `status` or `flavor_id`. @default - any */
  readonly fields?: readonly string[] | undefined;
}

const DETAIL_TYPES = { ...DETAIL_TYPE, attributed: ATTRIBUTED_DETAIL_TYPE };
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
    detailType: [...kinds.map((kind) => DETAIL_TYPES[kind]), TEST_EVENT.detailType],
    detail: { $or: [detail, { test: [name] }] },
  };
}
