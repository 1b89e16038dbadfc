/** What an error answer says, in whatever shape. */
export interface Said {
  readonly code?: string;
  readonly message?: string;
  readonly requestId?: string;
}

/** Reads `{error_code,error_msg}`, `{error:{code,message}}`, `{code,message}`, any object in which one of these lies, or text. */
export function readErrorBody(body: string): Said {
  let json: unknown;
  try {
    json = JSON.parse(body);
  } catch {
    const text = body
      .replaceAll(/<(script|style)[\s\S]*?<\/\1>/gi, ' ')
      .replaceAll(/<[^>]*>/g, ' ')
      .trim();
    return text === '' ? {} : { message: text };
  }
  if (typeof json !== 'object' || json === null) return typeof json === 'string' ? { message: json } : {};
  const found = [json, ...Object.values(json)]
    .filter((value): value is Record<string, unknown> => typeof value === 'object' && value !== null)
    .map(readFields)
    .find(({ code, message }) => code !== undefined || message !== undefined);
  const requestId = textOf((json as Record<string, unknown>).request_id);
  return { ...found, ...(requestId === undefined ? {} : { requestId }) };
}

function readFields(fields: Record<string, unknown>): Said {
  const code = textOf(fields.error_code) ?? textOf(fields.errorcode) ?? textOf(fields.code) ?? textOf(fields.type);
  const message = ['error_msg', 'error_message', 'message', 'detail'].map((name) => textOf(fields[name])).find(Boolean);
  const details = textOf(fields.error_details);
  const whole = details !== undefined && details !== message ? [message, details].filter(Boolean).join('; ') : message;
  return { ...(code === undefined ? {} : { code }), ...(whole === undefined ? {} : { message: whole }) };
}

function textOf(value: unknown): string | undefined {
  if (typeof value === 'string') return value === '' ? undefined : value;
  if (typeof value === 'number') return String(value);
  return Array.isArray(value) ? textOf(value[0]) : undefined;
}
