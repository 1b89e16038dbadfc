import { Duration } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import { Construct } from 'constructs';
import type { HistoryTable } from './history-table';
import { NodeFunction } from './node-function';

export interface TimelineWidgetProps {
  readonly history: HistoryTable;
}

/** Draws the timeline into a dashboard. Whoever looks at it needs `lambda:InvokeFunction` on this function. */
export class TimelineWidget extends Construct {
  readonly function: NodeFunction;
  readonly widget: cloudwatch.IWidget;

  constructor(scope: Construct, id: string, props: TimelineWidgetProps) {
    super(scope, id);
    this.function = new NodeFunction(this, 'Draw', {
      entry: 'timeline-widget.handler.ts',
      description: 'Draws the timeline of ROMA Connect instances into a dashboard',
      memorySize: 512,
      timeout: Duration.seconds(30),
    });
    props.history.grantDraw(this.function);
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
