/**
 * How a call ended, as plain data to compare.
 */
import type { KimiError } from "@kimi-effect/core/KimiError"
import { Effect, Result, Stream } from "effect"
import { type Client, hello } from "./kimi.ts"

export type Mode = "chat" | "stream"

/** Makes one call and discards its response. */
export const call = (client: Client, mode: Mode, request = hello): Effect.Effect<void, KimiError> =>
  mode === "chat" ? Effect.asVoid(client.chat(request)) : Stream.runDrain(client.stream(request))

const shown = [
  "_tag",
  "provider",
  "model",
  "status",
  "code",
  "limit",
  "location",
  "contentType",
  "type",
  "requestId",
  "traceId",
  "partial"
] as const

/** The members of an error that identify it, without its message. */
export const facts = (error: KimiError): { readonly [name: string]: unknown } =>
  Object.fromEntries(Object.entries({ ...error }).filter(([name]) => shown.some((member) => member === name)))

/** `"answer"`, or the facts of the error. */
export const outcome = (client: Client, mode: Mode, request = hello) =>
  Effect.map(
    Effect.result(call(client, mode, request)),
    Result.match({ onSuccess: () => "answer" as const, onFailure: facts })
  )
