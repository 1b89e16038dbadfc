/**
 * The columns of the exported tables. They are a contract: a column keeps its name, its type and its meaning. New ones are
 * added at the end of a table; anything else raises the version.
 */
export const EXPORT_VERSION = 1;

export const EXPORTS = ['changes', 'spans', 'fleet'] as const;
export type ExportTable = (typeof EXPORTS)[number];

/** `time` is UTC with milliseconds, `json` a JSON text with sorted keys. */
export type ColumnType = 'text' | 'integer' | 'boolean' | 'time' | 'json';

export interface Column {
  readonly name: string;
  readonly type: ColumnType;
  /** @default true */
  readonly isNullable?: false;
  readonly description: string;
}

const column = (name: string, type: ColumnType, description: string): Column => ({ name, type, description });
const required = (name: string, type: ColumnType, description: string): Column => ({
  ...column(name, type, description),
  isNullable: false,
});

const INSTANCE = [
  required('region', 'text', 'The region of the target.'),
  required('project_id', 'text', 'The project of the target.'),
  required('instance_id', 'text', 'The id of the instance.'),
  column('name', 'text', 'Its name then. Names can be used twice, and change.'),
];

export const COLUMNS: Readonly<Record<ExportTable, readonly Column[]>> = {
  changes: [
    required('event_id', 'text', 'region/project/instance/version: the `eventId` of the event. Unique.'),
    ...INSTANCE,
    column('enterprise_project_id', 'text', 'The enterprise project of the instance.'),
    required('version', 'integer', 'Counts the changes of one instance without holes.'),
    required('kind', 'text', 'created, statusChanged, updated, deleted or reappeared.'),
    column('status_from', 'text', 'The status before; null for the first version.'),
    required('status_to', 'text', 'The status after. DELETED when the deletion was inferred.'),
    required('fields', 'json', 'The names of the changed fields, as an array.'),
    required('changes', 'json', 'The changed fields with `from` and `to`, as in the event.'),
    required('evidence', 'text', 'listed, absent, reported or traced: how the change is known.'),
    column('changed_after', 'time', 'The change happened after this time. Null when nobody looked before.'),
    required('observed_at', 'time', 'A run saw the change at this time.'),
    column('actor', 'text', 'Who made the change, or who may have, joined by `or`. Null where nobody is named.'),
    column('confidence', 'text', 'certain, likely, candidates or none. Null where it is not attributed.'),
  ],
  spans: [
    ...INSTANCE,
    required(
      'status',
      'text',
      'The status, or UNOBSERVED (nobody looked), or NONEXISTENT (not yet created, or deleted).',
    ),
    required('from', 'time', 'The span begins at this time.'),
    required('to', 'time', 'The span ends before this time. Spans never cross midnight UTC.'),
    column('version', 'integer', 'The version that was valid; when UNOBSERVED or NONEXISTENT, the last known one.'),
  ],
  fleet: [
    ...INSTANCE,
    column('status', 'text', 'The status; null where nothing is known of that time.'),
    required('at', 'time', 'The time that the row is about.'),
    column('since', 'time', 'When a run first saw this status.'),
    column('version', 'integer', 'The version that was valid.'),
    column('deleted', 'boolean', 'Whether the instance was deleted.'),
    column(
      'unobserved_from',
      'time',
      'Where nobody looked at that time: since when. The rest is then what was last known.',
    ),
    column('unobserved_to', 'time', 'Until when nobody looked. Null while that lasts.'),
    column('unjudged_since', 'time', 'Only of now: since when completed runs have not judged the instance.'),
    column('snapshot', 'json', 'The whole instance as the API listed it.'),
  ],
};
