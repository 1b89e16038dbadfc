// The AWS SDK prints a warning about Node 20 once per process, which would drown the test output.
process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED = 'true';
