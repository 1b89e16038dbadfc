import type { Instant } from '../model/instant';
import { type ChangeEvent, EVENT_SCHEMA_VERSION } from './change-event';

/** What shows that a subscription delivers: a sample that is valid, and of nothing that has happened. */
export const testEvent = (subscription: string, at: Instant): ChangeEvent => ({
  schemaVersion: EVENT_SCHEMA_VERSION,
  eventId: `test/${subscription}/${at}`,
  kind: 'statusChanged',
  version: 2,
  instance: { id: 'test', name: 'test', region: 'test', projectId: 'test', enterpriseProjectId: null },
  status: { from: 'RUNNING', to: 'ERROR' },
  changes: [{ field: 'status', from: 'RUNNING', to: 'ERROR' }],
  summary: {
    name: 'a test, nothing has happened',
    change: 'TEST: RUNNING → ERROR',
    when: `sent at ${at} by roma-history test-subscription`,
  },
  observedAt: at,
  changedAfter: at,
  evidence: 'listed',
  test: subscription,
});
