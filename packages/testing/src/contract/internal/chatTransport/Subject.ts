/** The transport under test, and the hosts that it calls. */
import type { ModelRequest } from "@kimi-effect/core/ChatRequest"
import type { StreamEvent } from "@kimi-effect/core/StreamEvent"
import type { ChatTransport } from "@kimi-effect/client/ChatTransport"
import * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import type * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"

export type Transport = ChatTransport["Service"]

/**
 * What the host of a test does with every request.
 *
 * - `Answers`: answers with a reasoning and a text, that it stopped, and 10 prompt
 *   and 20 completion tokens.
 * - `Breaks`: begins to answer with the text, then its connection breaks.
 * - `Truncates`: begins to answer with the text, then ends its response without
 *   the end mark of a stream. It is not asked for a whole response.
 * - `Stalls`: begins a stream with the text, or no whole response at all, and
 *   sends nothing more.
 * - `Refuses`: refuses with its error for too many requests.
 *
 * @category models
 * @since 0.1.0
 */
export type Behavior =
  | { readonly _tag: "Answers"; readonly reasoning: string; readonly text: string }
  | { readonly _tag: "Breaks" | "Truncates" | "Stalls"; readonly text: string }
  | { readonly _tag: "Refuses" }

/**
 * A host, and the transport that calls it.
 *
 * @category models
 * @since 0.1.0
 */
export interface Host {
  readonly transport: Layer.Layer<ChatTransport, unknown>
  /** Number of requests that the host has received. */
  readonly requests: Effect.Effect<number>
  /** Number of requests that the client ended before they were answered. */
  readonly aborted: Effect.Effect<number>
}

/** A transport, and what its host has seen. */
export interface Running extends Omit<Host, "transport"> {
  readonly transport: Transport
}

export interface Subject {
  /** Registers a test of a transport whose host behaves in this way. */
  readonly test: (
    name: string,
    behavior: Behavior,
    test: (running: Running) => Effect.Effect<void, unknown, Scope.Scope>
  ) => void
}

export const answers: Behavior = { _tag: "Answers", reasoning: "They greet me.", text: "Hello to you too!" }
export const text = "The beginning of a longer answer"

export const request: ModelRequest = { model: "kimi-k3", messages: [{ role: "user", content: "Hello" }] }

/** The events of a stream up to its end, and how it ended. */
export const read = (transport: Transport) =>
  Effect.suspend(() => {
    const events: Array<StreamEvent> = []
    const all = Stream.runForEach(transport.stream(request), (event) => Effect.sync(() => events.push(event)))
    return Effect.map(
      Effect.exit(all),
      (exit): { readonly events: ReadonlyArray<StreamEvent>; readonly exit: Exit.Exit<void, unknown> } => ({
        events,
        exit
      })
    )
  })
