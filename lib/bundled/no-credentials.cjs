// A function finds its credentials in its environment. The other places where the SDK would look take 100 KB.
const refuse = () => {
  throw new Error('a function has its credentials in its environment, and there are none');
};
module.exports = {
  fromIni: refuse,
  fromLoginCredentials: refuse,
  fromProcess: refuse,
  fromSSO: refuse,
  fromTokenFile: refuse,
  fromWebToken: refuse,
};
