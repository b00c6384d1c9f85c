/**
 * Errors as plain members, so that a whole error can be compared.
 */
import type { ErrorContext, ErrorResponse } from "../../../src/internal/mapError.ts"
import * as Headers from "effect/http/Headers"

/** Every member of an error, its message included. */
export const fields = (error: Error): Record<string, unknown> => ({ ...error, message: error.message })

/** A call of kimi-k3 at Moonshot with a key. */
export const call: ErrorContext = {
  provider: "moonshot",
  isMoonshot: true,
  model: "kimi-k3",
  secret: "sk-0123456789abcdef"
}

/** The host's clock in these tests: 2026-11-22 12:00:00 UTC. */
export const now = Date.UTC(2026, 10, 22, 12)

/** A response with a status; headers and body are empty by default. */
export const answer = (
  status: number,
  rest: { readonly headers?: Headers.Input; readonly body?: string } = {}
): ErrorResponse => ({ status, headers: Headers.fromInput(rest.headers ?? {}), body: rest.body ?? "", now })

/** An error body in Kimi's format. */
export const errorBody = (message: string, type?: string): string =>
  JSON.stringify({ error: { message, ...(type === undefined ? {} : { type }) } })
