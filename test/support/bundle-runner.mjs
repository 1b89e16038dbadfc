// Stands for the Lambda runtime: loads the bundle once and calls its handler for each event that the parent sends.
import { pathToFileURL } from 'node:url';

const [file, timeoutSeconds] = process.argv.slice(2);
let loaded;
process.on('message', async ({ event }) => {
  const end = Date.now() + Number(timeoutSeconds) * 1000;
  try {
    loaded ??= import(pathToFileURL(file).href);
    const { handler } = await loaded;
    const context = {
      awsRequestId: '00000000-0000-0000-0000-000000000000',
      getRemainingTimeInMillis: () => end - Date.now(),
    };
    process.send({ result: (await handler(event, context)) ?? null });
  } catch (error) {
    process.send({ error: { name: error.name, message: error.message } });
  }
});
