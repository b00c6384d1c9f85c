/** The only place that lists the members of `KimiClient` again: everything that wraps a client derives from it. */
import * as Effect from "effect/Effect"
import type * as Stream from "effect/Stream"
import type { KimiClient } from "../KimiClient.ts"
import * as ClientMoney from "./clientMoney.ts"

type Client = KimiClient["Service"]

/** A member of `KimiClient`. */
export type Member = keyof Client

/**
 * How to make each kind of member. Each function gets the member's name and how
 * to call it on a client.
 */
export interface MemberMapping {
  readonly effect: <A, E>(call: (client: Client) => Effect.Effect<A, E>, member: Member) => Effect.Effect<A, E>
  readonly stream: <A, E>(call: (client: Client) => Stream.Stream<A, E>, member: Member) => Stream.Stream<A, E>
  readonly text: (call: (client: Client) => string, member: Member) => string
}

/** Builds a client whose members are made by `mapping`. A new member of `KimiClient` is a type error here. */
export const mapClient = ({ effect, stream, text }: MemberMapping): Client =>
  ClientMoney.register(
    {
      chat: (request) => effect((client) => client.chat(request), "chat"),
      stream: (request) => stream((client) => client.stream(request), "stream"),
      models: effect((client) => client.models, "models"),
      estimateTokens: (request) => effect((client) => client.estimateTokens(request), "estimateTokens"),
      balance: effect((client) => client.balance, "balance"),
      health: effect((client) => client.health, "health"),
      metrics: effect((client) => client.metrics, "metrics"),
      describe: () => text((client) => client.describe(), "describe")
    },
    // Only the mapping knows which client it wraps at present; `metrics` is a member that calls no host.
    Effect.suspend(() => effect(ClientMoney.of, "metrics"))
  )
