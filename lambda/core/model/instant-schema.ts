import * as z from 'zod';

/** An instant as events have it. Not beside the instant itself, because the page needs that, and no validator. */
/** The form of an instant where events carry it. */
export const instantSchema = z
  .string()
  .regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/, 'is no time such as 2026-11-22T10:00:03.120Z')
  .meta({ format: 'date-time' });
