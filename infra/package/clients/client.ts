/**
 * A typed client of the Pathshala API.
 *
 *     const academy = connect({ baseUrl: "https://api.academy.example" });
 *     const { data, error } = await academy.api.GET("/v1/plans");
 *
 * Paths, parameters, bodies, answers and errors are typed by `schema.d.ts`, which is made from the OpenAPI document. Of
 * somebody who signed in, every request carries the access token; one that has expired (`TOKEN_EXPIRED`) is refreshed
 * once, however many requests meet it at the same moment, and the request is sent again.
 */
import createClient, { type Client, type Middleware } from "openapi-fetch";
import type { components, paths } from "./schema.js";

export type Schemas = components["schemas"];

/** What a sign-in answered; keep it where the app keeps secrets. */
export interface Tokens {
  accessToken: string;
  refreshToken: string | null;
}

export interface Options {
  baseUrl: string;
  /** Of an earlier sign-in. */
  tokens?: Tokens;
  /** Told whenever the tokens change; null: signed out, or the session has ended. */
  onTokens?: (tokens: Tokens | null) => void;
  fetch?: (request: Request) => Promise<Response>;
}

export interface Academy {
  api: Client<paths>;
  tokens(): Tokens | null;
  signedIn(tokens: Tokens): void;
  signedOut(): void;
}

export function connect(options: Options): Academy {
  const send = options.fetch ?? ((request: Request) => fetch(request));
  const waiting = new Map<string, Request>();
  let tokens: Tokens | null = options.tokens ?? null;
  let refreshing: Promise<boolean> | null = null;

  function change(next: Tokens | null): void {
    tokens = next;
    options.onTokens?.(next);
  }

  async function refresh(refreshToken: string): Promise<boolean> {
    const bare = createClient<paths>({ baseUrl: options.baseUrl, fetch: send });
    const { data, response } = await bare.POST("/v1/auth/refresh", { body: { refreshToken } });
    if (data) change(data);
    else if (response.status === 401) change(null);
    return data !== undefined;
  }

  const bearer: Middleware = {
    onRequest({ request, id }) {
      if (tokens === null || request.headers.has("Authorization")) return undefined;
      request.headers.set("Authorization", `Bearer ${tokens.accessToken}`);
      waiting.set(id, request.clone());
      return request;
    },
    async onResponse({ response, id }) {
      const again = waiting.get(id);
      waiting.delete(id);
      if (again === undefined || response.status !== 401) return undefined;
      const { code } = (await response.clone().json()) as { code?: string };
      if (code !== "TOKEN_EXPIRED" || !tokens?.refreshToken) return undefined;
      if (again.headers.get("Authorization") === `Bearer ${tokens.accessToken}`) {
        refreshing ??= refresh(tokens.refreshToken).finally(() => (refreshing = null));
        if (!(await refreshing)) return undefined;
      }
      again.headers.set("Authorization", `Bearer ${tokens.accessToken}`);
      return send(again);
    },
    onError({ id }) {
      waiting.delete(id);
    },
  };

  const api = createClient<paths>({ baseUrl: options.baseUrl, fetch: send });
  api.use(bearer);
  return { api, tokens: () => tokens, signedIn: change, signedOut: () => change(null) };
}
