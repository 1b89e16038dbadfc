/** What goes back to a client: status, body and headers. Text is sent as it is, anything else as JSON. */
export interface Answer {
  readonly status: number;
  readonly body: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Put in place of the id of the request, so that body and `X-Request-Id` agree. */
export const REQUEST_ID = '13760c1fe8655e61209b75665e9bef43';

/** ROMA's own shape. Messages are those of the API's documentation. */
export const roma = (
  status: number,
  error_code: string,
  error_msg: string,
  error_details = 'some error details here',
): Answer => ({
  status,
  body: { error_code, error_msg, error_details, request_id: REQUEST_ID },
});

/** The shape of the gateway in front of every service; the order of its keys differs from ROMA's. */
export const gateway = (
  status: number,
  error_code: string,
  error_msg: string,
  headers: Readonly<Record<string, string>> = {},
): Answer => ({
  status,
  body: { error_msg, error_code, request_id: REQUEST_ID },
  headers,
});

/** IAM v3: nested, and the code is a number. */
export const iam = (code: number, title: string, message: string): Answer => ({
  status: code,
  body: { error: { code, message, title } },
});

/** IAM v3.0. */
export const iam30 = (status: number, error_code: string, error_msg: string): Answer => ({
  status,
  body: { error_msg, error_code },
});

const authInfo = (reason: string): Answer =>
  gateway(401, 'APIGW.0301', `Incorrect IAM authentication information: ${reason}`);

export const invalidParameter = (name: string, details: string): Answer =>
  roma(
    400,
    'ROMA.00013000',
    `Invalid parameter value,parameterName:${name}. Please refer to the support documentation`,
    details,
  );

/** Every error shape that real clouds have been seen to send, by name. */
export const ERROR_ANSWERS = {
  romaInvalidParameter: invalidParameter('name', 'some error details here'),
  romaIncorrectToken: roma(401, 'ROMA.00012000', 'Incorrect token or token resolution failed'),
  romaNoPermission: roma(403, 'ROMA.00012000', 'No permissions to request this method'),
  romaSystemError: roma(500, 'ROMA.00011000', 'System error'),
  /** The second family of codes answers 400 where others say 401. */
  romaNoTokenAs400: roma(400, 'ROMA.1000', 'No token is available'),
  romaIncorrectTokenAs400: roma(400, 'ROMA.1002', 'Incorrect token'),
  gatewayTokenExpired: authInfo('token expires, expires_at: 2026-11-22T10:00:00.000000Z'),
  gatewayTokenUnreadable: authInfo('decrypt token fail'),
  gatewayTokenMissing: authInfo('x-auth-token not found'),
  gatewayTokenMustBeUpdated: gateway(401, 'APIGW.0307', 'The token must be updated'),
  gatewayUnknownAccessKey: authInfo('ak access_key_id not exist'),
  gatewaySignatureFailed: authInfo('verify aksk signature fail'),
  gatewayNotPublished: gateway(
    404,
    'APIGW.0101',
    'The API does not exist or has not been published in the environment',
  ),
  gatewayUserForbidden: gateway(403, 'APIGW.0802', 'The IAM user is forbidden in the currently selected region'),
  gatewayProjectUnavailable: gateway(403, 'APIGW.0310', 'The project is unavailable'),
  gatewayThrottled: gateway(
    429,
    'APIGW.0308',
    'The throttling threshold has been reached: policy user over ratelimit,limit:200,time:1 minute',
  ),
  gatewayThrottledBySecond: gateway(
    429,
    'APIGW.0308',
    'The throttling threshold has been reached: policy ip over ratelimit,limit:5,time:1 second',
  ),
  /** Says how long to wait in the header alone. */
  gatewayThrottledRetryAfter: gateway(429, 'APIGW.0308', 'The throttling threshold has been reached', {
    'retry-after': '2',
  }),
  gatewayThrottledBare: gateway(429, 'APIGW.0308', 'The throttling threshold has been reached'),
  gatewayInternal: gateway(500, 'APIGW.0601', 'Internal server error'),
  gatewayBackendUnavailable: gateway(502, 'APIGW.0201', 'Backend unavailable'),
  gatewayIamUnavailable: gateway(503, 'APIGW.0613', 'The IAM service is temporarily unavailable'),
  gatewayBackendTimeout: gateway(504, 'APIGW.0201', 'Backend timeout'),
  iamWrongPassword: iam(401, 'Unauthorized', 'The username or password is wrong.'),
  iamBadRequest: iam(400, 'Bad Request', 'The request body is invalid'),
  iamForbidden: iam(403, 'Forbidden', 'You have no right to do this action'),
  iamInternal: iam(
    500,
    'Internal Server Error',
    'An unexpected error prevented the server from fulfilling your request.',
  ),
  iam30Unauthenticated: iam30(401, 'IAM.0001', 'The request you have made requires authentication.'),
  iam30Forbidden: iam30(403, 'IAM.0003', 'Forbidden operation'),
  codeAndMessage: { status: 500, body: { code: 'Common.0001', message: 'System internal error' } },
  emptyNotFound: { status: 404, body: '' },
  wafBlock: {
    status: 418,
    body: '<!DOCTYPE html><html><head><title>418</title></head><body><h1>Your request has been blocked.</h1></body></html>',
    headers: { 'content-type': 'text/html; charset=utf-8' },
  },
  proxyBadGateway: {
    status: 502,
    body: '<html><head><title>502 Bad Gateway</title></head><body><center><h1>502 Bad Gateway</h1></center></body></html>',
    headers: { 'content-type': 'text/html' },
  },
} satisfies Record<string, Answer>;
export type ErrorName = keyof typeof ERROR_ANSWERS;
