// Asks the program; it answers only to what this very page can send.

/** The answer, or `null` when there is none. */
export async function post(path, body) {
  try {
    const headers = { 'content-type': 'application/json' };
    const response = await fetch(path, { method: 'POST', headers, body: JSON.stringify(body) });
    return response.ok ? response : null;
  } catch {
    return null;
  }
}
