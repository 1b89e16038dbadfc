// Importing node:http as a module reads all that it exports. One of that is WebSocket, for which Node loads its own HTTP
// client: a tenth of a cold start.
module.exports = require('http');
