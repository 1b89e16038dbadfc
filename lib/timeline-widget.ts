import { Duration } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import { Construct } from 'constructs';
import { ENV } from '../lambda/contract';
import type { HistoryTable } from './history-table';
import { NodeFunction } from './node-function';

/** What a timeline draws, and for how many. */
export interface TimelineOptions {
  /** The only targets that it draws, each as `region/projectId`. @default - all of the history */
  readonly targets?: readonly string[] | undefined;
  /** How many people it may draw for at one time; a new account can reserve none. @default - the account's limit */
  readonly reservedConcurrentExecutions?: number | undefined;
}

/** A timeline, and the history that it draws. */
export interface TimelineWidgetProps extends TimelineOptions {
  /** The history that is drawn. */
  readonly history: HistoryTable;
}

/** Draws the timeline into a dashboard. Whoever looks at it needs `lambda:InvokeFunction` on this function. */
export class TimelineWidget extends Construct {
  /** What draws; whoever looks must be allowed to invoke it. */
  readonly function: NodeFunction;
  /** For any dashboard of the same region. */
  readonly widget: cloudwatch.IWidget;

  constructor(scope: Construct, id: string, props: TimelineWidgetProps) {
    super(scope, id);
    if (props.targets?.length === 0) throw new Error('a timeline must have a target, or leave "targets" out for all');
    this.function = new NodeFunction(this, 'Draw', {
      entry: 'timeline-widget.handler.ts',
      description: 'Draws the timeline of ROMA Connect instances into a dashboard',
      memorySize: 512,
      timeout: Duration.seconds(30),
      reservedConcurrentExecutions: props.reservedConcurrentExecutions,
    });
    props.history.grantDraw(this.function);
    if (props.targets !== undefined) this.function.addEnvironment(ENV.drawnTargets, props.targets.join(','));
    this.widget = new cloudwatch.CustomWidget({
      title: 'Timeline',
      functionArn: this.function.fn.functionArn,
      width: 24,
      height: 10,
      updateOnRefresh: true,
      updateOnResize: true,
      updateOnTimeRangeChange: true,
    });
  }
}
