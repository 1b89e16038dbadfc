import { createServer } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { listenOnLoopback } from '../../bin/sandbox/loopback-server';

/** A loopback server for the part of S3 that the export uses: PutObject, in path style. */
export async function startS3() {
  /** By `bucket/key`. */
  const objects = new Map<string, Buffer>();
  let refusal: number | undefined;
  const server = createServer((request, response) => {
    const put = async (): Promise<void> => {
      const body = await buffer(request);
      const key = decodeURIComponent(new URL(request.url ?? '', 'http://s3').pathname.slice(1));
      const isPut = request.method === 'PUT' && request.headers.authorization?.startsWith('AWS4-HMAC-SHA256') === true;
      response.statusCode = refusal ?? (isPut ? 200 : 400);
      if (response.statusCode === 200) objects.set(key, body);
      response.end(response.statusCode === 200 ? '' : '<Error><Code>AccessDenied</Code><Message>No</Message></Error>');
    };
    put().catch(() => response.destroy());
  });
  const { endpoint, stop } = await listenOnLoopback(server);
  return {
    objects,
    stop,
    /** Answers with this status from now on. */
    refuse: (status: number | undefined) => void (refusal = status),
    endpoint,
    clientConfig: {
      endpoint,
      region: 'local-1',
      forcePathStyle: true,
      maxAttempts: 1,
      credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
    },
  };
}
