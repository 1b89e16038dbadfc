import { readDiscoveryConfig, readPublishConfig } from '../../lambda/config';

const environment = {
  EVENT_BUS_NAME: 'history',
  FAILURE_QUEUE_URL: 'https://sqs.eu-central-1.amazonaws.com/1/failures',
  PATH: '/bin',
};

describe('the environment of the publisher', () => {
  it('needs a bus and a failure queue, and is silent about the baseline', () => {
    expect(readPublishConfig(environment)).toEqual({
      eventBusName: 'history',
      failureQueueUrl: environment.FAILURE_QUEUE_URL,
      publishBaseline: false,
    });
  });

  it('can have a feed and publish the baseline', () => {
    const more = { FEED_TOPIC_ARN: 'arn:aws:sns:eu-central-1:1:feed.fifo', PUBLISH_BASELINE: 'true' };
    expect(readPublishConfig({ ...environment, ...more })).toMatchObject({
      feedTopicArn: more.FEED_TOPIC_ARN,
      publishBaseline: true,
    });
  });

  it('takes an empty variable for an absent one', () => {
    expect(readPublishConfig({ ...environment, FEED_TOPIC_ARN: '', PUBLISH_BASELINE: '' })).toEqual(
      readPublishConfig(environment),
    );
  });

  it('names everything that is wrong at once, in one line', () => {
    const read = () => readPublishConfig({ FAILURE_QUEUE_URL: 'failures', PUBLISH_BASELINE: 'yes' });
    expect(read).toThrow(/EVENT_BUS_NAME.*FAILURE_QUEUE_URL.*PUBLISH_BASELINE|FAILURE_QUEUE_URL.*EVENT_BUS_NAME/);
    expect(read).toThrow(/^[^\n]*$/);
  });
});

describe('the environment of the discovery', () => {
  const given = {
    SCHEDULE_GROUP_NAME: 'group',
    SCHEDULE_TEMPLATE: JSON.stringify({ functionArn: 'f', roleArn: 'r', deadLetterArn: 'd', intervalMs: 300_000 }),
    CREDENTIALS_SECRET_ARN: 'secret',
  };

  it('may name targets to leave alone', () => {
    expect(readDiscoveryConfig(given).exclude).toEqual([]);
    const EXCLUDED_TARGETS = 'cn-north-4/project-number-000,cn-east-3/project-number-001';
    expect(readDiscoveryConfig({ ...given, EXCLUDED_TARGETS }).exclude).toEqual([
      { region: 'cn-north-4', projectId: 'project-number-000' },
      { region: 'cn-east-3', projectId: 'project-number-001' },
    ]);
  });

  it('is refused with the name of what is malformed', () => {
    const read = () => readDiscoveryConfig({ ...given, EXCLUDED_TARGETS: 'project', SCHEDULE_TEMPLATE: '{' });
    expect(read).toThrow(/SCHEDULE_TEMPLATE: must be .*EXCLUDED_TARGETS: must be targets/);
  });
});
