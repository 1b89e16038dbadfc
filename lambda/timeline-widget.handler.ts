import { readWidgetConfig } from './config';
import { wireWidget } from './wire';

/** Invoked by CloudWatch dashboards that hold it as a custom widget. */
export const handler = wireWidget(readWidgetConfig(process.env));
