/** What an error answer says, in whatever shape. */
export interface Said {
  readonly code?: string | undefined;
  readonly message?: string | undefined;
  readonly requestId?: string | undefined;
}

/**
 * Reads `{error_code,error_msg}`, `{error:{code,message}}`, `{code,message}`, any object in which one of these lies, or
 * text.
 * @param hide takes the secrets out of a text before its tags are taken out, which would leave a part of a secret with `<` in it
 */
export function readErrorBody(body: string, hide: (text: string) => string): Said {
  let json: unknown;
  try {
    json = JSON.parse(body);
  } catch {
    // Text in which every other byte is zero is of an encoding that the answer did not name.
    const text = body.includes('\0') ? '' : wordsOf(hide(body)).trim();
    return { message: text === '' ? undefined : text };
  }
  if (typeof json !== 'object' || json === null) return typeof json === 'string' ? { message: json } : {};
  const found = [json, ...Object.values(json)]
    .filter((value): value is Record<string, unknown> => typeof value === 'object' && value !== null)
    .map(readFields)
    .find(({ code, message }) => code !== undefined || message !== undefined);
  const requestId = textOf((json as Record<string, unknown>).request_id);
  return { ...found, requestId };
}

function readFields(fields: Record<string, unknown>): Said {
  const code = textOf(fields.error_code) ?? textOf(fields.errorcode) ?? textOf(fields.code) ?? textOf(fields.type);
  const message = ['error_msg', 'error_message', 'message', 'detail'].map((name) => textOf(fields[name])).find(Boolean);
  const details = textOf(fields.error_details);
  const whole = details !== undefined && details !== message ? [message, details].filter(Boolean).join('; ') : message;
  return { code, message: whole };
}

function textOf(value: unknown): string | undefined {
  if (typeof value === 'string') return value === '' ? undefined : value;
  if (typeof value === 'number') return String(value);
  return Array.isArray(value) ? textOf(value[0]) : undefined;
}

/** A page without its tags, scripts and styles. Each character is looked at a fixed number of times, whatever is not closed. */
function wordsOf(html: string): string {
  const end = /<\/(?:script|style)/gi;
  let words = '';
  let at = 0;
  for (const { 0: tag, 1: hidden, index } of html.matchAll(/<(script|style)?[^<>]*>/gi)) {
    if (index < at) continue;
    words += `${html.slice(at, index)} `;
    at = index + tag.length;
    if (hidden === undefined) continue;
    end.lastIndex = at;
    at = end.exec(html)?.index ?? html.length;
  }
  return words + html.slice(at);
}
