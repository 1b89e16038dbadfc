import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';

/** One line of a class or an interface. */
export interface ApiMember {
  readonly name: string;
  readonly type: string;
  readonly text: string;
}

export interface ApiEntry {
  readonly name: string;
  readonly kind: 'class' | 'interface' | 'type' | 'function';
  /** As the compiler declares it. */
  readonly code: string;
  readonly text: string;
  readonly members: readonly ApiMember[];
}

const COMMENT = String.raw`(?:\/\*\*((?:(?!\*\/)[\s\S])*)\*\/\s*)?`;

/** The text of a comment in one line. Its default comes last, and an example is left out. */
function textOf(comment = ''): string {
  const [said = ''] = comment.replaceAll(/\n\s*\*/g, '\n').split('@example');
  return said
    .replaceAll(/\s+/g, ' ')
    .replaceAll(/@default (?:- )?(\S.*)$/g, 'Default: $1')
    .replaceAll('@throws', 'Throws')
    .trim();
}

function membersOf(code: string): ApiMember[] {
  const body = code.slice(code.indexOf('{\n') + 2);
  const member = new RegExp(
    String.raw`^ {4}${COMMENT}((?:static |readonly |abstract |get )*)(\w+)(\??)(?:: ([\s\S]*?)|(\([\s\S]*?\)(?:: [^;]*)?));$`,
    'gm',
  );
  return [...body.matchAll(member)]
    .filter(([, , , name]) => name !== 'private' && name !== 'protected')
    .map(([, comment, modifiers = '', name = '', optional = '', type, signature]) => ({
      name: `${modifiers.includes('static') ? 'static ' : ''}${name}${optional}`,
      // A getter is used like a property, and how a constructor takes its properties apart is its own affair.
      type: (signature ?? type ?? '')
        .replaceAll(/\s+/g, ' ')
        .replace(modifiers.includes('get') ? '(): ' : '', '')
        .replace(/\{ [^}]* \}: (\w+Props)/, 'props: $1'),
      text: textOf(comment),
    }));
}

/** What an entry point exports, read from the declarations that the compiler makes. */
export function apiOf(entryPoint: string): { entries: ApiEntry[]; ours: ReadonlySet<string> } {
  const out = mkdtempSync(join(tmpdir(), 'declarations-'));
  try {
    execFileSync(join('node_modules', '.bin', 'tsc'), ['-p', 'tsconfig.build.json', '--outDir', out]);
    const index = join(out, entryPoint.replace(/\.ts$/, '.d.ts'));
    const files = readFileSync(index, 'utf8').matchAll(/export (type )?\{([^}]*)\} from '([^']+)'/g);
    const ours = new Set<string>();
    const entries = [...files].flatMap(([, , names = '', path = '']) => {
      const file = readFileSync(`${resolve(dirname(index), path)}.d.ts`, 'utf8');
      for (const [, name = ''] of file.matchAll(/^export (?:declare )?(?:abstract )?(?:class|interface|type) (\w+)/gm))
        ours.add(name);
      for (const [, imported = ''] of file.matchAll(/^import (?:type )?\{([^}]*)\} from '\./gm))
        for (const name of imported.split(',')) ours.add(name.replace('type ', '').trim());
      const exported = names.split(',').map((name) => name.replace('type ', '').trim());
      return exported.filter(Boolean).map((name) => entryOf(file, name));
    });
    return { entries, ours };
  } finally {
    rmSync(out, { recursive: true });
  }
}

function entryOf(file: string, name: string): ApiEntry {
  const declaration = new RegExp(
    String.raw`${COMMENT}(export (?:declare )?(?:abstract )?(class|interface|type|function) ${name}\b[\s\S]*?(?:^}|;)$)`,
    'm',
  );
  const [, comment, code = '', kind] = declaration.exec(file) ?? [];
  if (kind === undefined) throw new Error(`no declaration of ${name} was found`);
  const hasBody = kind === 'class' || kind === 'interface';
  // The first line that ends in a semicolon may be one of a body.
  const start = file.indexOf(code);
  const whole = hasBody && code.includes('{\n') ? file.slice(start, file.indexOf('\n}', start) + 2) : code;
  return {
    name,
    kind: kind as ApiEntry['kind'],
    code: whole,
    text: textOf(comment),
    members: hasBody ? membersOf(whole) : [],
  };
}

const cell = (text: string): string => text.replaceAll('|', String.raw`\|`);

/** The entries as a page. */
export function apiPage({ entries }: { entries: readonly ApiEntry[] }): string {
  const sections = entries
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
    .map(({ name, kind, code, text, members }) => {
      const [, parents] = new RegExp(String.raw`${name}[^{]*? extends ([\w, ]+?)(?: implements| \{)`).exec(code) ?? [];
      const rows = members.map((member) => `| \`${member.name}\` | \`${cell(member.type)}\` | ${cell(member.text)} |`);
      return [
        `## ${name}`,
        `${kind === 'class' && code.includes('abstract class') ? 'Abstract class' : kind[0]!.toUpperCase() + kind.slice(1)}${parents === undefined ? '' : `, extends \`${parents}\``}. ${text}`.trim(),
        ...(kind === 'type' || kind === 'function'
          ? [`\`\`\`\n${code.replaceAll(/^export (declare )?/g, '')}\n\`\`\``]
          : []),
        ...(rows.length === 0 ? [] : [['| member | type | meaning |', '|---|---|---|', ...rows].join('\n')]),
      ].join('\n\n');
    });
  return [
    '# Construct reference',
    'This page lists whatever `roma-instance-history/construct` exports, with its members. It is made from the source; [the construct](construct.md) shows how to use it.',
    ...sections,
    '',
  ]
    .join('\n\n')
    .replace(/\n\n$/, '\n');
}
