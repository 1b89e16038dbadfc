import { writeFileSync } from 'node:fs';
import { apiOf, apiPage } from '../support/api-page';
import { PAGE, readPage } from '../support/documents';

jest.setTimeout(60_000);

const page = PAGE.constructReference;

describe('what the construct exports', () => {
  const api = apiOf('lib/index.ts');

  it('stands in the reference, as the compiler declares it', () => {
    // UPDATE_REFERENCE=1 writes the page anew.
    if (process.env.UPDATE_REFERENCE === '1') writeFileSync(page, apiPage(api));
    expect(readPage(page)).toBe(apiPage(api));
    expect(api.entries.length).toBeGreaterThan(30);
  });

  it('names no type of this package that is not exported', () => {
    const exported = new Set(api.entries.map(({ name }) => name));
    const missing = api.entries.flatMap(({ name, code }) =>
      [...code.matchAll(/\b[A-Z][A-Za-z]*[a-z]\w*\b/g)]
        .filter(([type]) => api.ours.has(type) && !exported.has(type))
        .map(([type]) => `${name} names ${type}`),
    );
    expect(missing).toEqual([]);
  });

  it('leaves no choice of types to a property: texts are the only ones of which one may be chosen', () => {
    const choices = api.entries
      .flatMap(({ name, members }) => members.map((member) => [`${name}.${member.name}`, member.type] as const))
      .filter(([, type]) => !type.startsWith('('))
      .map(([member, type]) => [member, type.replace(/ \| undefined$/, '').split(' | ')] as const)
      .filter(([, types]) => types.length > 1 && !types.every((type) => /^'\w+'$/.test(type)));
    expect(choices).toEqual([]);
  });

  it('has a text for each type and each member, as awslint asks', () => {
    // What begins with a tag says only when it fails, or what holds without it.
    const saysNothing = /^(?:@|Default: |Throws |$)/;
    const silent = api.entries.flatMap(({ name, text, members }) => [
      ...(saysNothing.test(text) ? [name] : []),
      ...members
        .filter((member) => saysNothing.test(member.text) && member.name !== 'constructor')
        .map((member) => `${name}.${member.name}`),
    ]);
    expect(silent).toEqual([]);
  });

  it('says the default of each property that may be left out, as awslint asks', () => {
    const silent = api.entries
      .filter(({ kind }) => kind === 'interface')
      .flatMap(({ name, members }) =>
        members
          .filter((member) => member.name.endsWith('?') && !/Default: \S/.test(member.text))
          .map((member) => `${name}.${member.name}`),
      );
    expect(silent).toEqual([]);
  });
});
