import * as z from 'zod';
import { UsageError } from '../core/model/errors';
import { toInstant } from '../core/model/instant';
import { parseTarget, type Target } from '../core/model/instance';
import { type Period, periodBetween } from './period';

const range = z.object({ start: z.number(), end: z.number() });

/** What a CloudWatch dashboard sends, as far as it is used. Source: AWS, "Details about custom widgets in CloudWatch". */
const eventSchema = z.object({
  describe: z.boolean().optional(),
  /** Parameters of the widget: the one target that is drawn. */
  target: z.string().optional(),
  widgetContext: z
    .object({
      /** `zoom` is set while the dashboard is zoomed in. Milliseconds since the epoch. */
      timeRange: range.extend({ zoom: range.nullish() }),
      theme: z.string().optional(),
      /** Pixels inside the widget. */
      width: z.number().optional(),
      height: z.number().optional(),
    })
    .optional(),
});

export interface WidgetRequest {
  readonly period: Period;
  readonly theme: 'light' | 'dark';
  /** Pixels. */
  readonly width: number;
  readonly targets: readonly Target[];
}

/**
 * Reads what the dashboard asks for. A range that reaches into the future is kept: nothing is drawn there.
 * @returns `describe` when the dashboard asks for the documentation
 * @throws UsageError when the event is none of a dashboard, or names no target or period that can be drawn
 */
export function readWidgetRequest(event: unknown): 'describe' | WidgetRequest {
  const { success, data } = eventSchema.safeParse(event);
  if (!success || (data.describe !== true && data.widgetContext === undefined)) {
    throw new UsageError(
      'the event is not one of a CloudWatch dashboard: add this function to a dashboard as a custom widget, or invoke it with {"describe": true}',
    );
  }
  if (data.describe === true || data.widgetContext === undefined) return 'describe';
  const { timeRange, theme, width = 600 } = data.widgetContext;
  const { start, end } = timeRange.zoom ?? timeRange;
  const limit = 8.64e15;
  if (Math.abs(start) > limit || Math.abs(end) > limit)
    throw new UsageError('the time range of the dashboard is no time');
  return {
    period: periodBetween(toInstant(start), toInstant(end)),
    theme: theme === 'dark' ? 'dark' : 'light',
    width: Math.max(120, Math.min(10_000, width)),
    targets: data.target === undefined ? [] : [parseTarget(data.target)],
  };
}
