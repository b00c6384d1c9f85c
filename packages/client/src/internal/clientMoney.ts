/**
 * The budget and the usage records of a client, for costs that do not pass its
 * stages, those of tools; and the model of requests that name none.
 */
import type { MoneyServices } from "@kimi-effect/core/internal/MoneyServices"
import * as Effect from "effect/Effect"
import type { KimiClient } from "../KimiClient.ts"

type Client = KimiClient["Service"]
type Money = Pick<MoneyServices, "accounting" | "budget"> & { readonly defaultModel?: string | undefined }

/** Not a member of the client, whose members are fixed. */
const known = new WeakMap<Client, Effect.Effect<Money | undefined>>()

/** Remembers the services of a client, which may change over its life. */
export const register = (client: Client, money: Effect.Effect<Money | undefined>): Client => {
  known.set(client, money)
  return client
}

/** The services of a client; `undefined` for one that is no client of this library, whose services are not known. */
export const of = (client: Client): Effect.Effect<Money | undefined> =>
  Effect.suspend(() => known.get(client) ?? Effect.undefined)

/** Clients that record no usage. One that wraps another is not among them: the other may change. */
const unrecorded = new WeakSet<Client>()

/** Remembers that a client has no usage records. */
export const setUnrecorded = (client: Client): void => void unrecorded.add(client)

/** Whether what a caller adds to record the usage of a client's calls may get any. */
export const isRecorded = (client: Client): boolean => !unrecorded.has(client)
