/**
 * What receivers get, made of the fields of an event. Synthesis passes placeholders, which EventBridge fills in; whoever has
 * an event passes its values.
 */
export type Field = (path: string) => string;
export type Message = Readonly<Record<string, unknown>>;

const title = (field: Field): string => `${field('$.detail-type')}: ${field('$.detail.summary.name')}`;
const summary = (field: Field): string => field('$.detail.summary.change');
const window = (field: Field): string => field('$.detail.summary.when');
const more = (field: Field): string => `roma-history log ${field('$.detail.instance.id')}`;
const place = (field: Field): string => `${field('$.detail.instance.region')}/${field('$.detail.instance.projectId')}`;

const facts = (field: Field): readonly (readonly [string, string])[] => [
  ['Instance', `${field('$.detail.summary.name')} (${field('$.detail.instance.id')}) of ${place(field)}`],
  ['Change', summary(field)],
  ['Happened', window(field)],
  ['Evidence', field('$.detail.evidence')],
  ['More', more(field)],
];

/** Several lines, for an email. */
export const letter = (field: Field): string =>
  [
    title(field),
    ...facts(field).map(([name, value]) => `${name}: ${value}`),
    `Event: ${field('$.detail.eventId')}`,
  ].join('\n');

/** CloudEvents 1.0 in structured mode. */
export const cloudEvent = (field: Field): Message => ({
  specversion: '1.0',
  id: field('$.detail.eventId'),
  source: `/roma-instance-history/${place(field)}`,
  type: field('$.detail-type'),
  subject: field('$.detail.instance.id'),
  time: field('$.detail.observedAt'),
  sequence: field('$.detail.version'),
  datacontenttype: 'application/json',
  data: field('$.detail'),
});

/** The body of Slack's `chat.postMessage`. */
export const slackMessage = (field: Field, channel: string): Message => ({
  channel,
  text: `${title(field)}  ${summary(field)}  ${window(field)} (${field('$.detail.evidence')}). ${more(field)}`,
  mrkdwn: false,
});

/** An adaptive card, as a workflow of Teams takes it. */
export const teamsMessage = (field: Field): Message => ({
  type: 'message',
  attachments: [
    {
      contentType: 'application/vnd.microsoft.card.adaptive',
      content: {
        type: 'AdaptiveCard',
        version: '1.4',
        body: [
          { type: 'TextBlock', text: title(field), weight: 'Bolder', wrap: true },
          { type: 'FactSet', facts: facts(field).map(([name, value]) => ({ title: name, value })) },
        ],
      },
    },
  ],
});

/** An event of PagerDuty's Events API v2, without its routing key. One incident per instance. */
export const pagerdutyEvent = (field: Field, action: 'trigger' | 'resolve'): Message => ({
  event_action: action,
  dedup_key: `${place(field)}/${field('$.detail.instance.id')}`,
  payload: {
    summary: `${title(field)}  ${summary(field)}`,
    source: field('$.detail.instance.id'),
    severity: 'error',
    timestamp: field('$.detail.observedAt'),
    custom_details: {
      happened: window(field),
      evidence: field('$.detail.evidence'),
      more: more(field),
      event: field('$.detail.eventId'),
    },
  },
});
