import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Checkpoint } from './checkpoint';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'checkpoint-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

it('is read again by the next process, and leaves nothing half-written behind', () => {
  const file = join(folder, 'deeper', 'stream.json');
  const checkpoint = new Checkpoint('arn:1', file);
  expect(checkpoint.of('a')).toEqual({ finished: false });
  checkpoint.set('a', { after: '000000000000000000007', finished: false });
  checkpoint.set('b', { finished: true });
  const next = new Checkpoint('arn:1', file);
  expect(next.of('a')).toEqual({ after: '000000000000000000007', finished: false });
  expect(next.of('b')).toEqual({ finished: true });
  expect(readdirSync(join(folder, 'deeper'))).toEqual(['stream.json']);
});

it('counts as none when it is of another stream or broken', () => {
  const file = join(folder, 'stream.json');
  new Checkpoint('arn:1', file).set('a', { after: '7', finished: false });
  expect(new Checkpoint('arn:2', file).of('a').after).toBeUndefined();
  writeFileSync(file, '{"streamArn":"arn:1","shar');
  expect(new Checkpoint('arn:1', file).of('a').after).toBeUndefined();
});

it('forgets shards that are gone and remembers nothing after it was closed', () => {
  const file = join(folder, 'stream.json');
  const checkpoint = new Checkpoint('arn:1', file);
  checkpoint.set('a', { finished: true });
  checkpoint.keep(new Set(['b']));
  expect(checkpoint.of('a').finished).toBe(false);
  checkpoint.set('b', { after: '1', finished: false });
  checkpoint.close();
  checkpoint.set('b', { after: '2', finished: false });
  expect(new Checkpoint('arn:1', file).of('b').after).toBe('1');
});
