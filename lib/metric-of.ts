import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import { METRIC_DIMENSION, METRIC_NAMESPACE } from '../lambda/contract';

/** A metric of the contract. @param service the name of the function that emits it, or of the table */
export const metricOf = (service: string, metricName: string, options: cloudwatch.MetricOptions = {}) =>
  new cloudwatch.Metric({
    namespace: METRIC_NAMESPACE,
    metricName,
    dimensionsMap: { [METRIC_DIMENSION.service]: service },
    statistic: 'Maximum',
    ...options,
  });
