/** Requests to the service. */
import * as Effect from "effect/Effect"
import { environment } from "./manifests.ts"

export const question = { messages: [{ role: "user", content: "Hello world!" }] }

/** The token of a tenant of the manifests. */
export const tokenOf = (tenant: "acme" | "globex"): string =>
  new RegExp(`${tenant}=([^,]*)`).exec(environment("")["SERVICE_TENANTS"] ?? "")?.[1] ?? ""

const read = async (response: Response) => {
  const text = await response.text()
  const isJson = /json/.test(response.headers.get("content-type") ?? "")
  return {
    status: response.status,
    headers: response.headers,
    text,
    json: isJson ? (JSON.parse(text) as Record<string, unknown>) : {}
  }
}

const send = (url: string, init?: RequestInit): Promise<Response> => fetch(url, init)

export const get = (url: string) => Effect.promise(() => send(url).then(read))

/** The response as soon as it begins. */
export const open = (service: { readonly url: string }, path: string, body: unknown, by = tokenOf("acme")) =>
  Effect.promise(() =>
    send(service.url + path, {
      method: "POST",
      headers: { authorization: `Bearer ${by}`, "content-type": "application/json" },
      body: JSON.stringify(body)
    })
  )

/** The whole response. */
export const ask = (service: { readonly url: string }, path: string, body: unknown, by = tokenOf("acme")) =>
  Effect.flatMap(open(service, path, body, by), (response) => Effect.promise(() => read(response)))
