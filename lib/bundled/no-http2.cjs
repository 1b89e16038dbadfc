// The functions speak HTTP/1.1 only. undici goes on without HTTP/2 where Node has none, and loading it takes milliseconds.
throw new Error('there is no HTTP/2 in a function');
