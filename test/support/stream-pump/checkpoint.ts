import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import * as z from 'zod';

/** How far a shard has been delivered. */
const progress = z.object({
  /** Last record that needs no more delivery; missing before the first. */
  after: z.string().optional(),
  /** The shard was read to its end. */
  finished: z.boolean(),
});
const schema = z.object({ streamArn: z.string(), shards: z.record(z.string(), progress) });
export type ShardProgress = Readonly<z.infer<typeof progress>>;

/** Remembers how far a stream has been delivered, in a file when one is named. */
export class Checkpoint {
  readonly #shards = new Map<string, ShardProgress>();
  #isClosed = false;

  /** A file that belongs to another stream, or that cannot be read, is ignored. */
  constructor(
    private readonly streamArn: string,
    private readonly file?: string,
  ) {
    if (file === undefined || !existsSync(file)) return;
    const saved = schema.safeParse(parseOrNull(readFileSync(file, 'utf8')));
    if (!saved.success || saved.data.streamArn !== streamArn) return;
    for (const [shardId, shard] of Object.entries(saved.data.shards)) this.#shards.set(shardId, shard);
  }

  of(shardId: string): ShardProgress {
    return this.#shards.get(shardId) ?? { finished: false };
  }

  set(shardId: string, shard: ShardProgress): void {
    if (this.#isClosed) return;
    this.#shards.set(shardId, shard);
    this.#save();
  }

  /** Forgets shards that the stream does not have any more. */
  keep(shardIds: ReadonlySet<string>): void {
    for (const shardId of this.#shards.keys()) if (!shardIds.has(shardId)) this.#shards.delete(shardId);
  }

  /** Saves nothing from now on, as if the process had been killed. */
  close(): void {
    this.#isClosed = true;
  }

  #save(): void {
    if (this.file === undefined) return;
    mkdirSync(dirname(this.file), { recursive: true });
    const content = { streamArn: this.streamArn, shards: Object.fromEntries(this.#shards) };
    // A reader sees the old file or the new one, never half of one.
    writeFileSync(`${this.file}.tmp`, `${JSON.stringify(content)}\n`);
    renameSync(`${this.file}.tmp`, this.file);
  }
}

function parseOrNull(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
