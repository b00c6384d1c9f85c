/** Decoded replies: the same reply to the same kind of request is decoded once. */
import type { ModelRequest } from "@kimi-effect/core/ChatRequest"
import type { Fault } from "../../Fault.ts"
import type { Explicit } from "../../Reply.ts"
import type { RenderedReply } from "../wirePlan.ts"
import type { Step } from "./Engine.ts"
import { ownFailures } from "./failureReplies.ts"

/** A reply and its decoded value. */
export interface Decoded<A> {
  readonly rendered: RenderedReply
  readonly value: A
}

type WireStep = Step & { readonly _tag: "Wire" }

interface Remembered<A> {
  readonly find: (request: ModelRequest, step: WireStep) => Decoded<A> | undefined
  readonly add: (request: ModelRequest, step: WireStep, decoded: Decoded<A>) => void
}

/** Decoding reads the tools and the number of choices of a request, in addition to its model. */
const isPlain = ({ messages, n, tools }: ModelRequest): boolean =>
  tools === undefined &&
  n === undefined &&
  messages.every((message) => message.role !== "system" || !("tools" in message))

/** What decides the outcome of a step. */
const keyOf = ({ fault, reply }: WireStep): Fault | Explicit => fault ?? reply

const make = <A>(isAccepted: (step: WireStep) => boolean): Remembered<A> => {
  const byKey = new WeakMap<Fault | Explicit, Map<string, Decoded<A>>>()
  return {
    find: (request, step) =>
      isAccepted(step) && isPlain(request) ? byKey.get(keyOf(step))?.get(request.model) : undefined,
    add: (request, step, decoded) => {
      if (!isAccepted(step) || !isPlain(request)) return
      const byModel = byKey.get(keyOf(step)) ?? new Map<string, Decoded<A>>()
      byKey.set(keyOf(step), byModel.set(request.model, decoded))
    }
  }
}

/** An empty memory of successes. Replies that nothing else holds are forgotten. */
export const ofSuccesses = <A>(): Remembered<A> => make<A>(({ fault }) => fault === undefined)

/**
 * An empty memory of failures. The error of any other reply depends on the
 * messages of its request, because what the host quotes of them is redacted;
 * the texts of these are the library's own.
 */
export const ofFailures = <A>(): Remembered<A> => make<A>((step) => ownFailures.has(keyOf(step)))
