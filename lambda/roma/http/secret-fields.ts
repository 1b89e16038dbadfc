/** Last words of a name that tells a secret. `password_expires_at` does not, `db_password` does. */
const SECRET =
  /(?:password|passwd|passphrase|passcode|pwd|secret|token|credential|authorization|(?:secret|access|private|api|app|auth|signing|encryption|shared|master|ssh)_?key|(?:^|_)(?:pass|psk|otp|sk|ak))$/;
/** What may stand behind them and says which one, not what it is. */
const WHICH = new Set(
  'value values string text plain plaintext data binary content encoded encrypted old new current previous next default confirm confirmation repeat primary secondary v'.split(
    ' ',
  ),
);
/** `{name: 'password', value: …}`: fields that name another one, and fields that hold what was named. */
const NAMING = new Set('name key field param parameter property attribute variable header option id type'.split(' '));
const HOLDING = new Set('value values val content default'.split(' '));

/** What a field is for, as its name tells. `secrets`: several, or a number of them. */
export type FieldKind = 'secret' | 'secrets' | 'naming' | 'holding' | 'other';

export function kindOfField(name: string): FieldKind {
  const words = name
    .replaceAll(/([a-z0-9])([A-Z])/g, '$1_$2')
    .toLowerCase()
    .split(/[^a-z]+/)
    .filter((word) => word !== '');
  const last = words.at(-1) ?? '';
  while (words.length > 1 && WHICH.has(words.at(-1) ?? '')) words.pop();
  const rest = words.join('_').replace(/access_key_id$/, 'access_key');
  if (SECRET.test(rest)) return 'secret';
  if (rest.endsWith('s') && SECRET.test(rest.slice(0, -1))) return 'secrets';
  return NAMING.has(last) ? 'naming' : HOLDING.has(last) ? 'holding' : 'other';
}
