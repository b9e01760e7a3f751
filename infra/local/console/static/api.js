/* Calls of the control API, and of the API itself for signing in. */

const call = async (method, path, body) => {
  const answer = await fetch(path, {
    method,
    headers: body === undefined ? {} : { "Content-Type": "application/json" },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  const text = await answer.text();
  let value = null;
  try { value = text ? JSON.parse(text) : null; } catch { value = null; }
  if (!answer.ok) {
    const error = new Error((value && (value.message || value.code)) || `${method} ${path} answered ${answer.status}`);
    error.status = answer.status;
    throw error;
  }
  return value;
};

export const get = (name) => call("GET", `/_local/${name}`);
export const post = (name, body = {}) => call("POST", `/_local/${name}`, body);
export const clear = (name) => call("DELETE", `/_local/${name}`);
export const signIn = (email, password) => call("POST", "/v1/auth/login", { email, password });

/* The rows of a list; null where the local cloud has no such call. */
export const items = async (name) => {
  try {
    const answer = await get(name);
    return Array.isArray(answer) ? answer : answer.items || [];
  } catch (error) {
    if (error.status === 404) return null;
    throw error;
  }
};
