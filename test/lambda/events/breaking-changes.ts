export type JsonSchema = Readonly<Record<string, unknown>>;

/** Keywords that say nothing about which values are valid. */
const ANNOTATIONS = new Set(['$id', '$schema', '$defs', 'title', 'description', 'examples', 'default', '$comment']);
/** Keywords that are compared one level deeper. */
const NESTED = new Set(['properties', 'required', 'items', 'additionalProperties', 'anyOf', 'enum', '$ref']);

const isSchema = (value: unknown): value is JsonSchema =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/**
 * What of a new schema would break those who read events by the published one: whatever an event may now be, it may be
 * read by the published schema, and no property has gone. Optional properties may be added.
 * @returns one line a break, empty when there is none
 */
export function breakingChanges(published: JsonSchema, next: JsonSchema): string[] {
  /** Pairs of references that are being compared: a definition may contain itself. */
  const underWay = new Set<string>();

  const resolve = (root: JsonSchema, schema: JsonSchema): JsonSchema => {
    if (typeof schema.$ref !== 'string') return schema;
    const steps = schema.$ref.replace(/^#\/?/, '').split('/').filter(Boolean);
    return resolve(
      root,
      steps.reduce<JsonSchema>((at, step) => (at[step] ?? {}) as JsonSchema, root),
    );
  };

  const compare = (oldSchema: unknown, newSchema: unknown, path: string): string[] => {
    if (!isSchema(oldSchema) || !isSchema(newSchema)) {
      return JSON.stringify(oldSchema) === JSON.stringify(newSchema) ? [] : [`${path}: is another schema now`];
    }
    const pair =
      oldSchema.$ref === undefined || newSchema.$ref === undefined
        ? undefined
        : `${JSON.stringify(oldSchema.$ref)} ${JSON.stringify(newSchema.$ref)}`;
    if (pair !== undefined && underWay.has(pair)) return [];
    if (pair !== undefined) underWay.add(pair);
    const before = resolve(published, oldSchema);
    const after = resolve(next, newSchema);
    const breaks = [
      ...compareKeywords(before, after, path),
      ...compareProperties(before, after, path),
      ...compareAlternatives(before, after, path),
      ...['items', 'additionalProperties'].flatMap((keyword) =>
        before[keyword] === undefined && after[keyword] === undefined
          ? []
          : compare(before[keyword] ?? {}, after[keyword] ?? {}, `${path}/${keyword}`),
      ),
    ];
    if (pair !== undefined) underWay.delete(pair);
    return breaks;
  };

  const compareKeywords = (before: JsonSchema, after: JsonSchema, path: string): string[] => {
    const keywords = new Set([...Object.keys(before), ...Object.keys(after)]);
    const changed = [...keywords].filter(
      (keyword) =>
        !ANNOTATIONS.has(keyword) &&
        !NESTED.has(keyword) &&
        JSON.stringify(before[keyword]) !== JSON.stringify(after[keyword]),
    );
    const values = (before.enum ?? undefined) as unknown[] | undefined;
    const added = ((after.enum ?? []) as unknown[]).filter((value) => values !== undefined && !values.includes(value));
    return [
      ...changed.map((keyword) => `${path}: ${keyword} has changed`),
      ...added.map((value) => `${path}: may be ${JSON.stringify(value)} now`),
      ...(values !== undefined && after.enum === undefined ? [`${path}: may be anything now`] : []),
    ];
  };

  const compareProperties = (before: JsonSchema, after: JsonSchema, path: string): string[] => {
    const old = (before.properties ?? {}) as JsonSchema;
    const now = (after.properties ?? {}) as JsonSchema;
    const required = (schema: JsonSchema) => new Set((schema.required ?? []) as string[]);
    const wasRequired = required(before);
    const isRequired = required(after);
    return [...new Set([...Object.keys(old), ...Object.keys(now)])].flatMap((name) => {
      const at = `${path}/${name}`;
      if (now[name] === undefined) return [`${at}: is gone`];
      if (old[name] === undefined) return isRequired.has(name) ? [`${at}: is new and not optional`] : [];
      if (wasRequired.has(name) !== isRequired.has(name))
        return [`${at}: is ${isRequired.has(name) ? 'not optional' : 'optional'} now`];
      return compare(old[name], now[name], at);
    });
  };

  /** Each alternative of now must have been one before. */
  const compareAlternatives = (before: JsonSchema, after: JsonSchema, path: string): string[] => {
    const old = before.anyOf as unknown[] | undefined;
    const now = after.anyOf as unknown[] | undefined;
    if (old === undefined && now === undefined) return [];
    if (old === undefined || now === undefined) return [`${path}: has other alternatives now`];
    return now.flatMap((alternative, index) =>
      old.some((candidate) => compare(candidate, alternative, path).length === 0)
        ? []
        : [`${path}: alternative ${index} was none before`],
    );
  };

  return compare(published, next, '');
}
