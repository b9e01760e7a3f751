/** A student signs in, looks at the notes, and is sent to pay for a plan: compiled, and run by the tests. */
import { connect, type Academy, type Schemas } from "./client.js";

export interface Told {
  notes: string[];
  plan: string;
  redirectUrl: string | null;
}

export async function signIn(academy: Academy, email: string, password: string): Promise<Schemas["SignedInUser"]> {
  const { data, error } = await academy.api.POST("/v1/auth/login", { body: { email, password } });
  if (error) throw new Error(error.code);
  if (!("accessToken" in data)) throw new Error("a second factor is asked for");
  academy.signedIn(data);
  return data.user;
}

export async function titles(academy: Academy): Promise<string[]> {
  const found: string[] = [];
  let cursor: string | null | undefined;
  do {
    const query = cursor ? { limit: 50, cursor } : { limit: 50 };
    const { data, error } = await academy.api.GET("/v1/notes", { params: { query } });
    if (error) throw new Error(error.code);
    found.push(...data.items.map((note) => note.title));
    cursor = data.nextCursor;
  } while (cursor);
  return found;
}

export async function buy(academy: Academy, planKey: string): Promise<Schemas["CheckoutResponse"]> {
  const { data, error } = await academy.api.POST("/v1/payments/checkout", {
    params: { header: { "Idempotency-Key": crypto.randomUUID() } },
    body: { planKey, billing: { state: "KA" } },
  });
  if (error) throw new Error(error.code);
  return data;
}

export async function story(baseUrl: string, email: string, password: string): Promise<Told> {
  const academy = connect({ baseUrl });
  await signIn(academy, email, password);
  const plans = await academy.api.GET("/v1/plans");
  const plan = plans.data?.items[0];
  if (plan === undefined) throw new Error("nothing is on sale");
  const { redirectUrl } = await buy(academy, plan.key);
  return { notes: await titles(academy), plan: plan.key, redirectUrl: redirectUrl ?? null };
}
