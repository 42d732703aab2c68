/** The admin endpoints lie beside the page, the service's own one level up. */
const KEY = "fettle-token";

export class ApiError extends Error {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
  }
}

let denied: () => void = () => undefined;

/** Called whenever an answer says that the token is missing or wrong. */
export function onDenied(handler: () => void) {
  denied = handler;
}

export const token = {
  get: () => sessionStorage.getItem(KEY) ?? "",
  set: (value: string) => sessionStorage.setItem(KEY, value),
  clear: () => sessionStorage.removeItem(KEY),
};

export function authorised(init: RequestInit = {}): RequestInit {
  const headers = new Headers(init.headers);
  if (token.get()) headers.set("Authorization", `Bearer ${token.get()}`);
  return { ...init, headers };
}

async function problem(answer: Response): Promise<ApiError> {
  let detail = `${answer.status} ${answer.statusText}`;
  try {
    const body = await answer.json();
    detail = body.detail ?? body.title ?? detail;
  } catch {
    // Not a problem document: the status has to do.
  }
  return new ApiError(answer.status, detail);
}

export async function send(path: string, init: RequestInit = {}): Promise<Response> {
  const answer = await fetch(path, authorised(init));
  if (answer.status === 401) denied();
  if (!answer.ok) throw await problem(answer);
  return answer;
}

export async function getJson<T>(path: string, signal?: AbortSignal): Promise<T> {
  return (await send(path, { signal })).json();
}

export async function getText(path: string, signal?: AbortSignal): Promise<string> {
  return (await send(path, { signal })).text();
}

export function sendJson(method: string, path: string, body?: unknown): Promise<Response> {
  return send(path, {
    method,
    headers: body === undefined ? undefined : { "Content-Type": "application/json" },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
}
