/** The ids under which the support of a host finds a response. */
import { toId } from "@kimi-effect/core/internal/HostWords"
import type { Message } from "@kimi-effect/core/Message"
import type * as Headers from "effect/http/Headers"
import { redactSecrets } from "@kimi-effect/core/internal/Secrets"

/** What must not be in an id. */
export interface IdContext {
  /** The key in plain text. */
  readonly secret?: string | undefined
  readonly messages?: ReadonlyArray<Message> | undefined
}

/** Moonshot's own headers before those of a gateway. */
const requestIdHeaders = ["msh-request-id", "x-request-id"] as const
const traceIdHeaders = ["x-msh-trace-id", "x-trace-id"] as const

/** The value if it is an id without a key and without a quote of the conversation. */
export const readId = (value: unknown, { messages, secret }: IdContext): string | undefined => {
  const id = toId(value, messages)
  if (id === undefined || (secret !== undefined && secret !== "" && id.includes(secret))) return undefined
  return redactSecrets(id) === id ? id : undefined
}

const firstId = (headers: Headers.Headers, names: ReadonlyArray<string>, context: IdContext): string | undefined => {
  for (const name of names) {
    const id = readId(headers[name], context)
    if (id !== undefined) return id
  }
  return undefined
}

/** The ids in the headers of a response. */
export const responseIds = (headers: Headers.Headers, context: IdContext): { requestId?: string; traceId?: string } => {
  const requestId = firstId(headers, requestIdHeaders, context)
  const traceId = firstId(headers, traceIdHeaders, context)
  return { ...(requestId === undefined ? {} : { requestId }), ...(traceId === undefined ? {} : { traceId }) }
}
